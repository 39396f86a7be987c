//! What befalls the nodes: lines that are cut, lives that end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::network::Place;
use crate::nodes::{AWAY, NODES, Nodes};

/// Lets some time pass in which things go wrong.
pub(crate) async fn pass(nodes: &Nodes, dice: &mut Dice) {
    let end = Instant::now() + dice.millis(30_000, 70_000);
    let calm = *dice.pick(&[1_500, 4_000, 12_000]);
    while Instant::now() < end {
        sleep(dice.millis(100, calm)).await;
        let place = dice.below(NODES);
        match dice.below(8) {
            0..=3 => cut(nodes, place, dice),
            4..=5 => crash(nodes, place, dice).await,
            6 => replace(nodes, place, dice).await,
            _ => {}
        }
    }
}

/// Cuts a node off from the catalog, the store or both.
fn cut(nodes: &Nodes, place: usize, dice: &mut Dice) {
    let Some(link) = nodes.link(place) else { return };
    // Long enough, now and then, for leases to run out.
    let longest = *dice.pick(&[1_000, 5_000, 15_000, 45_000]);
    let until = Instant::now() + dice.millis(50, longest);
    let both = [Place::Catalog, Place::Store];
    for from in *dice.pick(&[&both[..1], &both[1..], &both]) {
        link.cut(*from, until);
    }
}

async fn crash(nodes: &Nodes, place: usize, dice: &mut Dice) {
    let Some(node) = nodes.take(place) else { return };
    node.crash();
    sleep(dice.millis(AWAY.0, AWAY.1)).await;
    nodes.restart(place, dice).await;
}

/// A node is replaced, as in an upgrade: it is asked nothing new, and has a while to end the rest.
async fn replace(nodes: &Nodes, place: usize, dice: &mut Dice) {
    let Some(node) = nodes.take(place) else { return };
    sleep(Duration::from_secs(2)).await;
    node.leave().await;
    nodes.restart(place, dice).await;
}
