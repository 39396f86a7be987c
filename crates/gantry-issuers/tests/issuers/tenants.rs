//! One issuer for many tenants, as Entra has it.

use gantry_issuers::{DiscoveryError, TrustedIssuer, VerifyError, identify, peek};
use serde_json::{Map, Value, json};

use crate::issuer::{Issuer, Key};
use crate::{AUDIENCE, claims, with};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER: &str = "00000000-1111-2222-3333-444444444444";

fn of(issuer: &Issuer, tenant: &str) -> String {
    format!("{}/{tenant}/v2.0", issuer.url())
}

/// Claims of a tenant that say to be another's.
fn tenants_claims(issuer: &Issuer, tenant: &str, tid: &Value) -> Value {
    with(claims(issuer), json!({ "iss": of(issuer, tenant), "tid": tid, "oid": OTHER }))
}

async fn start(key: &Key) -> Issuer {
    let issuer = Issuer::start(&[key]).await;
    for path in ["/common/v2.0", "/elsewhere/v2.0"] {
        issuer.publish_metadata(path, &of(&issuer, "{tenantid}"));
    }
    issuer
}

async fn verify(issuer: &Issuer, token: &str) -> Result<Map<String, Value>, VerifyError> {
    issuer.issuers.verify(&of(issuer, "common"), token, &[AUDIENCE]).await
}

#[tokio::test]
async fn template_is_filled_in_by_the_tokens_tenant() {
    let key = Key::rsa("a");
    let issuer = start(&key).await;
    let trusted = TrustedIssuer {
        subject_claim: "oid".to_owned(),
        tenants: vec![TENANT.parse().unwrap()],
        ..TrustedIssuer::new(of(&issuer, "common"), vec![AUDIENCE.to_owned()])
    };
    let token = key.sign(&tenants_claims(&issuer, TENANT, &json!(TENANT)));
    assert!(trusted.may_have_issued(&peek(&token).unwrap().issuer));
    let verified = verify(&issuer, &token).await.unwrap();
    assert_eq!(identify(&trusted, &verified).unwrap().principal.to_string(), OTHER);

    // Well signed, by a tenant that nobody asked for.
    let token = key.sign(&tenants_claims(&issuer, OTHER, &json!(OTHER)));
    assert!(!trusted.may_have_issued(&peek(&token).unwrap().issuer));
    let verified = verify(&issuer, &token).await.unwrap();
    assert!(identify(&trusted, &verified).is_err());
}

#[tokio::test]
async fn issuer_that_the_tenant_does_not_fill_in_is_refused() {
    let key = Key::rsa("a");
    let issuer = start(&key).await;
    for (tenant, tid) in [
        (TENANT, json!(OTHER)),
        (TENANT, json!(null)),
        (TENANT, json!([TENANT])),
        ("common", json!("common")),
        ("{tenantid}", json!("{tenantid}")),
        ("{tenantid}", json!(TENANT)),
        ("common", json!(TENANT)),
    ] {
        let token = key.sign(&tenants_claims(&issuer, tenant, &tid));
        let answer = verify(&issuer, &token).await;
        assert!(matches!(answer, Err(VerifyError::Issuer)), "{tenant} {tid}: {answer:?}");
    }
}

#[tokio::test]
async fn template_counts_only_where_many_tenants_were_asked_for() {
    let key = Key::rsa("a");
    let issuer = start(&key).await;
    let token = key.sign(&tenants_claims(&issuer, TENANT, &json!(TENANT)));
    let single = of(&issuer, "elsewhere");
    let answer = issuer.issuers.verify(&single, &token, &[AUDIENCE]).await;
    let refused = matches!(answer, Err(VerifyError::Unavailable(DiscoveryError::OtherIssuer)));
    assert!(refused, "{answer:?}");
}

#[tokio::test]
async fn keys_of_one_tenant_sign_for_no_other() {
    let all = Key::p256("all");
    let issuer = start(&all).await;
    let all = all.with(json!({ "issuer": of(&issuer, "{tenantid}") }));
    let one = Key::p256("one").with(json!({ "issuer": of(&issuer, TENANT) }));
    issuer.publish(&[&all, &one]);
    let signed =
        |key: &Key, tenant: &str| key.sign(&tenants_claims(&issuer, tenant, &json!(tenant)));
    for (key, tenant) in [(&all, TENANT), (&all, OTHER), (&one, TENANT)] {
        assert!(verify(&issuer, &signed(key, tenant)).await.is_ok());
    }
    let answer = verify(&issuer, &signed(&one, OTHER)).await;
    assert!(matches!(answer, Err(VerifyError::UnknownKey)), "{answer:?}");
}
