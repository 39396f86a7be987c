//! What commands share that ask a running server to do something: who it is, what they print, when
//! they make sure.

mod attributes;
mod client;
mod content;
mod find;
mod listing;
mod output;
mod question;
mod refusal;
mod remote;
mod socket;

use std::env::{self, VarError};
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

pub(crate) use attributes::{AttributeChange, attributes, locked};
pub(crate) use client::{OperatorClient, segment};
pub(crate) use content::{Content, Kind, Part};
pub(crate) use find::{called, is_id, quoted};
pub(crate) use listing::Listing;
use output::printable;
pub(crate) use output::{Format, Row, Told, row};
use remote::Remote;

/// Headings of flags in the help.
const SERVER: &str = "The running server";
const REMOTE: &str = "A server on another machine";
const OUTPUT: &str = "Output";
/// No password is longer.
const PASSWORD_BYTES: u64 = 4096;

/// Where the environment names a server on another machine, and its authority.
const SERVER_VARIABLE: &str = "GANTRY_SERVER";
const CA_VARIABLE: &str = "GANTRY_CA";

/// The flags of every command of an operator.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// The data directory of the running server [default: ./data]
    #[arg(long, value_name = "DIR", global = true, help_heading = SERVER)]
    data: Option<PathBuf>,
    /// The server's configuration file
    #[arg(long, value_name = "FILE", global = true, help_heading = SERVER)]
    config: Option<PathBuf>,
    /// Its address; who signs in there is in GANTRY_CLIENT_ID and GANTRY_CLIENT_SECRET, or in
    /// GANTRY_USERNAME and GANTRY_PASSWORD [default: $GANTRY_SERVER]
    #[arg(long, value_name = "URL", global = true, help_heading = REMOTE)]
    #[arg(conflicts_with_all = ["data", "config"])]
    server: Option<String>,
    /// The certificates of its authority, in PEM [default: $GANTRY_CA, or the system's alone]
    #[arg(long, value_name = "FILE", global = true, help_heading = REMOTE)]
    ca: Option<PathBuf>,
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
        let format = self.output.unwrap_or_else(Format::usual);
        let told = block_on(async {
            let client = self.client().await?;
            work(&client).await
        })?;
        told.print(format)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn client(self) -> anyhow::Result<OperatorClient> {
        if let Some(server) = self.remote_server()? {
            let variable = || env::var_os(CA_VARIABLE).filter(|ca| !ca.is_empty());
            let ca = self.ca.or_else(|| variable().map(PathBuf::from));
            return Ok(OperatorClient::of_remote(Remote::new(&server, ca.as_deref())?));
        }
        let target = Target { data: self.data, config: self.config, ..Target::default() };
        let config = target.config(Vec::new())?;
        let data = DataDir::new(&config.data);
        let running = control::ask_how_it_runs(&data).await?;
        let addresses =
            running.map_or_else(|| config.network.addresses(), |running| running.addresses);
        Ok(OperatorClient::of_socket(data, login_server(&config, &addresses)))
    }

    /// The server that is named, if one is. Whoever names a data directory means the one there.
    fn remote_server(&self) -> Result<Option<String>, Misuse> {
        if self.data.is_some() || self.config.is_some() {
            return Ok(None);
        }
        if let Some(server) = &self.server {
            return Ok(Some(server.clone()));
        }
        match env::var(SERVER_VARIABLE) {
            Ok(server) => Ok(Some(server).filter(|server| !server.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(Misuse(format!("{SERVER_VARIABLE} is no address: write https://HOST[:PORT]")))
            }
        }
    }
}

/// The flags of every command about what one registry keeps.
#[derive(Debug, Args)]
pub(crate) struct OfRegistry {
    #[command(flatten)]
    operator: Operator,
    /// The registry [default: the default registry]
    #[arg(long, value_name = "NAME", global = true)]
    registry: Option<String>,
}

impl OfRegistry {
    /// Does the work with the running server and the registry of that resource ID.
    pub(crate) fn run(
        self,
        work: impl AsyncFnOnce(&OperatorClient, &str) -> anyhow::Result<Told>,
    ) -> anyhow::Result<ExitCode> {
        self.operator.run(async |client| {
            let whereabouts = client.whereabouts().await?;
            let registry = whereabouts.registry(self.registry.as_deref())?;
            work(client, &registry.id).await
        })
    }

    /// Does the work with the registry's content.
    pub(crate) fn run_on_content(
        self,
        work: impl AsyncFnOnce(&Content<'_>) -> anyhow::Result<Told>,
    ) -> anyhow::Result<ExitCode> {
        self.operator.run(async |client| {
            let content = client.content(self.registry.as_deref()).await?;
            work(&content).await
        })
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
        eprint!("This will {}. Go on? [y/N] ", printable(what));
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
