//! Assertions (RFC 7523, 3): signed by the key of a certificate that the application has, or by an
//! issuer that a federated credential names.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_issuers::VerifyError;
use gantry_model::directory::{Application, ApplicationCredential, Proof};
use jsonwebtoken::Validation;
use serde::Deserialize;
use serde_json::Value;

use super::{SignInContext, SignInError};
use crate::Directory;

/// No assertion is longer.
const LONGEST: usize = 16 << 10;
/// How far the clocks of client and server may be apart.
const LEEWAY_SECONDS: f64 = 300.0;
/// How long an assertion of an application's own may be good. Azure's clients make them for ten
/// minutes, and show one as often as they need it while it lasts: so it is bounded in time, and `jti`
/// (RFC 7523, 3: optional) doesn't make it good once.
const LONGEST_OWN_SECONDS: f64 = 3600.0;
/// The same for another issuer's: Kubernetes' are good for a day at most for workload identities, and
/// are a file that is read again and again.
const LONGEST_FEDERATED_SECONDS: f64 = 24.0 * 3600.0;

#[derive(Deserialize)]
struct Header {
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

/// Clients write moments with fractions.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl Claims {
    fn is_for(&self, wanted: impl Fn(&str) -> bool) -> bool {
        match &self.aud {
            Some(Value::String(one)) => wanted(one),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(wanted),
            _ => false,
        }
    }
}

impl Directory {
    pub(super) async fn check_assertion(
        &self,
        application: &Application,
        credentials: &[ApplicationCredential],
        text: &str,
        context: SignInContext<'_>,
    ) -> Result<(), SignInError> {
        if text.len() > LONGEST {
            return Err(SignInError::Assertion("it is too long"));
        }
        let claims: Claims = part(text, 1).ok_or(SignInError::Assertion("it is no JWT"))?;
        let app_id = application.app_id.to_string();
        match claims.iss.as_deref() {
            Some(issuer) if issuer.eq_ignore_ascii_case(&app_id) => {
                self.check_own(&app_id, credentials, text, &claims, context)
            }
            _ => self.check_federated(application, text, &claims).await,
        }
    }

    fn check_own(
        &self,
        app_id: &str,
        credentials: &[ApplicationCredential],
        text: &str,
        claims: &Claims,
        context: SignInContext<'_>,
    ) -> Result<(), SignInError> {
        let Header { x5t, x5t_s256 } =
            part(text, 0).ok_or(SignInError::Assertion("its header can't be read"))?;
        let algorithm = jsonwebtoken::decode_header(text)
            .map_err(|_| SignInError::Assertion("its header can't be read"))?
            .alg;
        let now = self.now();
        let mut named = None;
        for credential in credentials {
            let Proof::Certificate { der } = &credential.proof else { continue };
            let Ok(certificate) = self.0.certificates.get(der) else { continue };
            if certificate.is_named(x5t.as_deref(), x5t_s256.as_deref()) {
                named =
                    Some((certificate, credential.starts_at <= now && now < credential.ends_at));
            }
        }
        // Which certificates an application has is not told.
        let (certificate, in_time) = named.ok_or(SignInError::Client)?;
        if !certificate.algorithms.contains(&algorithm) {
            return Err(SignInError::Assertion(
                "its algorithm is not one of the certificate's key",
            ));
        }
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(text, &certificate.key, &validation)
            .map_err(|_| SignInError::Client)?;
        if !in_time {
            return Err(SignInError::ClientExpired);
        }
        if claims.sub.as_deref().is_none_or(|subject| !subject.eq_ignore_ascii_case(app_id)) {
            return Err(SignInError::Assertion("its subject must be the application"));
        }
        if !claims.is_for(|audience| is_this_tenant(audience, context.issuer)) {
            return Err(SignInError::Assertion("its audience must be the token endpoint"));
        }
        check_times(claims, now.seconds() as f64, LONGEST_OWN_SECONDS)
    }

