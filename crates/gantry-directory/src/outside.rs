//! Those whom other issuers sign in: a real tenant of Entra, or any OpenID Connect provider that the
//! operator trusts.

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_issuers::{ForeignIdentity, TrustedIssuer, identify, peek, stands_as_it_is};
use gantry_model::directory::Foreigner;
use gantry_model::{EpochSubject, Timestamp};
use uuid::Uuid;

use crate::{Audience, Directory, Principal, PrincipalKind, TokenRefusal};

impl Directory {
    /// The issuer that the operator trusts and that the token says it is of.
    pub(crate) fn trusted_issuer(&self, token: &str) -> Option<&TrustedIssuer> {
        let unverified = peek(token)?;
        self.0.trusted.iter().find(|trusted| trusted.may_have_issued(&unverified.issuer))
    }

    /// Who the token is of, by an issuer that the operator trusts. It is for whom the operator says
    /// that its audience stands for us; but one that names an interface of ours is for that only.
    pub(crate) async fn verify_outside(
        &self,
        trusted: &TrustedIssuer,
        token: &str,
        audiences: &[Audience],
    ) -> Result<Principal, TokenRefusal> {
        let fits = |audience: &&String| match Audience::of(audience) {
            None => true,
            Some(ours) => audiences.contains(&ours),
        };
        let wanted: Vec<&str> = trusted.audiences.iter().filter(fits).map(String::as_str).collect();
        let claims = self
            .0
            .issuers
            .verify(&trusted.url, token, &wanted)
            .await
            .map_err(|error| TokenRefusal::Outside(error.to_string()))?;
        let identity =
            identify(trusted, &claims).map_err(|error| TokenRefusal::Outside(error.to_string()))?;
        self.remember(identity).await
    }

    /// Notes who came and in which groups they are, as the newest of their tokens has it.
    async fn remember(&self, identity: ForeignIdentity) -> Result<Principal, TokenRefusal> {
        let seen = foreigner(identity, self.now());
        let known = self.0.catalog.foreigner_find(seen.id).await?;
        let known = known.filter(|known| known.issuer == seen.issuer);
        let known = match known.filter(|known| seen.token_at <= known.token_at) {
            Some(known) => known,
            None => {
                let set = move |tx: &mut Transaction<'_, '_>| remember_newer(tx, seen.clone());
                self.0.catalog.transaction(Durability::Power, set).await?
            }
        };
        let (id, signed_in_at) = (known.id, known.token_at);
        let epoch = self.0.catalog.epoch(&EpochSubject::sign_in(&id.to_string())).await?;
        Ok(Principal { id, kind: PrincipalKind::User, name: known.name, epoch, signed_in_at })
    }
}

fn foreigner(identity: ForeignIdentity, now: Timestamp) -> Foreigner {
    Foreigner {
        id: guid(&identity.principal),
        issuer: identity.issuer,
        name: identity.name,
        subject: identity.subject,
        groups: identity.groups.iter().map(guid).collect(),
        seen_at: now,
        token_at: identity.issued_at,
    }
}

fn guid(id: &Uuid) -> Guid {
    Guid::from_bytes(id.into_bytes())
}

/// An id that isn't the issuer's own gives nothing: whose it is would have their roles taken.
fn remember_newer(
    tx: &mut Transaction<'_, '_>,
    mut seen: Foreigner,
) -> Result<Foreigner, TokenRefusal> {
    if !may_bring(tx, seen.id, &seen.issuer)? {
        tracing::warn!(issuer = %seen.issuer, id = %seen.id, "an issuer brings an id that is another's");
        return Err(TokenRefusal::Outside("the token's object id is another's".to_owned()));
    }
    let mut groups = Vec::with_capacity(seen.groups.len());
    for group in seen.groups {
        match may_bring(tx, group, &seen.issuer)? {
            true => groups.push(group),
            false => {
                tracing::warn!(issuer = %seen.issuer, group = %group, "an issuer brings a group that is another's");
            }
        }
    }
    seen.groups = groups;
    tx.foreigner_set(&seen)?;
    Ok(seen)
}

