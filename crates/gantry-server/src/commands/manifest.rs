//! `gantry manifest`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use gantry_oci::{Digest, Reference, RepositoryName};
use serde_json::Value;

use super::operator::{
    AttributeChange, Confirm, Content, Kind, Listing, OfRegistry, Part, Row, Told, attributes,
    locked, row,
};

/// Options of `gantry manifest`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the manifests of a repository
    List {
        /// The repository
        repository: RepositoryName,
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows a manifest: what it is, and what is locked
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Locks or unlocks a manifest; tags that name it are locked apart
    Update {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        change: AttributeChange,
    },
    /// Deletes a manifest with its tags and with what refers to it, such as signatures
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
    /// The manifest, by a tag or its digest
    reference: Reference,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run_on_content(async |content| act(content, verb).await)
}

async fn act(content: &Content<'_>, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::List { repository, listing } => {
            let manifests = content.of_kind(&repository, Kind::Manifests, &listing).await?;
            Ok(Told::many(manifests.iter().map(listed).collect()))
        }
        Verb::Show { of } => {
            let digest = digest(content, &of).await?;
            let found = content.show(&of.repository, Part::Manifest(&digest)).await?;
            Ok(Told::one(shown(&found)))
        }
        Verb::Update { of, change } => {
            let digest = digest(content, &of).await?;
            let changed = content.update(&of.repository, Part::Manifest(&digest), &change).await?;
            Ok(Told::one(shown(&changed)))
        }
        Verb::Delete { of, confirm } => {
            let digest = digest(content, &of).await?;
            let Of { repository, .. } = of;
            let present = content.show(&repository, Part::Manifest(&digest)).await?;
            let tags = tags(&present);
            confirm.ask(&format!("delete {digest} of {repository} with {tags}"))?;
            content.delete(&repository, Part::Manifest(&digest)).await?;
            Ok(Told::done(format!("deleted {digest} of {repository} with {tags}")))
        }
    }
}

/// The digest of what is meant.
async fn digest(content: &Content<'_>, of: &Of) -> anyhow::Result<Digest> {
    match &of.reference {
        Reference::Digest(digest) => Ok(*digest),
        Reference::Tag(tag) => {
            let tag = content.show(&of.repository, Part::Tag(tag)).await?;
            Ok(tag["digest"].as_str().unwrap_or_default().parse()?)
        }
    }
}

/// What goes with a manifest.
fn tags(manifest: &Value) -> String {
    let tags = manifest["tags"].as_array().into_iter().flatten();
    let names: Vec<&str> = tags.filter_map(Value::as_str).collect();
    match names.len() {
        0 => "what refers to it; it has no tag".to_owned(),
        1 => format!("its tag {} and what refers to it", names[0]),
        many => format!("its {many} tags ({}) and what refers to it", names.join(", ")),
    }
}

fn listed(manifest: &Value) -> Row {
    row! {
        "digest": manifest["digest"],
        "tags": manifest["tags"],
        "size": manifest["imageSize"],
        "mediaType": manifest["mediaType"],
        "createdAt": manifest["createdTime"],
        "locked": locked(manifest),
    }
}

fn shown(manifest: &Value) -> Row {
    let mut row = row! {
        "digest": manifest["digest"],
        "tags": manifest["tags"],
        "size": manifest["imageSize"],
        "mediaType": manifest["mediaType"],
        "artifactType": manifest["artifactType"],
        "architecture": manifest["architecture"],
        "os": manifest["os"],
        "createdAt": manifest["createdTime"],
        "updatedAt": manifest["lastUpdateTime"],
    };
    row.0.extend(attributes(manifest).0);
    row
}
