//! `[metrics]`

use gantry_edge::Peers;

use super::network::read_networks;
use super::reader::Reader;

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metrics {
    /// Who may read `/metrics`, besides this machine.
    pub(crate) networks: Peers,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { networks: Peers::from_networks(read_networks(reader, "metrics.networks")) }
    }
}
