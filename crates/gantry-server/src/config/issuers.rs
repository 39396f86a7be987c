//! `[[issuer]]`

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gantry_issuers::TrustedIssuer;
use url::Url;
use uuid::Uuid;

use super::reader::Reader;
use super::setting::TextSetting;

/// Reads `[[issuer]]`.
pub(super) fn read(reader: &mut Reader) -> Vec<TrustedIssuer> {
    let mut taken = BTreeSet::new();
    reader.tables("issuer", |table, source| {
        let url = table.required::<IssuerUrl>("url", source);
        if let Some(url) = &url
            && !taken.insert(url.to_string())
        {
            table.mistake("url", Some(source.clone()), format!("{url} is taken"));
        }
        // Tokens for anyone would be anyone's.
        let audiences = table.required_list::<Audience>("audiences", source);
        let defaults = TrustedIssuer::new(
            url.as_ref().map_or("", |url| &url.0),
            audiences.into_iter().map(|audience| audience.0).collect(),
        );
        let issuer = TrustedIssuer {
            subject_claim: read_claim(table, "subject_claim", &defaults.subject_claim),
            name_claim: table
                .optional::<ClaimName>("name_claim", "preferred_username, name")
                .map(|claim| claim.0),
            groups_claim: read_claim(table, "groups_claim", &defaults.groups_claim),
            tenants: read_tenants(table),
            ..defaults
        };
        if issuer.is_of_many_tenants() && issuer.tenants.is_empty() {
            let problem = format!("{} is everyone's: list the tenants that count", issuer.url);
            table.mistake("tenants", Some(source.clone()), problem);
        }
        url.map(|_| issuer)
    })
}

fn read_claim(table: &mut Reader, key: &str, default: &str) -> String {
    table.setting(key, ClaimName(default.to_owned())).0
}

fn read_tenants(table: &mut Reader) -> Vec<Uuid> {
    let given = table.list::<Tenant>("tenants", "none").unwrap_or_default();
    given.into_iter().map(|(tenant, _)| tenant.0).collect()
}

/// An issuer's name: kept letter by letter, since tokens are compared with it.
struct IssuerUrl(String);

#[derive(Debug, thiserror::Error)]
#[error("not an issuer; write it as its metadata does, like https://issuer.example.com/path")]
struct IssuerUrlError;

impl FromStr for IssuerUrl {
    type Err = IssuerUrlError;

    /// OpenID Connect Discovery 1.0 §3: HTTPS, a host, neither query nor fragment.
    fn from_str(text: &str) -> Result<Self, IssuerUrlError> {
        let url = Url::parse(text).map_err(|_| IssuerUrlError)?;
        let bare = url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        // Braces, blanks and the like would be written in another way when they are asked for.
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && !br#"{}<>"\^`|"#.contains(&b));
        let fits = url.scheme() == "https" && url.has_host() && bare && nobody && plain;
        if fits { Ok(Self(text.to_owned())) } else { Err(IssuerUrlError) }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextSetting for IssuerUrl {
    const WANTED: &'static str = "an issuer's address";
}

/// What a token says for whom it is.
struct Audience(String);

/// The name of a claim.
struct ClaimName(String);

#[derive(Debug, thiserror::Error)]
#[error("empty")]
struct EmptyError;

impl FromStr for Audience {
    type Err = EmptyError;

    fn from_str(text: &str) -> Result<Self, EmptyError> {
        if text.is_empty() { Err(EmptyError) } else { Ok(Self(text.to_owned())) }
    }
}

impl TextSetting for Audience {
    const WANTED: &'static str = "an audience";
}

impl FromStr for ClaimName {
    type Err = EmptyError;

    fn from_str(text: &str) -> Result<Self, EmptyError> {
        if text.is_empty() { Err(EmptyError) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextSetting for ClaimName {
    const WANTED: &'static str = "a claim's name";
}

/// The id of a tenant.
struct Tenant(Uuid);

#[derive(Debug, thiserror::Error)]
#[error("not a tenant's id; write it like 72f988bf-86f1-41af-91ab-2d7cd011db47")]
struct TenantError;

impl FromStr for Tenant {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, TenantError> {
        Uuid::try_parse(text).map(Self).map_err(|_| TenantError)
    }
}

impl TextSetting for Tenant {
    const WANTED: &'static str = "a tenant's id";
}
