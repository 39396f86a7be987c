//! The content of one registry, by its data plane.

use anyhow::{Context, ensure};
use gantry_oci::{Digest, RepositoryName, Tag};
use http::Method;
use serde_json::Value;

use super::listing::Listing;
use super::question::{Question, Reply, Whom, take};
use super::refusal::Refusal;
use super::{AttributeChange, OperatorClient};

/// What a token for the catalog must allow.
const CATALOG_SCOPE: &str = "registry:catalog:*";

/// A registry, asked for its content.
#[derive(Debug)]
pub(crate) struct Content<'c> {
    client: &'c OperatorClient,
    login_server: String,
}

/// What of a repository is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'p> {
    Whole,
    Tag(&'p Tag),
    Manifest(&'p Digest),
}

/// A kind of which a repository has many.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Tags,
    Manifests,
}

impl OperatorClient {
    /// The content of the registry of that name, or of the default one.
    pub(crate) async fn content(&self, registry: Option<&str>) -> anyhow::Result<Content<'_>> {
        Ok(Content { client: self, login_server: self.login_server(registry).await? })
    }

    async fn login_server(&self, registry: Option<&str>) -> anyhow::Result<String> {
        if let (Some(remote), None) = (self.remote(), registry) {
            // It is the default registry's too.
            return Ok(remote.authority().to_owned());
        }
        match (self.whereabouts().await?.registry(registry), self.remote(), registry) {
            (Ok(known), _, _) => {
                let shown = self.get(&known.id).await?;
                let login_server = shown["properties"]["loginServer"].as_str();
                Ok(login_server.context("the registry tells no login server")?.to_owned())
            }
            // Whoever may pull and push, and no more, isn't shown the registry itself.
            (Err(_), Some(remote), Some(name)) => remote.login_server(name).await,
            (Err(error), _, _) => Err(error),
        }
    }
}

impl Content<'_> {
    /// The names of repositories.
    pub(crate) async fn repositories(&self, listing: &Listing) -> anyhow::Result<Vec<Value>> {
        self.list("/acr/v1/_catalog", CATALOG_SCOPE, "repositories", listing).await
    }

    /// The tags or manifests of a repository.
    pub(crate) async fn of_kind(
        &self,
        repository: &RepositoryName,
        kind: Kind,
        listing: &Listing,
    ) -> anyhow::Result<Vec<Value>> {
        let key = match kind {
            Kind::Tags => "tags",
            Kind::Manifests => "manifests",
        };
        let path = format!("/acr/v1/{repository}/_{key}");
        self.list(&path, &scope(repository, "metadata_read"), key, listing).await
    }

    /// Tells its attributes.
    pub(crate) async fn show(
        &self,
        repository: &RepositoryName,
        part: Part<'_>,
    ) -> anyhow::Result<Value> {
        let scope = scope(repository, "metadata_read");
        let reply = self.send(Method::GET, &path(repository, part), &scope, Vec::new()).await?;
        Ok(part.of(reply.value()?))
    }

    /// Locks or unlocks it.
    pub(crate) async fn update(
        &self,
        repository: &RepositoryName,
        part: Part<'_>,
        change: &AttributeChange,
    ) -> anyhow::Result<Value> {
        let (path, scope) = (path(repository, part), scope(repository, "metadata_write"));
        let body = serde_json::to_vec(&change.wanted())?;
        let reply = self.send(Method::PATCH, &path, &scope, body).await?;
        Ok(part.of(reply.value()?))
    }

    /// Deletes it; answers what the server says of that.
    pub(crate) async fn delete(
        &self,
        repository: &RepositoryName,
        part: Part<'_>,
    ) -> anyhow::Result<Value> {
        let path = match part {
            // ACR has this in the registry protocol only.
            Part::Manifest(digest) => format!("/v2/{repository}/manifests/{digest}"),
            Part::Whole | Part::Tag(_) => path(repository, part),
        };
        let scope = scope(repository, "delete");
        Ok(self.send(Method::DELETE, &path, &scope, Vec::new()).await?.value()?)
    }

    async fn list(
        &self,
        path: &str,
        scope: &str,
        key: &str,
        listing: &Listing,
    ) -> anyhow::Result<Vec<Value>> {
        let (mut next, mut all) = (Some(format!("{path}{}", listing.query())), Vec::new());
        while let Some(path) = next.filter(|_| !listing.is_enough(all.len())) {
            let reply = self.send(Method::GET, &path, scope, Vec::new()).await?;
            let mut page: Value = reply.value()?;
            if let Value::Array(values) = take(&mut page, key) {
                all.extend(values);
            }
            next = reply.next()?;
            ensure!(next.as_ref() != Some(&path), "the server's list has no end");
        }
        listing.cut(&mut all);
        Ok(all)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        scope: &str,
        body: Vec<u8>,
    ) -> Result<Reply, Refusal> {
        let to = Whom::Registry { login_server: &self.login_server, scope };
        self.client.ask(Question { method, to, path, body }).await
    }
}

impl Part<'_> {
    /// What is told of it, in an answer that says of which repository it is.
    fn of(self, mut answer: Value) -> Value {
        match self {
            Self::Whole => answer,
            Self::Tag(_) => take(&mut answer, "tag"),
            Self::Manifest(_) => take(&mut answer, "manifest"),
        }
    }
}

fn path(repository: &RepositoryName, part: Part<'_>) -> String {
    match part {
        Part::Whole => format!("/acr/v1/{repository}"),
        Part::Tag(tag) => format!("/acr/v1/{repository}/_tags/{tag}"),
        Part::Manifest(digest) => format!("/acr/v1/{repository}/_manifests/{digest}"),
    }
}

fn scope(repository: &RepositoryName, action: &str) -> String {
    format!("repository:{repository}:{action}")
}
