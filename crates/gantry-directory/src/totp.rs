//! Codes from an authenticator app (RFC 6238): six digits, SHA-1, 30 seconds, which is what every
//! app knows.

use gantry_model::Timestamp;
use gantry_secrets::Generated;
use totp_rs::{Algorithm, Builder};

const STEP_SECONDS: i64 = 30;
/// A phone's clock may be a step off.
const SKEW: i64 = 1;
const SECRET_BYTES: usize = 20;

/// The secret that an app and the directory share.
#[derive(Clone)]
pub struct TotpSecret(Vec<u8>);

impl TotpSecret {
    /// A new one.
    pub fn generate() -> Self {
        Self(Generated::bytes::<SECRET_BYTES>().to_vec())
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// In base 32 (RFC 4648), as people enter it.
    pub fn to_base32(&self) -> String {
        totp_rs::Secret::from(self.0.clone()).to_base32().trim_end_matches('=').to_owned()
    }

    /// The address that an app reads from a picture (the `otpauth` scheme).
    pub fn to_address(&self, user: &str) -> String {
        let label: String = form(user);
        format!("otpauth://totp/Gantry:{label}?secret={}&issuer=Gantry", self.to_base32())
    }

    /// The time step that `code` is of, if it is of one around `now`.
    pub(crate) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(u64::try_from(STEP_SECONDS).ok()?)
            .with_secret(self.0.clone())
            .build()
            .ok()?;
        let present = now.seconds() / STEP_SECONDS;
        (present - SKEW..=present + SKEW).find(|step| {
            u64::try_from(step * STEP_SECONDS).is_ok_and(|at| {
                let right = totp.generate(at).to_string();
                bool::from(subtle::ConstantTimeEq::ct_eq(right.as_bytes(), code.as_bytes()))
            })
        })
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, cut to six digits.
        let secret = TotpSecret(b"12345678901234567890".to_vec());
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp::from_micros(seconds * 1_000_000);
            assert_eq!(secret.step_of(code, now), Some(seconds / STEP_SECONDS), "{seconds}");
            assert_eq!(secret.step_of("000000", now), None);
            let later = now.plus(std::time::Duration::from_secs(90));
            assert_eq!(secret.step_of(code, later), None);
        }
    }

    #[test]
    fn secrets_print_in_base_32() {
        // RFC 4648, section 10.
        for (bytes, text) in [(&b"foobar"[..], "MZXW6YTBOI"), (b"fooba", "MZXW6YTB"), (b"f", "MY")]
        {
            assert_eq!(TotpSecret(bytes.to_vec()).to_base32(), text);
        }
        let address = TotpSecret(b"foobar".to_vec()).to_address("a@b");
        assert_eq!(address, "otpauth://totp/Gantry:a%40b?secret=MZXW6YTBOI&issuer=Gantry");
    }
}
