//! The three nodes, of which some may be away.

use std::sync::{Arc, Mutex};

use gantry_registry::Content;
use tokio_util::sync::CancellationToken;

use crate::dice::Dice;
use crate::network::Link;
use crate::node::Node;
use crate::sabotage::Sabotage;
use crate::world::Ground;

pub(crate) const NODES: usize = 3;
/// By how many milliseconds clocks are wrong.
const SKEW: u64 = 300;

/// Three places, each with a node in it or none. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Nodes {
    ground: Ground,
    sabotage: Sabotage,
    places: Arc<Mutex<Vec<Place>>>,
}

#[derive(Debug, Default)]
struct Place {
    node: Option<Node>,
    lives: usize,
}

/// A node as its clients see it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) name: Arc<str>,
    pub(crate) content: Content,
    pub(crate) gone: CancellationToken,
}

impl Nodes {
    pub(crate) async fn start(ground: &Ground, dice: &mut Dice, sabotage: Sabotage) -> Self {
        let places = (0..NODES).map(|_| Place::default()).collect();
        let nodes = Self { ground: ground.clone(), sabotage, places: Arc::new(Mutex::new(places)) };
        for place in 0..NODES {
            nodes.restart(place, dice).await;
        }
        nodes
    }

    /// Starts a node where there is none.
    pub(crate) async fn restart(&self, place: usize, dice: &mut Dice) {
        let life = {
            let mut places = self.places.lock().unwrap();
            if places[place].node.is_some() {
                return;
            }
            places[place].lives += 1;
            places[place].lives
        };
        let skew = i64::try_from(dice.draw() % (2 * SKEW + 1)).unwrap() - SKEW.cast_signed();
        let skew = skew + self.sabotage.skew(place);
        let node = Node::start(&self.ground, &format!("node-{place}.{life}"), skew).await;
        self.places.lock().unwrap()[place].node = Some(node);
    }

    /// Takes the node out of its place, so that nobody asks it any more.
    pub(crate) fn take(&self, place: usize) -> Option<Node> {
        self.places.lock().unwrap()[place].node.take()
    }

    /// The network of the node at the place.
    pub(crate) fn link(&self, place: usize) -> Option<Link> {
        self.places.lock().unwrap()[place].node.as_ref().map(|node| node.link.clone())
    }

    /// Picks one of the nodes that are there, as a balancer does.
    pub(crate) fn pick(&self, dice: &mut Dice) -> Option<Server> {
        let places = self.places.lock().unwrap();
        let there: Vec<&Node> = places.iter().filter_map(|place| place.node.as_ref()).collect();
        if there.is_empty() {
            return None;
        }
        Some(Server::of(there[dice.below(there.len())]))
    }

    /// All nodes that are there.
    pub(crate) fn all(&self) -> Vec<Server> {
        let places = self.places.lock().unwrap();
        places.iter().filter_map(|place| place.node.as_ref()).map(Server::of).collect()
    }

    /// Mends what is cut, and starts what is gone.
    pub(crate) async fn heal(&self, dice: &mut Dice) {
        for place in 0..NODES {
            if let Some(link) = self.link(place) {
                link.mend();
            }
            self.restart(place, dice).await;
        }
    }

    /// Ends what all nodes do in the background.
    pub(crate) fn stop(&self) {
        let mut places = self.places.lock().unwrap();
        places.iter_mut().filter_map(|place| place.node.as_mut()).for_each(Node::stop);
    }
}

impl Server {
    fn of(node: &Node) -> Self {
        Self {
            name: Arc::clone(&node.link.node),
            content: node.content.clone(),
            gone: node.gone.clone(),
        }
    }
}

/// How long a node is away at least, and at most, in milliseconds.
pub(crate) const AWAY: (u64, u64) = (200, 8_000);
