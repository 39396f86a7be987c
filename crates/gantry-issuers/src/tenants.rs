//! Issuers of many tenants.
//!
//! Entra has metadata for all its tenants at once, at `https://login.microsoftonline.com/common/v2.0` and
//! `…/organizations/v2.0`. What they name as issuer is `https://login.microsoftonline.com/{tenantid}/v2.0`;
//! the issuer of a token is that with its claim `tid` filled in.

use uuid::Uuid;

const PLACEHOLDER: &str = "{tenantid}";
const MANY: [&str; 2] = ["common", "organizations"];

/// Whether `issuer` stands for many tenants.
pub(crate) fn is_of_many(issuer: &str) -> bool {
    around_tenant(issuer).is_some()
}

/// What the metadata of an issuer of many tenants names as issuer.
pub(crate) fn template(issuer: &str) -> Option<String> {
    around_tenant(issuer).map(|(before, after)| format!("{before}{PLACEHOLDER}{after}"))
}

/// The tenant whose issuer `issuer` is, where `many` stands for it.
pub(crate) fn tenant(many: &str, issuer: &str) -> Option<Uuid> {
    let (before, after) = around_tenant(many)?;
    guid(issuer.strip_prefix(before)?.strip_suffix(after)?)
}

/// Whether `issuer` is what `named` says: the same text or, where that has a place for a tenant, the
/// text with `tenant` in it.
pub(crate) fn names(named: &str, tenant: Option<&str>, issuer: &str) -> bool {
    if !named.contains(PLACEHOLDER) {
        return named == issuer;
    }
    let tenant = tenant.filter(|id| guid(id).is_some());
    tenant.is_some_and(|id| named.replace(PLACEHOLDER, id) == issuer)
}

/// A GUID in the one form with four hyphens and no braces.
pub(crate) fn guid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// What is before and after the first part of the path, where that stands for many tenants.
fn around_tenant(issuer: &str) -> Option<(&str, &str)> {
    let host = issuer.find("://")? + 3;
    let start = host + issuer[host..].find('/')? + 1;
    let end = issuer[start..].find('/').map_or(issuer.len(), |length| start + length);
    MANY.contains(&&issuer[start..end]).then(|| (&issuer[..start], &issuer[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "https://login.example/common/v2.0";
    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    #[test]
    fn issuers_of_many_have_a_template() {
        let template = template(COMMON).unwrap();
        assert_eq!(template, "https://login.example/{tenantid}/v2.0");
        assert!(is_of_many("https://login.example/organizations"));
        for one in [
            "https://login.example/v2.0",
            "https://login.example/v2.0/common",
            "https://common/v2.0",
            "https://login.example",
            "common",
            "",
        ] {
            assert!(!is_of_many(one), "{one}");
        }
    }

    #[test]
    fn tenant_is_a_guid_in_its_place() {
        let of = |issuer: &str| tenant(COMMON, issuer).map(|tenant| tenant.to_string());
        assert_eq!(of(&format!("https://login.example/{TENANT}/v2.0")).as_deref(), Some(TENANT));
        for other in [
            COMMON.to_owned(),
            format!("https://login.example/{TENANT}/v1.0"),
            format!("https://login.example/{TENANT}/v2.0/"),
            format!("https://login.example/a/../{TENANT}/v2.0"),
            format!("https://login.example.evil.example/{TENANT}/v2.0"),
            format!("https://login.example/{{{TENANT}}}/v2.0"),
            "https://login.example//v2.0".to_owned(),
        ] {
            assert_eq!(of(&other), None, "{other}");
        }
    }

    #[test]
    fn template_is_filled_in_with_guids_only() {
        let template = "https://login.example/{tenantid}/v2.0";
        let filled = format!("https://login.example/{TENANT}/v2.0");
        assert!(names(template, Some(TENANT), &filled));
        assert!(!names(template, None, &filled));
        assert!(!names(template, Some("72f988bf-86f1-41af-91ab-2d7cd011db48"), &filled));
        assert!(!names(template, Some("common"), COMMON));
        assert!(!names(template, None, template));
        assert!(!names(template, Some(TENANT), template));
        assert!(names(COMMON, None, COMMON));
        assert!(!names(COMMON, Some(TENANT), &filled));
    }
}
