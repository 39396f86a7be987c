//! One, two and three nodes, each with a fraction of a core: whether anything makes them wait for
//! each other.

use super::case;
use super::manifests::{IMAGE_BYTES, REPOSITORY, TAG};
use super::requests::Asked;
use crate::bench::Bench;
use crate::content::{Image, MANIFEST_TYPE};
use crate::quota::Quota;
use crate::report::{Case, Unit};
use crate::servers::{Ground, Kind, Protocol, Server, Setup, push_scope};
use crate::targets::Target;
use crate::turns::{Contestant, take_turns};

const NODES: usize = 3;
/// Of one core, for each node: the load, PostgreSQL and the idle nodes must find room in what is
/// left of two.
const SHARE: f64 = 0.15;
/// For each node.
const CONNECTIONS: usize = 16;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("cluster-scale");
    let ground = Ground::start(&bench.around, &directory, Setup::Measured)?;
    let deployment = ground.deployment("shared", &[])?;
    // Dropped after the nodes, when they are empty.
    let quotas: Vec<Quota> = (0..NODES)
        .map(|number| Quota::make(&format!("gantry-bench-{number}"), SHARE))
        .collect::<anyhow::Result<_>>()?;
    let mut nodes = Vec::new();
    for (number, quota) in quotas.iter().enumerate() {
        let directory = directory.join(format!("node{number}"));
        let node = Server::start_node(Kind::Gantry, &bench.around, &directory, &deployment)?;
        quota.hold(node.id())?;
        nodes.push(node);
    }
    let image = Image::new(IMAGE_BYTES, &mut bench.dice());
    image.blobs.iter().try_for_each(|blob| nodes[0].put_blob(REPOSITORY, blob))?;
    nodes[0].put_manifest(REPOSITORY, TAG, &image.manifest)?;
    let scope = push_scope(REPOSITORY);
    let asked = Asked {
        method: "GET",
        path: &format!("/v2/{REPOSITORY}/manifests/{TAG}"),
        accept: MANIFEST_TYPE,
        scope: &scope,
        length: image.manifest.bytes.len() as u64,
    };
    let nodes: Vec<&Server> = nodes.iter().collect();
    for node in &nodes {
        asked.verify(node, Protocol::Plain, &image.manifest.digest)?;
    }
    let contestant = |count: usize| {
        let (asked, some) = (&asked, &nodes[..count]);
        Contestant {
            name: if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") },
            turn: Box::new(move |_| asked.turn_of_all(bench, some, Protocol::Plain, CONNECTIONS)),
        }
    };
    let contestants = (1..=NODES).map(contestant).collect();
    let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
    let title = format!("manifest GET by tag, each node with {SHARE} of a core");
    Ok(vec![case(title, Unit::Requests, rows, &[Target::Linear(0.9)])])
}
