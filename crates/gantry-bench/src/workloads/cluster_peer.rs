//! Gantry as a node over PostgreSQL and MinIO, and distribution over the same MinIO.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::lists::{self, PAGE};
use super::manifests::{IMAGE_BYTES, REPOSITORY, TAG};
use super::one_by_one;
use super::requests::Asked;
use super::{case, pushes};
use crate::bench::{Bench, Site};
use crate::content::{Blob, Image, MANIFEST_TYPE};
use crate::load::{Connection, Crew, Form, Payload, push};
use crate::report::{Case, Unit};
use crate::servers::{Ground, Kind, Protocol, Server, Setup, push_scope, put_manifest};
use crate::targets::{Target, Than};
use crate::turns::take_turns;
use crate::watch::Watch;

const DISTRIBUTION: Than = Than::Row("distribution");
/// Connections that fill the catalog.
const FILLERS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("cluster-peer");
    let ground = Ground::start(&bench.around, &directory, Setup::Measured)?;
    let start = |kind: Kind| {
        let deployment = ground.deployment(kind.name(), &[])?;
        Server::start_node(kind, &bench.around, &directory.join(kind.name()), &deployment)
    };
    let mut site = Site::of([Kind::Gantry, Kind::Distribution].map(|kind| (kind, start(kind))));
    let mut cases = vec![manifests(bench, &mut site)?, catalog(bench, &mut site)?];
    cases.extend(blobs(bench, &site)?);
    Ok(cases)
}

fn manifests(bench: &Bench, site: &mut Site) -> anyhow::Result<Case> {
    let image = Image::new(IMAGE_BYTES, &mut bench.dice());
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
    site.each(|server| asked.verify(server, Protocol::Plain, &image.manifest.digest));
    let contestants = site.contestants(|server, _| asked.turn(bench, server, Protocol::Plain));
    let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
    let targets = [Target::Times(3.0, DISTRIBUTION)];
    Ok(case("manifest GET by tag, over S3".to_owned(), Unit::Requests, rows, &targets))
}

fn catalog(bench: &Bench, site: &mut Site) -> anyhow::Result<Case> {
    let repositories = bench.scale.peer_repositories;
    let image = Image::of(&[1 << 10], &mut bench.dice());
    eprintln!("   filling {repositories} repositories");
    site.each(|server| fill(server, repositories, &image));
    let (path, scope) = (format!("/v2/_catalog?n={PAGE}"), "registry:catalog:*");
    site.each(|server| lists::verify(server, &path, scope, "repositories"));
    let contestants = site.contestants(|server, _| {
        let get = lists::ask(server, &path, scope)?;
        // One page of some takes as long as hundreds of others.
        let began = Instant::now();
        one_by_one::turn(server, std::slice::from_ref(&get), 1, 200)?;
        let fit = bench.scale.requests_for.as_secs_f64() / began.elapsed().as_secs_f64();
        let count = (fit as usize).clamp(10, bench.scale.pages);
        one_by_one::turn(server, &[get], count, 200)
    });
    let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
    let title = format!("first page of a catalog of {repositories}, over S3");
    Ok(case(title, Unit::Page, rows, &[Target::Times(20.0, DISTRIBUTION)]))
}

/// Pushes the same small image to many repositories.
fn fill(server: &Server, repositories: usize, image: &Image) -> anyhow::Result<()> {
    let address = server.address(Protocol::Plain);
    let host = address.host();
    let numbers: Vec<usize> = (0..repositories).collect();
    // A token is good for so many repositories.
    for some in numbers.chunks(32) {
        let name = |number: &usize| format!("many/app-{number:05}");
        let scopes: Vec<String> = some.iter().map(|number| push_scope(&name(number))).collect();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let authorization = server.authorization(&scopes)?;
        let authorization = authorization.as_deref();
        let work = async |filler: usize, mut connection: Connection| {
            for repository in some.iter().skip(filler).step_by(FILLERS).map(name) {
                for Blob { digest, bytes } in &image.blobs {
                    let payload = Payload::whole(digest, bytes);
                    push(
                        &mut connection,
                        &host,
                        authorization,
                        &repository,
                        Form::PostPut,
                        payload,
                    )
                    .await?;
                }
                let path = format!("/v2/{repository}/manifests/{TAG}");
                let put = put_manifest(&path, &host, authorization, &image.manifest.bytes);
                connection.finish(&put, 201).await?;
            }
            Ok(())
        };
        let crew = Crew { connections: FILLERS, threads: 1, patience: PATIENCE };
        crew.run(&mut Watch::clock(), async |_| Connection::open(&address).await, work)?;
    }
    Ok(())
}

fn blobs(bench: &Bench, site: &Site) -> anyhow::Result<Vec<Case>> {
    let (length, _) = bench.scale.shared_blobs;
    let mut cases = Vec::new();
    for (form, told) in [(Form::PostPut, "monolithic"), (Form::Streamed, "streamed")] {
        let blob = RefCell::new(Blob::new(Vec::new()));
        let contestants = site.contestants(|server, _| pushes::turn(server, form, &blob.borrow()));
        let rows = take_turns(bench.scale.turns, contestants, |_| {
            blob.replace(bench.dice().blob(length));
            Ok(())
        })?;
        let title = format!("blob push, {} MiB, {told}, over S3", length >> 20);
        cases.push(case(title, Unit::Bulk, rows, &[Target::Times(1.5, DISTRIBUTION)]));
    }
    Ok(cases)
}
