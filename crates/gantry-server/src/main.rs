//! The gantry binary: wiring, configuration, signals. No rules.

mod commands;
mod config;
mod data_dir;
mod deployment;
mod serving;
mod stores;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A private container registry.
#[derive(Debug, Parser)]
#[command(
    name = "gantry",
    version,
    about = "A private container registry",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(commands::serve::Options),
    /// Shows how clients come to trust this server's certificates.
    Trust(commands::trust::Options),
    /// Brings the database's schema up to this release.
    Migrate(commands::migrate::Options),
    /// Looks a deployment over and explains what is wrong with it.
    Doctor(commands::doctor::Options),
    /// Verifies that catalog and blobs agree.
    Fsck(commands::fsck::Options),
    /// Copies a deployment on one machine as of one moment, while it serves.
    Backup(commands::backup::Options),
    /// Makes a data directory from a backup.
    Restore(commands::restore::Options),
    /// Copies a deployment to another database, blob storage or machine.
    Copy(commands::copy::Options),
    /// Collects garbage now and tells what it freed.
    Gc(commands::gc::Options),
    /// Registries: makes, lists, changes, deletes and brings them back.
    Registry(commands::registry::Options),
    /// Repositories of a registry: lists, locks and deletes them.
    Repository(commands::repository::Options),
    /// Manifests of a repository: lists, locks and deletes them.
    Manifest(commands::manifest::Options),
    /// Tags of a repository: lists, locks and removes them.
    Tag(commands::tag::Options),
    /// Webhooks of a registry.
    Webhook(commands::webhook::Options),
    /// People who sign in: makes, lists, changes and deletes them.
    User(commands::user::Options),
    /// Programs that sign in (service principals), with their secrets and certificates.
    App(commands::app::Options),
    /// Groups of users and applications.
    Group(commands::group::Options),
    /// Managed identities: workloads get their tokens without signing in.
    Identity(commands::identity::Options),
    /// Roles, and who has which of them where.
    Role(commands::role::Options),
    /// Repository-scoped tokens: credentials for some repositories of a registry.
    Token(commands::token::Options),
    /// Scope maps: what repository-scoped tokens may do.
    ScopeMap(commands::scope_map::Options),
    /// The admin account of a registry.
    Admin(commands::admin::Options),
    /// Shows who signed in, who was refused, and what the operator did.
    Audit(commands::audit::Options),
    /// The keys that sign tokens.
    Keys(commands::keys::Options),
    /// Shows what a machine needs so that `az` works with this server, or does it.
    AzSetup(commands::az_setup::Options),
    /// Prints the description (OpenAPI) of an interface of the server.
    Openapi(commands::openapi::Options),
    /// Prints the script by which a shell completes commands.
    Completion(commands::completion::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One provider for all of TLS, before anything asks for the default.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .expect("nothing has installed another provider");
    let outcome = match cli.command {
        Command::Serve(options) => commands::serve::run(options),
        Command::Trust(options) => commands::trust::run(options),
        Command::Migrate(options) => commands::migrate::run(options),
        Command::Doctor(options) => commands::doctor::run(options),
        Command::Fsck(options) => commands::fsck::run(options),
        Command::Backup(options) => commands::backup::run(options),
        Command::Restore(options) => commands::restore::run(options),
        Command::Copy(options) => commands::copy::run(options),
        Command::Gc(options) => commands::gc::run(options),
        Command::User(options) => commands::user::run(options),
        Command::App(options) => commands::app::run(options),
        Command::Group(options) => commands::group::run(options),
        Command::Identity(options) => commands::identity::run(options),
        Command::Role(options) => commands::role::run(options),
        Command::Token(options) => commands::token::run(options),
        Command::ScopeMap(options) => commands::scope_map::run(options),
        Command::Admin(options) => commands::admin::run(options),
        Command::Audit(options) => commands::audit::run(options),
        Command::Keys(options) => commands::keys::run(options),
        Command::Registry(options) => commands::registry::run(options),
        Command::Repository(options) => commands::repository::run(options),
        Command::Manifest(options) => commands::manifest::run(options),
        Command::Tag(options) => commands::tag::run(options),
        Command::Webhook(options) => commands::webhook::run(options),
        Command::AzSetup(options) => commands::az_setup::run(options),
        Command::Openapi(options) => commands::openapi::run(&options),
        Command::Completion(options) => commands::completion::run(&options, Cli::command()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("gantry: {error:#}");
        match error.is::<commands::Misuse>() {
            true => ExitCode::from(2),
            false => ExitCode::FAILURE,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
