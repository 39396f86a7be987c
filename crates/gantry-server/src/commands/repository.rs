//! `gantry repository`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use gantry_oci::RepositoryName;
use serde_json::Value;

use super::operator::{
    AttributeChange, Confirm, Content, Listing, OfRegistry, Part, Row, Told, attributes, row,
};

/// Options of `gantry repository`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists repositories
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a repository: how much is in it, and what is locked
    Show {
        /// Its name
        repository: RepositoryName,
    },
    /// Locks or unlocks a repository
    Update {
        /// Its name
        repository: RepositoryName,
        #[command(flatten)]
        change: AttributeChange,
    },
    /// Deletes a repository with all that is in it
    Delete {
        /// Its name
        repository: RepositoryName,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run_on_content(async |content| act(content, verb).await)
}

async fn act(content: &Content<'_>, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::List { listing } => {
            let names = content.repositories(&listing).await?;
            Ok(Told::many(names.iter().map(|name| row! { "name": name }).collect()))
        }
        Verb::Show { repository } => {
            Ok(Told::one(shown(&content.show(&repository, Part::Whole).await?)))
        }
        Verb::Update { repository, change } => {
            Ok(Told::one(shown(&content.update(&repository, Part::Whole, &change).await?)))
        }
        Verb::Delete { repository, confirm } => {
            let present = content.show(&repository, Part::Whole).await?;
            let held = held(&present["manifestCount"], &present["tagCount"]);
            confirm.ask(&format!("delete the repository {repository} with {held}"))?;
            let deleted = content.delete(&repository, Part::Whole).await?;
            let count = |name: &str| Value::from(deleted[name].as_array().map_or(0, Vec::len));
            let held = self::held(&count("manifestsDeleted"), &count("tagsDeleted"));
            Ok(Told::done(format!("deleted the repository {repository} with {held}")))
        }
    }
}

fn held(manifests: &Value, tags: &Value) -> String {
    format!("its manifests ({manifests}) and tags ({tags})")
}

fn shown(repository: &Value) -> Row {
    let mut row = row! {
        "name": repository["imageName"],
        "manifests": repository["manifestCount"],
        "tags": repository["tagCount"],
        "createdAt": repository["createdTime"],
        "updatedAt": repository["lastUpdateTime"],
    };
    row.0.extend(attributes(repository).0);
    row
}
