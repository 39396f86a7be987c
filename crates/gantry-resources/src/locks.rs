//! Locks of resources: what they keep from being done. Whoever changes a resource asks first.

use std::iter;

use gantry_arm::ResourceId;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::Written;
use gantry_model::resource::{LockLevel, ResourceLock};

use crate::Resources;

/// What somebody is about to do to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Change it, or have it do something.
    Write,
    /// Delete it.
    Delete,
}

/// A lock keeps it from being done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The scope '{resource}' cannot perform {} operation because following scope(s) are locked: \
     '{scope}'. Please remove the lock and try again.",
    match .attempt { Attempt::Write => "write", Attempt::Delete => "delete" }
)]
pub struct ScopeLocked {
    /// What was to be done.
    pub attempt: Attempt,
    /// To which resource.
    pub resource: ResourceId,
    /// What is locked.
    pub scope: String,
}

/// How many locks one list shows.
const MOST: usize = 1000;

impl Resources {
    /// The lock in the way of whoever wants to do that to the resource, if there is one: at the resource
    /// or above it; for deleting, also below.
    pub async fn lock_in_the_way(
        &self,
        resource: &ResourceId,
        attempt: Attempt,
    ) -> Result<Option<ScopeLocked>, DbError> {
        let locked = |lock: &ResourceLock| {
            let (resource, scope) = (resource.clone(), lock.scope.clone());
            Some(ScopeLocked { attempt, resource, scope })
        };
        let stops =
            |lock: &&ResourceLock| attempt == Attempt::Delete || lock.level == LockLevel::ReadOnly;
        if let Some(lock) = self.locks_from(resource).await?.iter().find(stops) {
            return Ok(locked(lock));
        }
        if attempt == Attempt::Delete {
            let below = self.catalog().resource_locks_within(resource.as_str(), 1).await?;
            return Ok(below.first().and_then(locked));
        }
        Ok(None)
    }

    /// The locks at the scope, above it and within it.
    pub async fn list_locks(&self, scope: &ResourceId) -> Result<Vec<ResourceLock>, DbError> {
        let mut found = self.locks_from(scope).await?;
        found.extend(self.catalog().resource_locks_within(scope.as_str(), MOST).await?);
        Ok(found)
    }

    /// The locks at the scope and above it.
    async fn locks_from(&self, scope: &ResourceId) -> Result<Vec<ResourceLock>, DbError> {
        let all: Vec<_> = iter::successors(Some(scope.clone()), ResourceId::parent).collect();
        let all: Vec<_> = all.iter().map(ResourceId::as_str).collect();
        self.catalog().resource_locks_at(&all).await
    }

    /// The lock of that name at the scope.
    pub async fn find_lock(
        &self,
        scope: &ResourceId,
        name: &str,
    ) -> Result<Option<ResourceLock>, DbError> {
        self.catalog().resource_lock_find(scope.as_str(), name).await
    }

    /// Sets a lock, or changes the one of its name at its scope.
    pub async fn put_lock(&self, lock: ResourceLock) -> Result<Written, DbError> {
        let put = move |tx: &mut Transaction<'_, '_>| tx.resource_lock_set(&lock);
        match self.catalog().transaction(Durability::Power, put).await? {
            true => Ok(Written::Made),
            false => Ok(Written::Changed),
        }
    }

    /// Removes the lock of that name at the scope; whether there was one.
    pub async fn remove_lock(&self, scope: &ResourceId, name: &str) -> Result<bool, DbError> {
        let (scope, name) = (scope.as_str().to_owned(), name.to_owned());
        let remove = move |tx: &mut Transaction<'_, '_>| tx.resource_lock_delete(&scope, &name);
        self.catalog().transaction(Durability::Power, remove).await
    }
}
