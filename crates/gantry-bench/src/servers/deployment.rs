//! What nodes share: a database of PostgreSQL's and a bucket of MinIO's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::Surroundings;
use super::minio::Minio;
use super::postgres::{Postgres, Setup, Statements};

/// PostgreSQL and MinIO, for deployments to stand on. They end with the last of these.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// The database server.
    pub(crate) postgres: Arc<Postgres>,
    minio: Arc<Minio>,
}

/// A database and a bucket of their own.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    ground: Ground,
    /// What both are called.
    name: &'static str,
    /// Settings of its nodes besides, as variables.
    pub(super) settings: &'static [(&'static str, &'static str)],
}

// === impl Ground ===

impl Ground {
    /// Starts both over `directory`, which they keep for the next start.
    pub(crate) fn start(
        around: &Surroundings,
        directory: &Path,
        setup: Setup,
    ) -> anyhow::Result<Self> {
        let programs = &around.programs;
        Ok(Self {
            postgres: Arc::new(Postgres::start(programs, &directory.join("postgres"), setup)?),
            minio: Arc::new(Minio::start(programs, &directory.join("minio"))?),
        })
    }

    /// A deployment of that name, whose database and bucket are made if they aren't there.
    pub(crate) fn deployment(
        &self,
        name: &'static str,
        settings: &'static [(&'static str, &'static str)],
    ) -> anyhow::Result<Deployment> {
        self.postgres.create_database(name).context("making a database")?;
        self.minio.create_bucket(name)?;
        Ok(Deployment { ground: self.clone(), name, settings })
    }
}

// === impl Deployment ===

impl Deployment {
    /// The first processes of the database server and of the object store.
    pub(crate) fn processes(&self) -> (u32, u32) {
        (self.ground.postgres.id(), self.ground.minio.id())
    }

    /// Notes which statements its nodes make when nobody asks for anything.
    pub(crate) fn note_idle(&self, time: Duration) -> anyhow::Result<()> {
        self.ground.postgres.note_idle(time)
    }

    /// Begins to count statements anew, where they are counted.
    pub(crate) fn count_anew(&self) -> anyhow::Result<()> {
        match self.ground.postgres.counts() {
            true => self.ground.postgres.count_anew(),
            false => Ok(()),
        }
    }

    /// The statements of the time since, where they are counted.
    pub(crate) fn counted(&self, time: Duration) -> anyhow::Result<Option<Statements>> {
        let counts = self.ground.postgres.counts();
        counts.then(|| self.ground.postgres.counted(self.name, time)).transpose()
    }

    /// The object store, for servers that have no database.
    pub(super) fn minio(&self) -> &Minio {
        &self.ground.minio
    }

    /// What database and bucket are called.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The address of its database.
    pub(super) fn database(&self) -> String {
        self.ground.postgres.url(self.name)
    }

    /// The address of its bucket.
    pub(super) fn blobs(&self) -> String {
        self.ground.minio.url(self.name)
    }
}
