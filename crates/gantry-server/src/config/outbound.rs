//! `[outbound]`

use std::path::PathBuf;

use ipnet::IpNet;

use super::network::read_networks;
use super::reader::Reader;

/// `[outbound]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outbound {
    /// Networks that requests to others may go to though they are not public.
    pub(crate) allowed_networks: Vec<IpNet>,
    /// Files with certificates that are believed besides the system's.
    pub(crate) ca_files: Vec<PathBuf>,
}

impl Outbound {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let ca_files = reader.list::<PathBuf>("outbound.ca_files", "none").unwrap_or_default();
        Self {
            allowed_networks: read_networks(reader, "outbound.allowed_networks"),
            ca_files: ca_files.into_iter().map(|(path, _)| path).collect(),
        }
    }
}
