//! Databases of many manifests and tags, filled by SQL while no node runs.
//!
//! Indexes and constraints go before and come back after, so the database itself checks that the
//! rows are such as the catalog would have written.

use std::path::Path;

use anyhow::Context;

use crate::servers::{Deployment, Ground, Kind, Server, Setup, Surroundings};

/// The repository that holds more than the others.
pub(crate) const TAGGED: &str = "tagged/all";
/// Manifests of each other repository.
const OTHERS: usize = 9;
/// Tags of each manifest.
pub(crate) const TAGS: usize = 10;

/// How much is in a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Manifests of all repositories together, each with [`TAGS`] tags.
    pub(crate) manifests: usize,
    /// Repositories. All but [`TAGGED`] hold nine manifests.
    pub(crate) repositories: usize,
}

impl Rows {
    /// The repository that the manifest of that number is in.
    pub(crate) fn repository_of(self, manifest: usize) -> String {
        let tagged = self.manifests - OTHERS * (self.repositories - 1);
        match manifest.checked_sub(tagged) {
            None => TAGGED.to_owned(),
            Some(after) => format!("few/app-{:06}", after / OTHERS + 1),
        }
    }

    /// The first manifest of a repository; [`TAGGED`] is number 0.
    pub(crate) fn first_of(self, repository: usize) -> usize {
        let tagged = self.manifests - OTHERS * (self.repositories - 1);
        if repository == 0 { 0 } else { tagged + OTHERS * (repository - 1) }
    }

    /// How many manifests a repository holds.
    pub(crate) fn held_by(self, repository: usize) -> usize {
        if repository == 0 { self.first_of(1) } else { OTHERS }
    }
}

/// The name of the tag of that number, which is one of manifest `number / TAGS`.
pub(crate) fn tag(number: usize) -> String {
    format!("v{number:08}")
}

/// The bytes of the manifest of that number: an artifact of the empty blob.
pub(crate) fn manifest(number: usize) -> String {
    TEXT.replace("NUMBER", &number.to_string())
}

/// `NUMBER` stands for the manifest's. The digest is that of `{}` (image-spec, "Guidance for an
/// Empty Descriptor").
const TEXT: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.number","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}],"annotations":{"number":"NUMBER"}}"#;

/// Makes deployments with those rows over `directory`, and stops all that ran for it.
pub(crate) fn make(
    around: &Surroundings,
    directory: &Path,
    deployments: &[(&'static str, Rows)],
) -> anyhow::Result<()> {
    let ground = Ground::start(around, directory, Setup::Filling)?;
    for (name, rows) in deployments {
        let deployment: Deployment = ground.deployment(name, &[])?;
        // The first start makes the tables and the registry.
        let node = directory.join(format!("{name}-first"));
        drop(Server::start_node(Kind::Gantry, around, &node, &deployment)?);
        ground.postgres.sql(name, &fill(*rows)).with_context(|| format!("filling {name}"))?;
    }
    drop(ground);
    // Nothing was synced meanwhile.
    rustix::fs::sync();
    Ok(())
}

/// The database's size in bytes.
pub(crate) fn size(ground: &Ground, name: &str) -> anyhow::Result<u64> {
    let said = ground.postgres.sql(name, "select pg_database_size(current_database())")?;
    said.trim().parse().context("a number of bytes was asked for")
}

fn fill(rows: Rows) -> String {
    let Rows { manifests, repositories } = rows;
    let values = [
        ("MANIFESTS", manifests.to_string()),
        ("REPOSITORIES", repositories.to_string()),
        ("TAGGED", rows.first_of(1).to_string()),
        ("OTHERS", OTHERS.to_string()),
        ("TAGS", TAGS.to_string()),
        ("TEXT", TEXT.replace("NUMBER", "%s")),
        ("NAME", TAGGED.to_owned()),
    ];
    values
        .iter()
        .fold(FILL.to_owned(), |sql, (name, value)| sql.replace(&format!(":{name}:"), value))
}

const FILL: &str = include_str!("databases/fill.sql");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_is_in_the_repository_that_counts_it() {
        let rows = Rows { manifests: 40, repositories: 4 };
        assert_eq!((rows.held_by(0), rows.first_of(1)), (13, 13));
        assert_eq!(rows.repository_of(12), TAGGED);
        assert_eq!(rows.repository_of(13), "few/app-000001");
        assert_eq!(rows.repository_of(39), "few/app-000003");
        let held: usize = (0..4).map(|repository| rows.held_by(repository)).sum();
        assert_eq!(held, 40);
    }

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        let sql = fill(Rows { manifests: 40, repositories: 4 });
        assert!(!sql.contains(":MANIFESTS:") && !sql.contains(":TEXT:"), "{sql}");
    }
}
