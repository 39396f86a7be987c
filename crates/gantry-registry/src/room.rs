//! How much a registry may store: what its tier says.

use gantry_catalog::{DbError, Transaction};
use gantry_model::RegistryId;

/// The registry stores as much as its tier allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the registry stores {stored} bytes, and its tier allows {most}: delete content, or change the tier"
)]
pub struct Full {
    /// How much it stores, as far as has been added up.
    pub stored: u64,
    /// How much its tier allows.
    pub most: u64,
}

/// Refuses `more` bytes, which may be none yet, where there is no room for them. Figures are added up a
/// moment after what they are of, so pushes at once may go beyond the limit by what they bring.
pub(crate) fn check_room<E: From<Full> + From<DbError>>(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    more: u64,
    most: u64,
) -> Result<(), E> {
    let stored = u64::try_from(tx.usage_of_registry(registry)?.bytes).unwrap_or(0);
    match stored < most && stored.saturating_add(more) <= most {
        true => Ok(()),
        false => Err(Full { stored, most }.into()),
    }
}
