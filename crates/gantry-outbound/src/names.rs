//! From names to addresses, past the guard.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::guard::Guard;

/// Knows the addresses of names.
#[async_trait]
pub trait Names: fmt::Debug + Send + Sync {
    /// The addresses of `name` at this moment.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Names as the system resolves them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A name none of whose addresses may be connected to.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no address that is allowed")]
pub(crate) struct Forbidden;

/// Resolves for the client: what it gets is what it connects to, so there is no moment between the look
/// at an address and its use in which a name could change its meaning.
pub(crate) struct GuardedNames {
    pub(crate) names: Arc<dyn Names>,
    pub(crate) guard: Guard,
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, guard) = (Arc::clone(&self.names), self.guard.clone());
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let permitted: Vec<_> = found
                .into_iter()
                .filter(|address| guard.permits(*address))
                // Port 0: the client puts in the request's.
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            match permitted.is_empty() {
                true => Err(Forbidden.into()),
                false => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}
