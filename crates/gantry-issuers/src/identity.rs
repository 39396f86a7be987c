//! From claims to whom they are about.

use std::collections::BTreeSet;

use gantry_model::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::tenants;

/// The claim in which Entra writes the id of a user or an application: unlike `sub`, the same for all
/// audiences, and the id that role assignments name.
const OBJECT_ID: &str = "oid";
/// Groups beyond these are dropped.
const MAX_GROUPS: usize = 200;
/// A longer group's name is none.
const MAX_GROUP_LEN: usize = 256;
/// The version of the ids that are made here (RFC 9562 §5.5).
const MADE: usize = 5;
/// A longer name is cut.
const MAX_NAME_CHARS: usize = 256;

/// An issuer whose tokens the operator accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// The issuer, exactly as its metadata names it; for many tenants of Entra
    /// `https://login.microsoftonline.com/organizations/v2.0`.
    pub url: String,
    /// For whom a token has to be: one of these.
    pub audiences: Vec<String>,
    /// The claim that says whom a token is about. In `oid` a GUID is the principal's id.
    pub subject_claim: String,
    /// The claim with the subject's name for people; else `preferred_username`, else `name`.
    pub name_claim: Option<String>,
    /// The claim with the groups that the subject is in.
    pub groups_claim: String,
    /// The tenants whose tokens count. Where the issuer has but one there need be none; where it has many,
    /// none means none.
    pub tenants: Vec<Uuid>,
}

/// Whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignIdentity {
    /// The id: the same for each token of that subject.
    pub principal: Uuid,
    /// Who said so.
    pub issuer: String,
    /// What the issuer calls the subject.
    pub subject: String,
    /// A name for people. Others may have the same.
    pub name: String,
    /// All groups that count from now on. They replace those of a sign-in before and are never added to
    /// them, since that is how one leaves a group.
    pub groups: Vec<Uuid>,
    /// When the token was made.
    pub issued_at: Timestamp,
}

/// Why claims are about nobody who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifyError {
    /// They are another issuer's.
    #[error("the token is of another issuer")]
    Issuer,
    /// They are a tenant's that isn't wanted.
    #[error("the token is of a tenant that is not accepted")]
    Tenant,
    /// They lack the subject's claim.
    #[error("the token lacks the claim that says whom it is about")]
    Subject,
    /// They don't say when they were made.
    #[error("the token lacks iat, by which it is newer or older than another")]
    IssuedAt,
}

impl TrustedIssuer {
    /// Trusts `url` for tokens for `audiences`, and reads the usual claims.
    pub fn new(url: impl Into<String>, audiences: Vec<String>) -> Self {
        Self {
            url: url.into(),
            audiences,
            subject_claim: "sub".to_owned(),
            name_claim: None,
            groups_claim: "groups".to_owned(),
            tenants: Vec::new(),
        }
    }

    /// Whether it stands for many tenants, so that [`tenants`](Self::tenants) has to say which.
    pub fn is_of_many_tenants(&self) -> bool {
        tenants::is_of_many(&self.url)
    }

    /// Whether tokens that name `issuer` would be its own.
    pub fn may_have_issued(&self, issuer: &str) -> bool {
        match tenants::tenant(&self.url, issuer) {
            Some(tenant) => self.tenants.contains(&tenant),
            None => issuer == self.url,
        }
    }
}

/// Tells whom verified claims are about.
///
/// Where the operator reads `oid`, GUIDs are ids as they stand, of groups too: Entra makes them, and no
/// tenant can choose one. That no issuer brings another's is for who remembers them
/// ([`stands_as_it_is`]). Everywhere else an id is made of the issuer and what it says (RFC 9562 §5.5,
/// version 5), so that no issuer can name another's subjects.
///
/// # Errors
/// When the claims are of another issuer or tenant, or lack subject or `iat`.
pub fn identify(
    trusted: &TrustedIssuer,
    claims: &Map<String, Value>,
) -> Result<ForeignIdentity, IdentifyError> {
    let issuer = text(claims, "iss").ok_or(IdentifyError::Issuer)?;
    if issuer != trusted.url && tenants::tenant(&trusted.url, issuer).is_none() {
        return Err(IdentifyError::Issuer);
    }
    if trusted.is_of_many_tenants() || !trusted.tenants.is_empty() {
        let tenant = text(claims, "tid").and_then(tenants::guid);
        tenant.filter(|id| trusted.tenants.contains(id)).ok_or(IdentifyError::Tenant)?;
    }
    let subject = text(claims, &trusted.subject_claim).ok_or(IdentifyError::Subject)?;
    let ids = Ids { issuer, as_they_stand: trusted.subject_claim == OBJECT_ID };
    Ok(ForeignIdentity {
        principal: ids.of("subject", subject),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        name: name(trusted, claims).unwrap_or_else(|| shown(subject)),
        groups: groups(claims, &trusted.groups_claim).map(|group| ids.of("group", group)).collect(),
        issued_at: issued_at(claims).ok_or(IdentifyError::IssuedAt)?,
    })
}

