//! `gantry tag`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use gantry_oci::{RepositoryName, Tag};
use serde_json::Value;

use super::operator::{
    AttributeChange, Confirm, Content, Kind, Listing, OfRegistry, Part, Row, Told, attributes,
    locked, row,
};

/// Options of `gantry tag`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the tags of a repository
    List {
        /// The repository
        repository: RepositoryName,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a tag: what it names, and what is locked
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Locks or unlocks a tag; the manifest that it names is locked apart
    Update {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        change: AttributeChange,
    },
    /// Removes a tag; the manifest that it names stays
    Delete {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Args)]
struct Of {
    /// The repository
    repository: RepositoryName,
    /// The tag
    tag: Tag,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run_on_content(async |content| act(content, verb).await)
}

async fn act(content: &Content<'_>, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::List { repository, listing } => {
            let tags = content.of_kind(&repository, Kind::Tags, &listing).await?;
            Ok(Told::many(tags.iter().map(listed).collect()))
        }
        Verb::Show { of: Of { repository, tag } } => {
            Ok(Told::one(shown(&content.show(&repository, Part::Tag(&tag)).await?)))
        }
        Verb::Update { of: Of { repository, tag }, change } => {
            let changed = content.update(&repository, Part::Tag(&tag), &change).await?;
            Ok(Told::one(shown(&changed)))
        }
        Verb::Delete { of: Of { repository, tag }, confirm } => {
            let present = content.show(&repository, Part::Tag(&tag)).await?;
            let stays = present["digest"].as_str().unwrap_or_default();
            confirm.ask(&format!("remove the tag {tag} of {repository}, not {stays}"))?;
            content.delete(&repository, Part::Tag(&tag)).await?;
            Ok(Told::done(format!("removed the tag {tag} of {repository}; {stays} stays")))
        }
    }
}

fn listed(tag: &Value) -> Row {
    row! {
        "name": tag["name"],
        "digest": tag["digest"],
        "createdAt": tag["createdTime"],
        "updatedAt": tag["lastUpdateTime"],
        "locked": locked(tag),
    }
}

fn shown(tag: &Value) -> Row {
    let mut row = row! {
        "name": tag["name"],
        "digest": tag["digest"],
        "createdAt": tag["createdTime"],
        "updatedAt": tag["lastUpdateTime"],
    };
    row.0.extend(attributes(tag).0);
    row
}
