//! What is the same for each kind of resource: found, listed, written, deleted.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::resource::{About, Resource, ResourceKind};
use gantry_model::{
    Authors, EpochSubject, IfAbsent, Precondition, Registry, RegistryId, ResourceRowId, Versioned,
    Written,
};

use crate::{ResourceError, Resources, Wish};

/// Where a resource is written, and how.
#[derive(Clone, Debug)]
pub struct At {
    /// The registry that it is of.
    pub registry: RegistryId,
    /// Its name.
    pub name: String,
    /// What is done where there is none.
    pub if_absent: IfAbsent,
    /// Which state it must be in.
    pub precondition: Precondition,
}

/// What is to be kept of a resource.
pub(crate) struct Made<K> {
    /// What it is.
    pub(crate) value: K,
    /// What is sealed of it, if that changes.
    pub(crate) sealed: Option<Vec<u8>>,
}

impl<K> From<K> for Made<K> {
    fn from(value: K) -> Self {
        Self { value, sealed: None }
    }
}

impl Resources {
    /// The resource of that name.
    pub async fn find<K: ResourceKind>(
        &self,
        registry: &Registry,
        name: &str,
    ) -> Result<Versioned<Resource<K>>, ResourceError> {
        let found = self
            .catalog()
            .versioned(|| self.catalog().resource_find::<K>(registry.id, name), subject);
        found.await?.ok_or_else(|| missing::<K>(name))
    }

    /// Up to `limit` resources behind the key `after`, in order of their keys.
    pub async fn list<K: ResourceKind>(
        &self,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Resource<K>>, DbError> {
        self.catalog().resource_list(registry.id, after, limit).await
    }

    /// How many the registry has.
    pub async fn count<K: ResourceKind>(&self, registry: &Registry) -> Result<u64, DbError> {
        self.catalog().resource_count::<K>(registry.id).await
    }

    /// Brings the resource to what `change` makes of what is there.
    pub(crate) async fn write<K: ResourceKind, C: Send + Sync + 'static>(
        &self,
        at: At,
        wish: Wish<C>,
        change: impl Fn(
            &mut Transaction<'_, '_>,
            &Registry,
            Option<&Resource<K>>,
            &C,
        ) -> Result<Made<K>, ResourceError>
        + Send
        + 'static,
    ) -> Result<(Versioned<Resource<K>>, Written), ResourceError> {
        if !K::may_be_called(&at.name) {
            return Err(ResourceError::Name { kind: K::NAME, name: at.name });
        }
        let write = move |tx: &mut Transaction<'_, '_>| {
            let absent = || missing::<K>(&at.name);
            let registry = tx.registry_lock(at.registry)?.ok_or_else(absent)?;
            let present = find::<K>(tx, at.registry, &at.name)?;
            at.precondition.check(present.as_ref().map(|present| &present.version))?;
            let present = present.map(|present| present.value);
            if present.is_none() && at.if_absent == IfAbsent::Refuse {
                return Err(absent());
            }
            let Made { value, sealed } = change(tx, &registry, present.as_ref(), &wish.value)?;
            let written = if present.is_some() { Written::Changed } else { Written::Made };
            let resource = resource(tx, &registry, &at.name, present, &wish, value)?;
            tx.resource_set(at.registry, &resource)?;
            if let Some(sealed) = &sealed {
                tx.resource_set_secret::<K>(at.registry, &at.name, sealed)?;
            }
            let found = find(tx, at.registry, &at.name)?.ok_or_else(absent)?;
            Ok((found, written))
        };
        self.catalog().transaction(Durability::Power, write).await
    }

    /// Deletes the resource, if `may` says so.
    pub(crate) async fn remove<K: ResourceKind>(
        &self,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
        may: impl Fn(&mut Transaction<'_, '_>, &Resource<K>) -> Result<(), ResourceError>
        + Send
        + 'static,
    ) -> Result<(), ResourceError> {
        let (registry, name) = (registry.id, name.to_owned());
        let remove = move |tx: &mut Transaction<'_, '_>| {
            let absent = || missing::<K>(&name);
            tx.registry_lock(registry)?.ok_or_else(absent)?;
            let present = find::<K>(tx, registry, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let present = present.ok_or_else(absent)?.value;
            may(tx, &present)?;
            Ok(tx.resource_delete(registry, &present)?)
        };
        self.catalog().transaction(Durability::Power, remove).await
    }

    /// Refuses one more where the registry has `most`.
    pub(crate) fn check_number<K: ResourceKind>(
        tx: &mut Transaction<'_, '_>,
        registry: &Registry,
        most: u64,
    ) -> Result<(), ResourceError> {
        let present = tx.resource_count::<K>(registry.id)?;
        let tier = registry.settings.tier.name();
        match present < most {
            true => Ok(()),
            false => Err(ResourceError::TooMany { kind: K::KIND, present, tier }),
        }
    }
}

/// The resource, as it is to be written.
fn resource<K, C>(
    tx: &Transaction<'_, '_>,
    registry: &Registry,
    name: &str,
    present: Option<Resource<K>>,
    wish: &Wish<C>,
    value: K,
) -> Result<Resource<K>, ResourceError> {
    let elsewhere = |location: &&String| !location.eq_ignore_ascii_case(&registry.location);
    if let Some(location) = wish.location.as_ref().filter(elsewhere) {
        return Err(ResourceError::Elsewhere(location.clone()));
    }
    let mut resource = match present {
        Some(present) => Resource { value, ..present },
        None => Resource {
            id: ResourceRowId::new(tx.now()),
            name: name.to_owned(),
            about: About {
                location: registry.location.clone(),
                authors: Authors { created_by: wish.by.clone(), ..Authors::default() },
                ..About::default()
            },
            value,
            created_at: tx.now(),
        },
    };
    let about = &mut resource.about;
    if let Some(tags) = &wish.tags {
        about.tags = tags.clone();
    }
    if let Some(identity) = &wish.identity {
        about.identity = identity.clone();
    }
    about.authors.note(&wish.by, tx.now());
    Ok(resource)
}

fn find<K: ResourceKind>(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &str,
) -> Result<Option<Versioned<Resource<K>>>, DbError> {
    let Some(found) = tx.resource_find::<K>(registry, name)? else { return Ok(None) };
    tx.versioned(found, subject).map(Some)
}

fn missing<K: ResourceKind>(name: &str) -> ResourceError {
    ResourceError::Missing { kind: K::NAME, name: name.to_owned() }
}

/// What each change of the resource raises.
fn subject<K>(resource: &Resource<K>) -> EpochSubject {
    EpochSubject::resource(resource.id)
}
