//! The local authority's server certificate: one, for every name this server has.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use gantry_model::Clock;
use rustls::sign::CertifiedKey;

use crate::authority::{Authority, AuthorityError, Leaf};
use crate::names::SubjectName;

/// A machine has few addresses; anything beyond is address translation gone strange.
const MAX_NAMES: usize = 256;

/// The current certificate of the local authority, and what it takes to make the next.
pub(crate) struct LocalCertificate {
    authority: Authority,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Current>,
    /// Held while minting, so that two clients at a new address mint once.
    minting: Mutex<()>,
}

struct Current {
    names: BTreeSet<SubjectName>,
    leaf: Leaf,
}

impl LocalCertificate {
    /// Mints the first certificate, for `names`.
    pub(crate) fn new(
        authority: Authority,
        names: impl IntoIterator<Item = SubjectName>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthorityError> {
        let current = Current::mint(&authority, names.into_iter().collect(), clock.as_ref())?;
        Ok(Self {
            authority,
            clock,
            current: ArcSwap::from_pointee(current),
            minting: Mutex::new(()),
        })
    }

    /// The certificate.
    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.load().leaf.key)
    }

    /// The certificate, if `host` is one of its names.
    pub(super) fn covering(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let current = self.current.load();
        let covered = current.names.iter().any(|name| name.covers(host));
        covered.then(|| Arc::clone(&current.leaf.key))
    }

    /// Makes sure that the certificate names this address of ours, which a client just reached.
    ///
    /// A listener on every address can't tell beforehand by which one it will be asked for.
    pub(crate) fn include(&self, address: IpAddr) {
        let name = SubjectName::Ip(address);
        if self.current.load().names.contains(&name) {
            return;
        }
        let _one_at_a_time = self.minting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = self.current.load().names.clone();
        if names.len() < MAX_NAMES && names.insert(name) {
            self.replace(names);
        }
    }

    /// Replaces the certificate when its time has come.
    pub(super) fn renew(&self) {
        let _one_at_a_time = self.minting.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load();
        if current.leaf.renew_at <= self.clock.now() {
            self.replace(current.names.clone());
        }
    }

    fn replace(&self, names: BTreeSet<SubjectName>) {
        match Current::mint(&self.authority, names, self.clock.as_ref()) {
            Ok(minted) => self.current.store(Arc::new(minted)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "keeping the old local certificate: minting failed");
            }
        }
    }
}

impl Current {
    fn mint(
        authority: &Authority,
        names: BTreeSet<SubjectName>,
        clock: &dyn Clock,
    ) -> Result<Self, AuthorityError> {
        let listed: Vec<_> = names.iter().cloned().collect();
        let leaf = authority.mint(&listed, clock.now())?;
        Ok(Self { names, leaf })
    }
}

impl fmt::Debug for LocalCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCertificate")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}
