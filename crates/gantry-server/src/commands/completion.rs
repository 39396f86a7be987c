//! `gantry completion`

use std::io::{self, Write, stdout};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};

/// Options of `gantry completion`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Whose script it is
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script that completes `command`.
pub(crate) fn run(options: &Options, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    generate(options.shell, &mut command, "gantry", &mut script);
    match stdout().write_all(&script) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(ExitCode::SUCCESS)
}
