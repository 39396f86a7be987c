//! A fraction of a core: a control group whose processes together get no more of the CPU.
//!
//! Both versions of the kernel's interface are known (cgroups(7)); whichever has the controller is used.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where control groups are, and the file in each that bounds its CPU.
const V2: (&str, &str) = ("/sys/fs/cgroup", "cpu.max");
const V1: (&str, &str) = ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us");
/// A short period, so that who has used up its time isn't stopped for long.
const PERIOD_MICROS: u32 = 10_000;

/// A control group. It goes when this is dropped, if its processes are gone.
#[derive(Debug)]
pub(crate) struct Quota {
    directory: PathBuf,
}

impl Quota {
    /// A group of that name, whose processes get `share` of one core. What is left of a group of
    /// that name is taken over.
    pub(crate) fn make(name: &str, share: f64) -> anyhow::Result<Self> {
        let quota = (share * f64::from(PERIOD_MICROS)).round();
        // In version 2 a group's children have the controllers that it says.
        let _ = fs::write(Path::new(V2.0).join("cgroup.subtree_control"), "+cpu");
        for (root, bound) in [V2, V1] {
            let made = Self { directory: Path::new(root).join(name) };
            // It may be there already, or not be wanted here.
            let _ = fs::create_dir(&made.directory);
            if !made.directory.join(bound).exists() {
                continue;
            }
            let written = if (root, bound) == V2 {
                made.write(bound, &format!("{quota} {PERIOD_MICROS}"))
            } else {
                made.write("cpu.cfs_period_us", &PERIOD_MICROS.to_string())
                    .and_then(|()| made.write(bound, &quota.to_string()))
            };
            return written.map(|()| made);
        }
        bail!("no control group can bound the CPU here (as root, with the cpu controller, it can)")
    }

    /// Puts a process under it, with the threads and children that it has or gets.
    pub(crate) fn hold(&self, process: u32) -> anyhow::Result<()> {
        self.write("cgroup.procs", &process.to_string())
    }

    fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let path = self.directory.join(file);
        fs::write(&path, text).with_context(|| format!("writing {text} to {}", path.display()))
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // One that is not empty stays, and is taken over by the next run.
        let _ = fs::remove_dir(&self.directory);
    }
}
