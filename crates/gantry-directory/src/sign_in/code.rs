//! Authorization codes (RFC 6749, 4.1) with proof keys (RFC 7636): a browser brings back a code, which
//! whoever sent it there exchanges.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_arm::Guid;
use gantry_catalog::{Durability, Transaction};
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash};
use gantry_sha2::Sha256;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{AZURE_CLI, SignInError};
use crate::{Directory, Principal};

/// How long a code is good (RFC 6749, 4.1.2: ten minutes at most).
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The proof key's challenge. `plain` is refused: whoever sees the challenge would have the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge(String);

/// What a program asks for when it sends somebody to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The program.
    pub client: Guid,
    /// Where the browser is sent back to, exactly as it was asked for.
    pub redirect_uri: String,
    /// What is asked for.
    pub scope: String,
    /// The proof key's challenge.
    pub challenge: CodeChallenge,
    /// Comes back in the id token.
    pub nonce: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    request: AuthorizationRequest,
    user: Guid,
    epoch: i64,
}

impl CodeChallenge {
    /// Reads the challenge of a request: of 43 characters, by SHA-256 (RFC 7636, 4.2).
    pub fn parse(challenge: &str, method: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = method == "S256" && challenge.len() == 43 && challenge.bytes().all(plain);
        fits.then(|| Self(challenge.to_owned()))
    }

    fn is_of(&self, verifier: &str) -> bool {
        (43..=128).contains(&verifier.len())
            && URL_SAFE_NO_PAD.encode(Sha256::of(verifier.as_bytes())) == self.0
    }
}

/// Whether anybody may be sent to such an address after signing in: one of `https`, one of this
/// machine, or one of a scheme that a program on it has taken for itself (RFC 8252, 7).
pub fn is_sound_redirect(address: &str) -> bool {
    // Whoever parses leniently drops line ends and takes a backslash for a slash; others don't, and
    // then disagree on where it leads.
    if !address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return false;
    }
    let Ok(url) = Url::parse(address) else { return false };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        // What browsers do themselves, or run.
        "about" | "blob" | "data" | "file" | "filesystem" | "ftp" | "javascript" | "urn"
        | "vbscript" | "view-source" | "ws" | "wss" => false,
        _ => true,
    }
}

fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    here && url.scheme() == "http"
}

impl Directory {
    /// Whether a browser may be sent there with a code for that program: to an address that the
    /// application lists, or, for a program on the user's machine, to that machine (RFC 8252, 7.3).
    pub async fn check_redirect(&self, client: Guid, address: &str) -> Result<bool, SignInError> {
        if !is_sound_redirect(address) {
            return Ok(false);
        }
        let loopback = Url::parse(address).is_ok_and(|url| is_loopback(&url));
        if client.to_string() == AZURE_CLI {
            return Ok(loopback);
        }
        let Some(application) = self.0.catalog.application_find_by_app_id(client).await? else {
            return Ok(false);
        };
        let details = &application.details;
        let mut listed = details.redirect_uris.iter().chain(&details.public_redirect_uris);
        Ok(listed.any(|listed| listed == address) || (details.is_public() && loopback))
    }

    /// What a program is called that sends people to sign in; `None` if nobody knows it.
    pub async fn client_name(&self, client: Guid) -> Result<Option<String>, SignInError> {
        if client.to_string() == AZURE_CLI {
            return Ok(Some("Azure CLI".to_owned()));
        }
        let found = self.0.catalog.application_find_by_app_id(client).await?;
        Ok(found.map(|application| application.display_name))
    }

    /// Makes a code for somebody who has signed in, good once.
    pub async fn make_code(
        &self,
        request: AuthorizationRequest,
        person: &Principal,
    ) -> Result<Secret, SignInError> {
        let code = Generated::secret();
        let hash = SecretHash::of(code.expose()).0;
        let kept = Kept { request, user: person.id, epoch: person.epoch };
        let document = serde_json::to_string(&kept).expect("a request is plain data");
        let expires_at = self.now().plus(LIFETIME);
        let insert = move |tx: &mut Transaction<'_, '_>| {
            tx.sign_ins_expire(100)?;
            tx.authorization_code_insert(&hash, &document, expires_at)
        };
        self.0.catalog.transaction(Durability::Process, insert).await?;
        Ok(code)
    }

    /// Who signed in for the code, and what was asked for. Whatever is wrong with how it is shown, the
    /// code is gone.
    pub async fn sign_in_code(
        &self,
        client: Guid,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<(Principal, AuthorizationRequest), SignInError> {
        let hash = SecretHash::of(code).0;
        let take = move |tx: &mut Transaction<'_, '_>| tx.authorization_code_take(&hash);
        let taken = self.0.catalog.transaction(Durability::Process, take).await?;
        let unknown = || SignInError::Grant("the authorization code is not valid");
        let (document, expires_at) = taken.ok_or_else(unknown)?;
        let Kept { request, user, epoch } =
            serde_json::from_str(&document).map_err(|_| unknown())?;
        if expires_at <= self.now() {
            return Err(SignInError::Grant("the authorization code has expired"));
        }
        if request.client != client || request.redirect_uri != redirect_uri {
            return Err(unknown());
        }
        if !request.challenge.is_of(verifier) {
            return Err(SignInError::Grant("code_verifier is not the one of the code's challenge"));
        }
        let person = self.still_may_sign_in(user, epoch).await?;
        Ok((person.ok_or(SignInError::PersonDisabled)?, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_where_browsers_disagree_or_run_things() {
        for address in [
            "https://a.example/b?c",
            "http://localhost:4711/",
            "http://127.0.0.1/x",
            "http://[::1]:1",
            "msal123://auth",
            "com.example.app:/back",
        ] {
            assert!(is_sound_redirect(address), "{address}");
        }
        for address in [
            "",
            "/",
            "a.example",
            "http://a.example/",
            "http://localhost.example/",
            "https://user@a.example/",
            "https://a.example/#b",
            "https://a.example\\@b.example/",
            "https://a.example/\r\nx: y",
            " https://a.example/",
            "javascript:alert(1)",
            "JavaScript://a.example/%0aalert(1)",
            "data:text/html,x",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            assert!(!is_sound_redirect(address), "{address}");
        }
    }

    #[test]
    fn a_challenge_is_of_one_verifier() {
        // RFC 7636, appendix B.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let parsed = CodeChallenge::parse(challenge, "S256").unwrap();
        assert!(parsed.is_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!parsed.is_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!parsed.is_of(challenge), "it is not its own");
        assert_eq!(CodeChallenge::parse(challenge, "plain"), None);
        assert_eq!(CodeChallenge::parse("short", "S256"), None);
    }
}