/// Whether an id is one that an issuer brought, so that another could bring it too; else it was made
/// here of its issuer's name.
pub fn stands_as_it_is(id: &Uuid) -> bool {
    id.get_version_num() != MADE
}

/// Makes ids.
struct Ids<'a> {
    issuer: &'a str,
    as_they_stand: bool,
}

impl Ids<'_> {
    fn of(&self, kind: &str, name: &str) -> Uuid {
        // One that looks as if made here could be what is made for another issuer's subject.
        let guid = tenants::guid(name).filter(|id| self.as_they_stand && stands_as_it_is(id));
        guid.unwrap_or_else(|| {
            let issuer = Uuid::new_v5(&Uuid::NAMESPACE_URL, self.issuer.as_bytes());
            let kind = Uuid::new_v5(&issuer, kind.as_bytes());
            Uuid::new_v5(&kind, name.as_bytes())
        })
    }
}

/// Seconds, possibly with a fraction (RFC 7519 §2, NumericDate).
fn issued_at(claims: &Map<String, Value>) -> Option<Timestamp> {
    let seconds = claims.get("iat").and_then(Value::as_f64)?;
    Some(Timestamp::from_micros((seconds * 1e6) as i64))
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a str> {
    claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn name(trusted: &TrustedIssuer, claims: &Map<String, Value>) -> Option<String> {
    let usual = ["preferred_username", "name"];
    let found = match &trusted.name_claim {
        Some(claim) => text(claims, claim),
        None => usual.into_iter().find_map(|claim| text(claims, claim)),
    };
    found.map(shown).filter(|name| !name.is_empty())
}

/// As it may be shown and logged.
fn shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(MAX_NAME_CHARS).collect()
}

/// The groups, each once, in an order of their own. One text is one group.
fn groups<'a>(claims: &'a Map<String, Value>, claim: &str) -> impl Iterator<Item = &'a str> {
    let value = claims.get(claim);
    let listed = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names = value.filter(|value| value.is_string()).into_iter().chain(listed);
    let names: BTreeSet<&str> = names
        .filter_map(Value::as_str)
        .filter(|name| (1..=MAX_GROUP_LEN).contains(&name.len()))
        .collect();
    names.into_iter().take(MAX_GROUPS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://issuer.example";
    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const OBJECT: &str = "00000000-1111-2222-3333-444444444444";

    fn trusted() -> TrustedIssuer {
        TrustedIssuer::new(ISSUER, vec!["gantry".to_owned()])
    }

    fn entra(url: &str) -> TrustedIssuer {
        TrustedIssuer {
            subject_claim: "oid".to_owned(),
            tenants: vec![TENANT.parse().unwrap()],
            ..TrustedIssuer::new(url, vec!["gantry".to_owned()])
        }
    }

    fn identity(trusted: &TrustedIssuer, claims: Value) -> Result<ForeignIdentity, IdentifyError> {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        identify(trusted, &claims)
    }

    #[test]
    fn ids_are_of_the_issuer_and_never_change() {
        let claims =
            json!({ "iss": ISSUER, "sub": "alice", "iat": 1, "groups": ["alice", "team"] });
        let alice = identity(&trusted(), claims).unwrap();
        assert_eq!(alice.principal.to_string(), "7c590e1e-2bb9-513c-9467-badf28237ec4");
        let groups: Vec<String> = alice.groups.iter().map(ToString::to_string).collect();
        assert_eq!(
            groups,
            ["fa6fcf13-78c5-5588-87cb-936ddffd3a5c", "bf7d4d70-2757-59df-b0cc-5d63f3ee1f34"]
        );
        let elsewhere = TrustedIssuer { url: "https://other.example".to_owned(), ..trusted() };
        let claims = json!({ "iss": "https://other.example", "sub": "alice", "iat": 1 });
        assert_ne!(identity(&elsewhere, claims).unwrap().principal, alice.principal);
    }

    #[test]
    fn object_ids_of_entra_are_ids_as_they_stand() {
        let url = format!("https://login.example/{TENANT}/v2.0");
        let claims = |object: &str| json!({ "iss": url, "tid": TENANT, "sub": "x", "iat": 1, "oid": object, "groups": [TENANT, "b"] });
        let known = identity(&entra(&url), claims(OBJECT)).unwrap();
        assert_eq!(
            (known.principal.to_string().as_str(), known.subject.as_str()),
            (OBJECT, OBJECT)
        );
        assert_eq!(known.groups[0].to_string(), TENANT);
        assert_eq!(known.groups[1].get_version_num(), 5);
        let other = identity(&entra(&url), claims("{00000000-1111-2222-3333-444444444444}"));
        assert_eq!(other.unwrap().principal.get_version_num(), 5);
    }

    #[test]
    fn no_issuer_names_the_subjects_of_another() {
        let claims = json!({ "iss": ISSUER, "sub": OBJECT, "iat": 1, "groups": [OBJECT] });
        let stranger = identity(&trusted(), claims).unwrap();
        assert_ne!(stranger.principal.to_string(), OBJECT);
        assert_ne!(stranger.groups[0].to_string(), OBJECT);
        assert_ne!(stranger.groups[0], stranger.principal);
    }

    #[test]
    fn object_ids_that_look_as_if_made_here_are_none() {
        let alice = json!({ "iss": ISSUER, "sub": "alice", "iat": 1, "groups": ["team"] });
        let alice = identity(&trusted(), alice).unwrap();
        let url = format!("https://login.example/{TENANT}/v2.0");
        let thief = json!({ "iss": url, "tid": TENANT, "iat": 1, "oid": alice.principal,
                            "groups": alice.groups });
        let thief = identity(&entra(&url), thief).unwrap();
        assert_ne!((thief.principal, &thief.groups), (alice.principal, &alice.groups));
        assert!(!stands_as_it_is(&thief.principal) && !stands_as_it_is(&thief.groups[0]));
    }

    #[test]
    fn tokens_without_a_time_are_refused() {
        for iat in [json!(null), json!("1"), json!([1])] {
            let claims = json!({ "iss": ISSUER, "sub": "a", "iat": iat });
            assert_eq!(identity(&trusted(), claims), Err(IdentifyError::IssuedAt), "{iat}");
        }
    }

    #[test]
    fn name_is_the_first_that_is_there() {
        let named = |claims: &Value, claim: Option<&str>| {
            let mut all = json!({ "iss": ISSUER, "sub": "subject", "iat": 1 });
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            let trusted = TrustedIssuer { name_claim: claim.map(str::to_owned), ..trusted() };
            identity(&trusted, all).unwrap().name
        };
        let both = json!({ "preferred_username": "alice@a.example", "name": "Alice" });
        assert_eq!(named(&both, None), "alice@a.example");
        assert_eq!(named(&both, Some("name")), "Alice");
        assert_eq!(named(&both, Some("absent")), "subject");
        assert_eq!(named(&json!({ "name": "A\n\u{1b}[31ml" }), None), "A[31ml");
        assert_eq!(named(&json!({ "name": 7, "preferred_username": "" }), None), "subject");
        assert_eq!(named(&json!({ "name": "é".repeat(300) }), None).chars().count(), 256);
    }

    #[test]
    fn groups_are_bounded_texts_each_once() {
        let count = |groups: Value| {
            let claims = json!({ "iss": ISSUER, "sub": "a", "iat": 1, "groups": groups });
            identity(&trusted(), claims).unwrap().groups.len()
        };
        assert_eq!(count(json!(null)), 0);
        assert_eq!(count(json!("one")), 1);
        assert_eq!(count(json!(["a", "a", "b", 1, null, ["c"], "", "x".repeat(257)])), 2);
        assert_eq!(count((0..1000).map(|n| n.to_string()).collect()), 200);
        assert_eq!(count(json!({ "a": "b" })), 0);
    }

    #[test]
    fn only_wanted_tenants_count() {
        let many = entra("https://login.example/organizations/v2.0");
        let other = OBJECT;
        let iss = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
        assert!(many.is_of_many_tenants() && many.may_have_issued(&iss(TENANT)));
        assert!(!many.may_have_issued(&iss(other)));
        let claims =
            |iss: String, tid: Value| json!({ "iss": iss, "tid": tid, "oid": OBJECT, "iat": 1 });
        assert!(identity(&many, claims(iss(TENANT), json!(TENANT))).is_ok());
        let refused = identity(&many, claims(iss(other), json!(other)));
        assert_eq!(refused, Err(IdentifyError::Tenant));
        assert_eq!(identity(&many, claims(iss(TENANT), json!(null))), Err(IdentifyError::Tenant));
        let all = TrustedIssuer { tenants: vec![], ..many };
        assert!(!all.may_have_issued(&iss(TENANT)));
        assert_eq!(identity(&all, claims(iss(TENANT), json!(TENANT))), Err(IdentifyError::Tenant));
    }

    #[test]
    fn claims_of_others_and_about_nobody_are_refused() {
        let of = |iss: &str| identity(&trusted(), json!({ "iss": iss, "sub": "a", "iat": 1 }));
        assert!(of(ISSUER).is_ok());
        for other in ["https://issuer.example/", "https://other.example", ""] {
            assert_eq!(of(other), Err(IdentifyError::Issuer), "{other}");
        }
        for subject in [json!(null), json!(""), json!(1), json!(["a"])] {
            let claims = json!({ "iss": ISSUER, "sub": subject, "iat": 1 });
            assert_eq!(identity(&trusted(), claims), Err(IdentifyError::Subject), "{subject}");
        }
    }
}