/// Whether an id of a person or a group is the issuer's: none of the directory's, and none that another
/// issuer has brought before.
fn may_bring(tx: &mut Transaction<'_, '_>, id: Guid, issuer: &str) -> Result<bool, DbError> {
    if !stands_as_it_is(&Uuid::from_bytes(*id.as_bytes())) {
        return Ok(true);
    }
    let is_ours = tx.user_find(id)?.is_some()
        || tx.group_find(id)?.is_some()
        || tx.service_principal_find(id)?.is_some();
    Ok(!is_ours && tx.foreign_id_claim(id, issuer)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gantry_catalog::Catalog;
    use gantry_db::{Db, SqliteOptions};
    use gantry_issuers::Issuers;
    use gantry_model::SystemClock;
    use gantry_outbound::{Outbound, OutboundOptions};
    use gantry_secrets::MasterKey;

    use super::*;
    use crate::BootstrapWishes;

    const ISSUER: &str = "https://a.example";
    const PERSON: &str = "11111111-1111-4111-8111-111111111111";
    const GROUP: &str = "22222222-2222-4222-8222-222222222222";

    async fn directory() -> (Directory, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let catalog = Catalog::new(db, Arc::new(SystemClock));
        catalog.migrate().await.unwrap();
        let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
        let master_key = MasterKey::generate();
        let opened = Directory::open(
            &catalog,
            Arc::new(SystemClock),
            &master_key,
            BootstrapWishes::default(),
            (Issuers::new(outbound, Arc::new(SystemClock)), Vec::new()),
            |_| Ok(()),
        );
        (opened.await.unwrap(), dir)
    }

    fn came(issuer: &str, person: &str, groups: &[&str], second: i64) -> ForeignIdentity {
        ForeignIdentity {
            principal: person.parse().unwrap(),
            issuer: issuer.to_owned(),
            subject: person.to_owned(),
            name: "a".to_owned(),
            groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
            issued_at: Timestamp::from_micros(second * 1_000_000),
        }
    }

    async fn groups(directory: &Directory) -> Vec<String> {
        let known = directory.0.catalog.foreigner_find(PERSON.parse().unwrap()).await.unwrap();
        known.unwrap().groups.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn no_issuer_brings_an_id_of_the_directory_s() {
        let (directory, _dir) = directory().await;
        let group = directory.create_group("team".to_owned(), None).await.unwrap().id.to_string();
        let identity = directory.create_identity("workload".to_owned()).await.unwrap().id;
        for id in [group.as_str(), &identity.to_string()] {
            let refused = directory.remember(came(ISSUER, id, &[], 1)).await;
            assert!(matches!(refused, Err(TokenRefusal::Outside(_))), "{id}: {refused:?}");
        }
        directory.remember(came(ISSUER, PERSON, &[&group, GROUP], 1)).await.unwrap();
        assert_eq!(groups(&directory).await, [GROUP]);
    }

    #[tokio::test]
    async fn no_issuer_brings_an_id_of_another_s() {
        let (directory, _dir) = directory().await;
        directory.remember(came(ISSUER, PERSON, &[GROUP], 1)).await.unwrap();
        for second in [0, 1, 2] {
            let thief = came("https://b.example", PERSON, &[], second);
            assert!(matches!(directory.remember(thief).await, Err(TokenRefusal::Outside(_))));
        }
        let other = "33333333-3333-4333-8333-333333333333";
        directory.remember(came("https://b.example", other, &[GROUP], 1)).await.unwrap();
        let known = directory.0.catalog.foreigner_find(other.parse().unwrap()).await.unwrap();
        assert_eq!(known.unwrap().groups, []);
        assert_eq!(groups(&directory).await, [GROUP]);
    }

    #[tokio::test]
    async fn an_older_token_brings_no_group_back() {
        let (directory, _dir) = directory().await;
        let other = "33333333-3333-4333-8333-333333333333";
        directory.remember(came(ISSUER, PERSON, &[GROUP], 1)).await.unwrap();
        // As new as it gets with the same groups, and then one from between the two.
        directory.remember(came(ISSUER, PERSON, &[GROUP], 5)).await.unwrap();
        directory.remember(came(ISSUER, PERSON, &[other], 3)).await.unwrap();
        assert_eq!(groups(&directory).await, [GROUP]);
        directory.remember(came(ISSUER, PERSON, &[], 6)).await.unwrap();
        for second in [1, 5, 6] {
            directory.remember(came(ISSUER, PERSON, &[GROUP], second)).await.unwrap();
            assert_eq!(groups(&directory).await, [""; 0], "{second}");
        }
    }
}
