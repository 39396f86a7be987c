//! What every HTTP surface shares: who calls and where to, errors in the registry protocol's form,
//! pages, bodies with bounds, and what is noted of each request. It has no routes.

mod base_address;
mod bodies;
mod caller;
mod catalog;
mod challenge;
mod counted;
mod download;
mod entrance;
mod forms;
mod forwarded;
mod host;
mod inert;
mod made;
mod metrics;
mod network;
mod observe;
mod oci_error;
pub mod openapi;
mod origin;
mod paging;
mod query;
mod request_id;
mod unread;

use std::collections::HashSet;
use std::time::Duration;

use gantry_access::Access;
use gantry_edge::{Peers, PrivateNetworks};
use gantry_model::permission::Identity;
use gantry_registry::Content;
use gantry_resources::Resources;
use gantry_throttle::Throttle;

pub use base_address::BaseAddress;
pub use bodies::{BodyError, StoodStill, read_body, upload_body};
pub use caller::Caller;
pub use catalog::catalog_page;
pub use download::is_for_data_endpoint;
pub use entrance::entrance;
pub use forms::{UnreadForm, read_form};
pub use inert::{inert, with_docker_version};
pub use made::{audited, made};
pub use metrics::{CertificateLabels, Metrics, RegistryLabel};
pub use observe::{Answered, observe};
pub use oci_error::OciError;
pub use origin::{client_address, is_for_server, is_from_this_machine};
pub use paging::{PageQuery, next_link};
pub use query::Query;
pub use request_id::RequestId;

/// What the surfaces speak to.
#[derive(Debug)]
pub struct App {
    /// The registries' content.
    pub content: Content,
    /// Who may sign in.
    pub access: Access,
    /// What registries have besides, in the management API.
    pub resources: Resources,
    /// Who asks too often.
    pub throttle: Throttle,
    /// What is counted.
    pub metrics: Metrics,
    /// The proxies in front whose word counts for how clients reached them.
    pub proxies: Peers,
    /// Whose requests come in by private endpoints, whichever listener they reach.
    pub private_networks: PrivateNetworks,
    /// Identities that registries with `networkRuleBypassOptions` let in whatever their rules say.
    pub trusted_services: HashSet<Identity>,
    /// How long a request's body may stand still, and how long one may take that is read whole.
    pub body_timeout: Duration,
}

impl App {
    /// Whether the operator trusts a service.
    pub(crate) fn has_trusted_services(&self) -> bool {
        !self.trusted_services.is_empty()
    }
}
