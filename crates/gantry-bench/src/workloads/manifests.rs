//! Manifests by tag.

use super::case;
use super::requests::Asked;
use crate::bench::Bench;
use crate::content::{Image, MANIFEST_TYPE};
use crate::report::{Case, Unit};
use crate::servers::{ALL, Protocol, Security, push_scope};
use crate::targets::{Target, Than};
use crate::turns::take_turns;

/// The repository of the requests.
pub(super) const REPOSITORY: &str = "bench/app";
/// The tag.
pub(super) const TAG: &str = "v1";
/// The image's layers are not pulled here.
pub(super) const IMAGE_BYTES: usize = 1 << 20;

const TARGETS: [Target; 3] = [
    Target::Times(10.0, Than::Row("distribution")),
    Target::Times(3.0, Than::Row("zot")),
    Target::P99(0.1, "distribution"),
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let image = Image::new(IMAGE_BYTES, &mut bench.dice());
    let mut site = bench.site("manifests", &ALL, Security::Plain);
    site.each(|server| {
        image.blobs.iter().try_for_each(|blob| server.put_blob(REPOSITORY, blob))?;
        server.put_manifest(REPOSITORY, TAG, &image.manifest)
    });
    let scope = push_scope(REPOSITORY);
    let asked = Asked {
        method: "GET",
        path: &format!("/v2/{REPOSITORY}/manifests/{TAG}"),
        accept: MANIFEST_TYPE,
        scope: &scope,
        length: image.manifest.bytes.len() as u64,
    };
    let mut cases = Vec::new();
    for protocol in [Protocol::Plain, Protocol::Tls] {
        if protocol == Protocol::Tls {
            drop(site);
            site = bench.site("manifests", &ALL, Security::Tls);
        }
        site.each(|server| asked.verify(server, protocol, &image.manifest.digest));
        let contestants = site.contestants(|server, _| asked.turn(bench, server, protocol));
        let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
        let title = format!("manifest GET by tag, {protocol}");
        cases.push(case(title, Unit::Requests, rows, &TARGETS));
    }
    Ok(cases)
}
