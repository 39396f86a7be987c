//! Finding the programs, and what they say they are.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// The pinned Go programs; the same table builds them.
const GO_TOOLS: &str = include_str!("../../../tools/go-tools.txt");

/// Where Debian puts a release of PostgreSQL: `<here>/<major>/bin`.
const POSTGRES: &str = "/usr/lib/postgresql";

/// Programs that may be run, and the binary that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    gantry: PathBuf,
}

impl Programs {
    /// The programs, with that binary of Gantry.
    pub(crate) fn new(gantry: PathBuf) -> Self {
        Self { gantry }
    }

    /// Finds a program.
    ///
    /// # Errors
    /// With what can be done about it when it isn't there.
    pub(crate) fn find(&self, name: &str) -> anyhow::Result<PathBuf> {
        if name == "gantry" {
            return there(self.gantry.clone()).context("`make bench` builds it");
        }
        if let Some(own) = own(name) {
            return there(own);
        }
        match pinned(name) {
            Some(version) => there(cache()?.join("bin").join(format!("{name}-{version}")))
                .context("`tools/install.sh bench` builds it"),
            None => ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
                .iter()
                .find_map(|directory| there(Path::new(directory).join(name)).ok())
                .with_context(|| format!("{name} is not installed")),
        }
    }

    /// Finds a program of PostgreSQL, of the latest release that is installed.
    pub(crate) fn postgres(&self, name: &str) -> anyhow::Result<PathBuf> {
        let releases = fs::read_dir(POSTGRES).into_iter().flatten().flatten();
        let major = |name: OsString| name.to_str()?.parse::<u32>().ok();
        let latest = releases.filter_map(|entry| major(entry.file_name())).max();
        let latest = latest.with_context(|| format!("there is no PostgreSQL under {POSTGRES}"))?;
        there(Path::new(POSTGRES).join(latest.to_string()).join("bin").join(name))
    }

    /// What each program says of itself, or that it is missing.
    pub(crate) fn versions(&self) -> Vec<(String, String)> {
        let asked = [
            ("gantry", "--version"),
            ("registry", "--version"),
            ("zot", "--version"),
            ("nginx", "-v"),
            ("skopeo", "--version"),
            ("crane", "version"),
            ("postgres", "--version"),
            ("minio", "--version"),
        ];
        let version = |(name, flag): (&str, &str)| {
            let found = if name == "postgres" { self.postgres(name) } else { self.find(name) };
            let version = found.map_or_else(
                |error| format!("missing: {error:#}"),
                // Programs built from a module don't all know which version they are.
                |path| match (own(name), pinned(name)) {
                    (Some(_), _) => format!("a build of one's own, {}", file_name(&path)),
                    (None, Some("latest")) => latest(&path),
                    (None, Some(version)) => version.to_owned(),
                    (None, None) => said(&path, flag),
                },
            );
            (name.to_owned(), version)
        };
        asked.into_iter().map(version).collect()
    }
}

/// A build of one's own, such as `GANTRY_BENCH_ZOT=/opt/zot-v2`.
fn own(name: &str) -> Option<PathBuf> {
    env::var_os(format!("GANTRY_BENCH_{}", name.to_uppercase())).map(PathBuf::from)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The version behind the name `latest`.
fn latest(path: &Path) -> String {
    path.canonicalize().map_or_else(|_| "unknown".to_owned(), |path| file_name(&path))
}

/// What a program prints, on one line.
fn said(program: &Path, argument: &str) -> String {
    let Ok(output) = Command::new(program).arg(argument).output() else {
        return "unknown".to_owned();
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()));
    line.unwrap_or("unknown").trim().to_owned()
}

fn there(path: PathBuf) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(path.is_file(), "{} is missing", path.display());
    Ok(path)
}

fn pinned(name: &str) -> Option<&'static str> {
    let fields = |line: &'static str| line.split_whitespace().collect::<Vec<_>>();
    GO_TOOLS
        .lines()
        .map(fields)
        .find(|fields| fields.first() == Some(&name) && fields.get(1) == Some(&"bench"))
        .and_then(|fields| fields.get(3).copied())
}

fn cache() -> anyhow::Result<PathBuf> {
    match env::var_os("GANTRY_CACHE") {
        Some(cache) => Ok(cache.into()),
        None => {
            Ok(Path::new(&env::var_os("HOME").context("HOME is not set")?).join(".cache/gantry"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_versions_come_from_the_table_that_builds() {
        assert!(pinned("registry").is_some_and(|version| version.starts_with('v')));
        assert_eq!(pinned("nginx"), None);
    }
}
