//! Versions of resources: the epoch that each change of a resource raises tells one state from another.

use gantry_db::DbError;
use gantry_model::{EpochSubject, Version, Versioned};

use crate::{Catalog, Transaction};

impl Catalog {
    /// What `find` finds, with its version. That is read before what is answered, so it may be older,
    /// never newer.
    pub async fn versioned<T, F>(
        &self,
        find: impl Fn() -> F,
        subject: impl Fn(&T) -> EpochSubject,
    ) -> Result<Option<Versioned<T>>, DbError>
    where
        F: Future<Output = Result<Option<T>, DbError>>,
    {
        // Its id is needed to know which epoch is its own.
        let mut found = find().await?;
        while let Some(first) = &found {
            let own = subject(first);
            let version = Version::of(&own, self.epoch_now(&own).await?);
            found = find().await?;
            if let Some(value) = found.take_if(|again| subject(again) == own) {
                return Ok(Some(Versioned { value, version }));
            }
        }
        Ok(None)
    }
}

impl Transaction<'_, '_> {
    /// What was found in this transaction, with its version.
    pub fn versioned<T>(
        &mut self,
        value: T,
        subject: impl Fn(&T) -> EpochSubject,
    ) -> Result<Versioned<T>, DbError> {
        let subject = subject(&value);
        let version = Version::of(&subject, self.epoch(&subject)?);
        Ok(Versioned { value, version })
    }
}
