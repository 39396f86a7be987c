//! Putting content into a server, outside the measured part.

use std::fs;

use anyhow::Context;

use super::{Kind, Protocol, Server, alone, nginx};
use crate::content::{Blob, MANIFEST_TYPE};
use crate::load::{Connection, Form, Payload, push, request};

impl Server {
    /// Puts a blob into a repository. The server must be listening for plain HTTP.
    pub(crate) fn put_blob(&self, repository: &str, blob: &Blob) -> anyhow::Result<()> {
        if self.kind == Kind::Nginx {
            return self.put_file(&format!("/v2/{repository}/blobs/{}", blob.digest), &blob.bytes);
        }
        let authorization = self.authorization(&[&push_scope(repository)])?;
        let address = self.address(Protocol::Plain);
        alone(async {
            let mut connection = Connection::open(&address).await?;
            let payload = Payload::whole(&blob.digest, &blob.bytes);
            let (host, authorization) = (address.host(), authorization.as_deref());
            push(&mut connection, &host, authorization, repository, Form::PostPut, payload).await
        })
        .with_context(|| format!("putting a blob into {}", self.kind))
    }

    /// Puts a manifest into a repository, under a tag.
    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        tag: &str,
        manifest: &Blob,
    ) -> anyhow::Result<()> {
        let path = format!("/v2/{repository}/manifests/{tag}");
        if self.kind == Kind::Nginx {
            return self.put_file(&path, &manifest.bytes);
        }
        let authorization = self.authorization(&[&push_scope(repository)])?;
        let address = self.address(Protocol::Plain);
        let put = put_manifest(&path, &address.host(), authorization.as_deref(), &manifest.bytes);
        alone(async { Connection::open(&address).await?.expect(&put, 201).await })
            .with_context(|| format!("putting a manifest into {}", self.kind))
            .map(drop)
    }

    fn put_file(&self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = nginx::files(&self.directory).join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().context("a file has a directory")?)?;
        Ok(fs::write(path, bytes)?)
    }
}

/// The request that puts a manifest at a path.
pub(crate) fn put_manifest(
    path: &str,
    host: &str,
    authorization: Option<&str>,
    manifest: &[u8],
) -> Vec<u8> {
    let length = manifest.len().to_string();
    let headers = [("Content-Type", MANIFEST_TYPE), ("Content-Length", &length)];
    let mut put = request("PUT", path, host, authorization, &headers);
    put.extend_from_slice(manifest);
    put
}

/// The scope of pushing to a repository, and of pulling from it.
pub(crate) fn push_scope(repository: &str) -> String {
    format!("repository:{repository}:pull,push")
}
