//! Finding the programs the tests run.

use std::env;
use std::path::{Path, PathBuf};

/// The pinned Go programs; the same table builds them.
const GO_TOOLS: &str = include_str!("../../../tools/go-tools.txt");

/// The earlier releases; the same table builds them.
const RELEASES: &str = include_str!("../../../tools/releases.txt");

/// The path of a program from Debian.
///
/// # Panics
/// When it isn't installed: a missing client fails the run.
pub fn debian_tool(name: &str) -> PathBuf {
    ["/usr/bin", "/usr/sbin"]
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: run `make tools`"))
}

/// The path of a program that comes with a language's toolchain, wherever that was installed.
///
/// # Panics
/// When it isn't in the PATH.
pub fn toolchain(name: &str) -> PathBuf {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths)
        .map(|path| path.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: it is needed for npm's packages"))
}

/// The path of a program from `tools/go-tools.txt`, at the version pinned there.
/// `GANTRY_TEST_<NAME>` names another build of it.
///
/// # Panics
/// When it isn't built: a missing client fails the run.
pub fn go_tool(name: &str) -> PathBuf {
    let path = env::var_os(format!("GANTRY_TEST_{}", name.to_uppercase())).map_or_else(
        || cache().join("bin").join(format!("{name}-{}", version(name))),
        PathBuf::from,
    );
    assert!(path.is_file(), "{} is missing: run `make tools`", path.display());
    path
}

/// The path of the program that uses Azure's SDK for Go, which `tools/go.sh` builds.
///
/// # Panics
/// When it isn't built: a missing client fails the run.
pub fn azure_sdk_go() -> PathBuf {
    let path = cache().join("bin/azure-sdk-go");
    assert!(path.is_file(), "{} is missing: run `make tools`", path.display());
    path
}

/// The path of a program from npm, which `tools/npm.sh` installs.
///
/// # Panics
/// When it isn't installed: a missing server fails the run.
pub fn npm_tool(package: &str, program: &str) -> PathBuf {
    let path = cache().join("npm").join(package).join("node_modules/.bin").join(program);
    assert!(path.is_file(), "{} is missing: run `make tools`", path.display());
    path
}

/// Where the packages of a set from npm are, which `tools/npm.sh` installs.
///
/// # Panics
/// When they aren't installed: a missing client fails the run.
pub fn npm_modules(set: &str) -> PathBuf {
    let path = cache().join("npm").join(set).join("node_modules");
    assert!(path.is_dir(), "{} is missing: run `make tools`", path.display());
    path
}

/// The path of a program of a set from `tools/python-tools.txt`, which `tools/python.sh` installs.
///
/// # Panics
/// When it isn't installed: a missing client fails the run.
pub fn python_tool(set: &str, program: &str) -> PathBuf {
    let path = cache().join("python").join(set).join("bin").join(program);
    assert!(path.is_file(), "{} is missing: run `make tools`", path.display());
    path
}

/// The binary of an earlier release from `tools/releases.txt`.
///
/// # Panics
/// When it isn't built: a missing release fails the run.
pub fn release(name: &str) -> PathBuf {
    let line = RELEASES.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (found, commit) = line.split_once(' ')?;
        (found == name).then(|| commit.trim())
    });
    let commit = line.unwrap_or_else(|| panic!("{name} is not in tools/releases.txt"));
    let path = cache().join("bin").join(format!("gantry-{name}-{commit}"));
    assert!(path.is_file(), "{} is missing: run `make tools`", path.display());
    path
}

fn version(name: &str) -> &'static str {
    GO_TOOLS
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))
        .unwrap_or_else(|| panic!("{name} is not in tools/go-tools.txt"))[3]
}

fn cache() -> PathBuf {
    env::var_os("GANTRY_CACHE").map_or_else(
        || Path::new(&env::var_os("HOME").expect("HOME is set")).join(".cache/gantry"),
        PathBuf::from,
    )
}
