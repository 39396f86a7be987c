//! When everything is well again: everything works, and nothing is left of what went wrong.

use std::time::Duration;

use gantry_db::{Stmt, args};
use gantry_registry::Content;
use gantry_registry::maintenance::Collection;
use gantry_registry::maintenance::fsck::Depth;
use tokio::time::sleep;

use crate::clients::Client;
use crate::dice::Dice;
use crate::facts::Fact;
use crate::goods::{REPOSITORIES, TAGS};
use crate::nodes::Nodes;
use crate::witness::GRACE;
use crate::world::{CLIENTS, Ground, UPLOAD_IDLE, limits};

/// Rows that may not be left once all garbage is collected.
const LEFT_OVER: [(&str, Stmt); 3] = [
    ("upload sessions", Stmt::new("select count(*) from upload")),
    ("trashed keys", Stmt::new("select count(*) from trash")),
    ("rows without a number", Stmt::new("select count(*) from journal where number is null")),
];
const NUMBERS: Stmt = Stmt::new(
    "select count(*), count(distinct number), coalesce(min(number), 1), coalesce(max(number), 0)
       from journal",
);
/// What is stored, counted; of a repository, and of the registry.
const HELD: Stmt = Stmt::new(
    "select (select count(*) from repository_blob l join repository r on r.id = l.repository
              where r.name = $1),
            (select count(*) from repository_manifest m join repository r on r.id = m.repository
              where r.name = $1),
            (select coalesce(sum(b.size), 0)
               from repository_blob l
               join repository r on r.id = l.repository
               join blob b on b.registry = l.registry and b.digest = l.digest
              where r.name = $1)
          + (select coalesce(sum(m.size), 0)
               from repository_manifest m join repository r on r.id = m.repository
              where r.name = $1)",
);
const STORED: Stmt = Stmt::new(
    "select (select count(*) from blob), (select count(*) from manifest),
            (select coalesce(sum(size), 0) from blob)
          + (select coalesce(sum(length(bytes)), 0) from manifest)",
);
const FIGURES: Stmt = Stmt::new(
    "select coalesce(sum(blobs), 0), coalesce(sum(manifests), 0), coalesce(sum(bytes), 0)
       from usage where repository = $1",
);

pub(crate) async fn look(ground: &Ground, nodes: Nodes, dice: Dice) {
    let mut client = Client::new(ground.clone(), nodes.clone(), CLIENTS, dice).patient();
    everything_works(ground, &mut client).await;

    let content = nodes.all()[0].content.clone();
    nodes.stop();
    sleep(UPLOAD_IDLE + GRACE + limits().renew_every() + Duration::from_secs(5)).await;
    for _ in 0..3 {
        if let Err(error) = content.collect(Collection::Everything).await {
            ground.witness.accuse(format_args!("a collection failed: {error}"));
        }
    }
    if let Err(error) = content.keep_figures().await {
        ground.witness.accuse(format_args!("figures weren't kept: {error}"));
    }
    nothing_is_left(ground);
    journal_is_dense(ground);
    figures_are_right(ground);
    nothing_is_damaged(ground, &content).await;
}

async fn everything_works(ground: &Ground, client: &mut Client) {
    for (repository, tag) in REPOSITORIES.iter().zip(TAGS) {
        for document in 0..ground.goods.manifests.len() {
            if !client.push_image(repository, document, Some(tag.into())).await {
                ground.witness.accuse("a push failed though nothing is wrong any more");
            }
            let fact = Fact::Tag((*repository).into(), tag.into());
            if !client.pull(repository, tag, &fact).await {
                ground.witness.accuse("a pull failed though nothing is wrong any more");
            }
        }
    }
}

fn nothing_is_left(ground: &Ground) {
    for (what, stmt) in LEFT_OVER {
        let count: i64 = ground.onlooker.all(&stmt, &[], |row| row.get(0).unwrap())[0];
        if count != 0 {
            ground.witness.accuse(format_args!("{count} {what} are left"));
        }
    }
    let stored = ground.onlooker.stored().len();
    let objects = ground.bucket.lock().unwrap().list(None).len();
    if objects != stored {
        ground.witness.accuse(format_args!("{objects} objects are left, of {stored} blobs"));
    }
}

fn journal_is_dense(ground: &Ground) {
    let numbers = ground
        .onlooker
        .all(&NUMBERS, &[], |row| [0, 1, 2, 3].map(|column| row.get::<i64>(column).unwrap()));
    let [rows, distinct, first, last] = numbers[0];
    if (rows, rows, 1) != (distinct, last, first) {
        ground.witness.accuse(format_args!(
            "of {rows} journal rows, {distinct} numbers go from {first} to {last}"
        ));
    }
}

fn figures_are_right(ground: &Ground) {
    let three = |row: &gantry_db::Row<'_>| [0, 1, 2].map(|n| row.get::<i64>(n).unwrap());
    for name in REPOSITORIES.into_iter().chain([""]) {
        let kept = ground.onlooker.all(&FIGURES, &args![name], three)[0];
        let counted = match name {
            "" => ground.onlooker.all(&STORED, &[], three)[0],
            name => ground.onlooker.all(&HELD, &args![name], three)[0],
        };
        if kept != counted {
            ground
                .witness
                .accuse(format_args!("figures of {name:?} are {kept:?}, not {counted:?}"));
        }
    }
}

async fn nothing_is_damaged(ground: &Ground, content: &Content) {
    match content.fsck(Depth::Bytes).await {
        Ok(report) => {
            for finding in report.findings {
                ground.witness.accuse(format_args!("fsck finds {finding:?}"));
            }
        }
        Err(error) => ground.witness.accuse(format_args!("fsck failed: {error}")),
    }
}
