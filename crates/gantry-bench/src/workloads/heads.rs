//! Whether a manifest or a blob is there: what clients ask most.

use super::case;
use super::manifests::{IMAGE_BYTES, REPOSITORY, TAG};
use super::requests::Asked;
use crate::bench::Bench;
use crate::content::{Image, MANIFEST_TYPE};
use crate::report::{Case, Unit};
use crate::servers::{ALL, Protocol, Security, push_scope};
use crate::targets::{Target, Than};
use crate::turns::take_turns;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let image = Image::new(IMAGE_BYTES, &mut bench.dice());
    let mut site = bench.site("heads", &ALL, Security::Plain);
    site.each(|server| {
        image.blobs.iter().try_for_each(|blob| server.put_blob(REPOSITORY, blob))?;
        server.put_manifest(REPOSITORY, TAG, &image.manifest)
    });
    let scope = push_scope(REPOSITORY);
    let manifest = (
        "manifest HEAD by tag",
        format!("/v2/{REPOSITORY}/manifests/{TAG}"),
        MANIFEST_TYPE,
        &image.manifest,
    );
    let layer = &image.blobs[1];
    let blob = ("blob HEAD", format!("/v2/{REPOSITORY}/blobs/{}", layer.digest), "*/*", layer);
    let mut cases = Vec::new();
    for (title, path, accept, content) in [manifest, blob] {
        let length = content.bytes.len() as u64;
        let asked = Asked { method: "HEAD", path: &path, accept, scope: &scope, length };
        site.each(|server| asked.verify(server, Protocol::Plain, &content.digest));
        let contestants = site.contestants(|server, _| asked.turn(bench, server, Protocol::Plain));
        let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
        let targets = [Target::Times(5.0, Than::FasterPeer)];
        cases.push(case(title.to_owned(), Unit::Requests, rows, &targets));
    }
    Ok(cases)
}