    /// An assertion of another issuer, which a federated credential of the application names: its
    /// issuer and subject exactly, and one of its audiences.
    async fn check_federated(
        &self,
        application: &Application,
        text: &str,
        claims: &Claims,
    ) -> Result<(), SignInError> {
        let federations = self.0.catalog.application_federations(application.id).await?;
        let fits = federations.iter().find(|one| {
            Some(&one.issuer) == claims.iss.as_ref() && Some(&one.subject) == claims.sub.as_ref()
        });
        let named = fits.ok_or(SignInError::NoFederation)?;
        let audiences: Vec<&str> = named.audiences.iter().map(String::as_str).collect();
        let verified = self.0.issuers.verify(&named.issuer, text, &audiences).await;
        let verified = verified.map_err(|error| match error {
            VerifyError::Audience => SignInError::NoFederation,
            error => SignInError::Issuer(error),
        })?;
        // What was looked at before the signature was, is what was signed.
        match verified.get("sub").and_then(Value::as_str) {
            Some(subject) if subject == named.subject => {}
            _ => return Err(SignInError::NoFederation),
        }
        check_times(claims, self.now().seconds() as f64, LONGEST_FEDERATED_SECONDS)
    }
}

/// Whether the assertion is good at `now`, and for at most so many seconds more.
fn check_times(claims: &Claims, now: f64, longest: f64) -> Result<(), SignInError> {
    let end = claims.exp.ok_or(SignInError::Assertion("it never ends: exp is missing"))?;
    if !end.is_finite() || end + LEEWAY_SECONDS <= now {
        return Err(SignInError::Assertion("it has expired"));
    }
    if end - now > longest + LEEWAY_SECONDS {
        return Err(SignInError::Assertion("it is good for too long"));
    }
    if claims.nbf.is_some_and(|start| !start.is_finite() || start > now + LEEWAY_SECONDS) {
        return Err(SignInError::Assertion("it is not valid yet"));
    }
    Ok(())
}

/// Whether an audience is this tenant at this server: the token endpoint, or the tenant's address.
fn is_this_tenant(audience: &str, issuer: &str) -> bool {
    let rest = audience.strip_prefix(issuer);
    rest.is_some_and(|rest| {
        matches!(rest, "" | "/" | "/v2.0" | "/oauth2/v2.0/token" | "/oauth2/token")
    })
}

/// A part of a JWT, before anyone has looked at its signature.
fn part<T: for<'de> Deserialize<'de>>(text: &str, n: usize) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(n)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_good_for_a_bounded_time() {
        const NOW: f64 = 1_800_000_000.0;
        let check = |exp: Option<f64>, nbf: Option<f64>, longest| {
            let claims = Claims { iss: None, sub: None, aud: None, exp, nbf };
            check_times(&claims, NOW, longest).is_ok()
        };
        for (longest, seconds) in
            [(LONGEST_OWN_SECONDS, 3600.0), (LONGEST_FEDERATED_SECONDS, 86_400.0)]
        {
            for (end, good) in [
                (600.0, true),
                (seconds + LEEWAY_SECONDS, true),
                (seconds + LEEWAY_SECONDS + 1.0, false),
                (1.0 - LEEWAY_SECONDS, true),
                (-LEEWAY_SECONDS, false),
                (f64::INFINITY, false),
                (f64::NAN, false),
            ] {
                assert_eq!(check(Some(NOW + end), None, longest), good, "{seconds}: {end}");
            }
        }
        assert!(!check(None, None, LONGEST_OWN_SECONDS));
        let soon = Some(NOW + 600.0);
        assert!(check(soon, Some(NOW + LEEWAY_SECONDS), LONGEST_OWN_SECONDS));
        assert!(!check(soon, Some(NOW + LEEWAY_SECONDS + 1.0), LONGEST_OWN_SECONDS));
    }
}
