//! Resource groups. Deleting one takes its registries with it, so that is theirs
//! (`gantry_registry::Registries::delete_group`).

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::resource::{ResourceGroup, name_key};
use gantry_model::{EpochSubject, Precondition, PreconditionFailed, Tags, Versioned, Written};

use crate::Resources;

/// Why a resource group can't be written.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group.
    #[error("Resource group '{0}' could not be found.")]
    Missing(String),
    /// It is somewhere else, and stays there.
    #[error(
        "Invalid resource group location '{wished}'. The Resource group already exists in location \
         '{present}'."
    )]
    Elsewhere {
        /// Where it was wished to be.
        wished: String,
        /// Where it is.
        present: String,
    },
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Resources {
    /// Up to `limit` groups behind the key `after`, in order of their keys.
    pub async fn list_groups(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ResourceGroup>, DbError> {
        self.catalog().resource_group_list(after, limit).await
    }

    /// The group of that name.
    pub async fn find_group(&self, name: &str) -> Result<Versioned<ResourceGroup>, GroupError> {
        let find = || self.catalog().resource_group_find(name);
        let found = self.catalog().versioned(find, subject).await?;
        found.ok_or_else(|| GroupError::Missing(name.to_owned()))
    }

    /// Makes the group, or gives the one of its name these tags.
    pub async fn put_group(
        &self,
        name: String,
        location: String,
        tags: Tags,
        precondition: Precondition,
    ) -> Result<(Versioned<ResourceGroup>, Written), GroupError> {
        let put = move |tx: &mut Transaction<'_, '_>| {
            let present = find(tx, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let (group, written) = match present.map(|present| present.value) {
                Some(present) if !present.location.eq_ignore_ascii_case(&location) => {
                    let (wished, present) = (location.clone(), present.location);
                    return Err(GroupError::Elsewhere { wished, present });
                }
                Some(present) => {
                    (ResourceGroup { tags: tags.clone(), ..present }, Written::Changed)
                }
                None => {
                    let (name, location, tags) = (name.clone(), location.clone(), tags.clone());
                    let created_at = tx.now();
                    (ResourceGroup { name, location, tags, created_at }, Written::Made)
                }
            };
            tx.resource_group_set(&group)?;
            let found = find(tx, &name)?;
            Ok((found.ok_or_else(|| GroupError::Missing(name.clone()))?, written))
        };
        self.catalog().transaction(Durability::Power, put).await
    }

    /// Gives the group what tags `change` makes of those that it has.
    pub async fn change_group_tags(
        &self,
        name: String,
        precondition: Precondition,
        change: impl Fn(&Tags) -> Tags + Send + 'static,
    ) -> Result<Versioned<ResourceGroup>, GroupError> {
        let change = move |tx: &mut Transaction<'_, '_>| {
            let missing = || GroupError::Missing(name.clone());
            let present = find(tx, &name)?.ok_or_else(missing)?;
            precondition.check(Some(&present.version))?;
            let tags = change(&present.value.tags);
            tx.resource_group_set(&ResourceGroup { tags, ..present.value })?;
            find(tx, &name)?.ok_or_else(missing)
        };
        self.catalog().transaction(Durability::Power, change).await
    }
}

fn find(
    tx: &mut Transaction<'_, '_>,
    name: &str,
) -> Result<Option<Versioned<ResourceGroup>>, DbError> {
    let Some(found) = tx.resource_group_lock(name)? else { return Ok(None) };
    tx.versioned(found, subject).map(Some)
}

/// What each change of the group raises.
fn subject(group: &ResourceGroup) -> EpochSubject {
    EpochSubject::resource_group(&name_key(&group.name))
}
