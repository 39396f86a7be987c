//! Settings in the environment.

use std::env;

/// What our variables begin with.
pub(super) const PREFIX: &str = "GANTRY_";

/// Variables of the project's own tools, which may be set where the server is started.
const OF_TOOLS: &[&str] = &["BIN", "CACHE", "TEST_", "CRASH_", "SIM_", "BENCH_", "SOAK_"];

/// Variables of commands that ask a server on another machine, which may be set where one is started.
const OF_COMMANDS: &[&str] =
    &["SERVER", "CA", "CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"];

/// The environment variable of a setting: `limits.blob_bytes` is `GANTRY_LIMITS_BLOB_BYTES`.
pub(crate) fn env_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// The variables of this process. Text that is not UTF-8 is replaced, for the setting to refuse.
pub(crate) fn of_process() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

/// Whether a variable is meant as a setting: ours by its prefix, and neither a tool's nor a command's nor one that
/// Kubernetes sets in every pod beside a service called `gantry`.
pub(super) fn is_setting(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let of_tools = OF_TOOLS.iter().any(|tool| match tool.ends_with('_') {
        true => rest.starts_with(tool),
        false => rest == *tool,
    });
    !of_tools && !OF_COMMANDS.contains(&rest) && !is_service_link(rest)
}

/// `SERVICE_HOST`, `SERVICE_PORT`, `SERVICE_PORT_<name>`, `PORT`, `PORT_<number>_<protocol>…`
fn is_service_link(rest: &str) -> bool {
    let numbered = rest
        .strip_prefix("PORT_")
        .is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    rest == "PORT" || rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_one_rule() {
        assert_eq!(env_name("data"), "GANTRY_DATA");
        assert_eq!(env_name("limits.blob_bytes"), "GANTRY_LIMITS_BLOB_BYTES");
    }

    #[test]
    fn variables_of_kubernetes_of_tools_and_of_commands_are_no_settings() {
        for name in [
            "GANTRY_SERVICE_HOST",
            "GANTRY_SERVICE_PORT_HTTPS",
            "GANTRY_PORT",
            "GANTRY_PORT_5000_TCP_ADDR",
            "GANTRY_BIN",
            "GANTRY_CRASH_ROUNDS",
            "GANTRY_SERVER",
            "GANTRY_CLIENT_SECRET",
            "HOME",
        ] {
            assert!(!is_setting(name), "{name}");
        }
        for name in ["GANTRY_DATA", "GANTRY_PORTAL", "GANTRY_BINARY", "GANTRY_TYPO"] {
            assert!(is_setting(name), "{name}");
        }
    }
}
