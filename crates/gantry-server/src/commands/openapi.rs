//! `gantry openapi`

use std::io::{self, Write, stdout};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// Options of `gantry openapi`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which interface
    #[arg(value_enum)]
    interface: Interface,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Interface {
    /// Registries and what is around them, as Azure Resource Manager has it
    Management,
    /// A registry's own, beside the OCI distribution-spec
    DataPlane,
}

/// Prints what describes an interface that the server has.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let document = match options.interface {
        Interface::Management => gantry_http_arm::openapi(),
        Interface::DataPlane => gantry_http_acr::openapi(),
    };
    let text = serde_json::to_string_pretty(&document)? + "\n";
    match stdout().write_all(text.as_bytes()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(ExitCode::SUCCESS)
}
