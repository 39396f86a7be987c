//! What commands share that ask a running server to do something: who it is, what they print, when
//! they make sure.

mod client;
mod find;
mod output;

use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stderr, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use gantry_model::{Clock, SystemClock};

use super::{Misuse, Target, block_on};
use crate::data_dir::DataDir;
use crate::serving::control;
use crate::serving::welcome::login_server;

pub(crate) use client::{OperatorClient, segment};
pub(crate) use find::{called, is_id, quoted};
pub(crate) use output::{Format, Row, Told, row};

/// Headings of flags in the help.
const SERVER: &str = "The running server";
const OUTPUT: &str = "Output";
/// No password is longer.
const PASSWORD_BYTES: u64 = 4096;

/// The flags of every command of an operator.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// The data directory of the running server [default: ./data]
    #[arg(long, value_name = "DIR", global = true, help_heading = SERVER)]
    data: Option<PathBuf>,
    /// The server's configuration file
    #[arg(long, value_name = "FILE", global = true, help_heading = SERVER)]
    config: Option<PathBuf>,
    /// How results are printed; tsv is without a heading [default: table on a terminal, else json]
    #[arg(long, value_name = "FORMAT", value_enum, global = true, help_heading = OUTPUT)]
    output: Option<Format>,
}

impl Operator {
    /// Does the work with the running server, and prints what it comes to.
    pub(crate) fn run(
        self,
        work: impl AsyncFnOnce(&OperatorClient) -> anyhow::Result<Told>,
    ) -> anyhow::Result<ExitCode> {
        let target = Target { data: self.data, config: self.config, ..Target::default() };
        let config = target.config(Vec::new())?;
        let data = DataDir::new(&config.data);
        let told = block_on(async {
            let running = control::ask_how_it_runs(&data).await?;
            let addresses =
                running.map_or_else(|| config.network.addresses(), |running| running.addresses);
            let client = OperatorClient::new(data, login_server(&config, &addresses));
            work(&client).await
        })?;
        told.print(self.output.unwrap_or_else(Format::usual))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// One of the two passwords that admin accounts and tokens have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    #[value(name = "1")]
    First,
    #[value(name = "2")]
    Second,
}

/// The flag of what can't be taken back.
#[derive(Debug, Args)]
pub(crate) struct Confirm {
    /// Don't ask whether that is meant
    #[arg(long, short = 'y')]
    yes: bool,
}

impl Confirm {
    /// Makes sure that it is meant.
    pub(crate) fn ask(&self, what: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !stdin().is_terminal() || !stderr().is_terminal() {
            return Err(Misuse(format!("this would {what}: add --yes if that is meant")).into());
        }
        eprint!("This will {what}. Go on? [y/N] ");
        stderr().flush()?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        let meant = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
        anyhow::ensure!(meant, "nothing was done");
        Ok(())
    }
}

/// The password on stdin, without the end of its line.
pub(crate) fn password_from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    if stdin().is_terminal() {
        eprint!("Password, shown as it is typed: ");
        stderr().flush()?;
    }
    let mut line = BufReader::new(stdin().take(PASSWORD_BYTES));
    line.read_line(&mut text).context("reading the password")?;
    let password = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "there is no password on stdin");
    Ok(password.to_owned())
}

/// The moment that far from now.
pub(crate) fn from_now(duration: Duration) -> String {
    SystemClock.now().plus(duration).to_string()
}
