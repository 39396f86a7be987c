//! What is known of a browser: who has signed in with it, and that a form was made for it.
//!
//! Two cookies, sealed or random, that no script reads. A browser that has signed in shows who, as of
//! which sign-in, and when; whether they still may is asked each time. A form carries a sealed token
//! that names the browser's other cookie, so no other site can have it sent.

use std::time::Duration;

use gantry_arm::Guid;
use gantry_directory::Principal;
use gantry_model::Timestamp;
use gantry_oci::Form;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::EntraError;

/// A working day.
const SESSION: Duration = Duration::from_secs(8 * 60 * 60);
/// How long a form may lie open.
const FORM: Duration = Duration::from_secs(60 * 60);
/// How far the clocks of two nodes may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

const SESSION_PURPOSE: &str = "browser session";
const FORM_PURPOSE: &str = "form of a page";
/// The field that carries a form's token.
pub(super) const FORM_TOKEN: &str = "form_token";

/// A browser, and the request that it made.
pub(super) struct Browser<'c> {
    pub(super) call: &'c Call<'c>,
    /// Names the browser.
    key: String,
    is_new: bool,
    pub(super) session: Option<Session>,
}

/// Somebody who has signed in with a browser.
pub(super) struct Session {
    pub(super) person: Principal,
    pub(super) at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct SealedSession {
    user: Guid,
    epoch: i64,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct SealedForm {
    key: String,
    user: Option<Guid>,
    at: Timestamp,
}

impl<'c> Browser<'c> {
    /// Reads the cookies.
    pub(super) async fn of(call: &'c Call<'c>) -> Result<Self, EntraError> {
        let known = cookie(call, Cookie::Form).filter(|key| key.parse::<Guid>().is_ok());
        let (key, is_new) = match known {
            Some(key) => (key.to_owned(), false),
            None => (gantry_directory::new_id().to_string(), true),
        };
        Ok(Self { call, key, is_new, session: session(call).await? })
    }

    fn user(&self) -> Option<Guid> {
        self.session.as_ref().map(|session| session.person.id)
    }

    /// Notes that somebody has signed in; the cookie goes with the answer.
    pub(super) fn signed_in(&mut self, person: Principal) -> HeaderValue {
        let at = self.call.now();
        let sealed = SealedSession { user: person.id, epoch: person.epoch, at };
        let text = self.seal(SESSION_PURPOSE, &sealed);
        self.session = Some(Session { person, at });
        set_cookie(self.call, Cookie::Session, &text)
    }

    /// The token of a form for this browser.
    pub(super) fn form_token(&self) -> String {
        let form = SealedForm { key: self.key.clone(), user: self.user(), at: self.call.now() };
        self.seal(FORM_PURPOSE, &form)
    }

    /// The cookie that the forms of this browser need, where it hasn't got it.
    pub(super) fn cookies(&self) -> Vec<HeaderValue> {
        let made = self.is_new.then(|| set_cookie(self.call, Cookie::Form, &self.key));
        made.into_iter().collect()
    }

    /// Whether the form was made for this browser, and for whom it shows now.
    pub(super) fn check_form(&self, form: &Form) -> Result<(), EntraError> {
        let made = form.get(FORM_TOKEN).and_then(|token| self.open(FORM_PURPOSE, token));
        let fits = made.is_some_and(|made: SealedForm| {
            !self.is_new
                && made.key == self.key
                && made.user == self.user()
                && is_fresh(made.at, FORM, self.call.now())
        });
        match fits {
            true => Ok(()),
            false => Err(EntraError::stale_form()),
        }
    }

    /// A text that this browser is to bring back soon, and nobody reads on the way.
    pub(super) fn seal_note(&self, purpose: &str, note: &impl Serialize) -> String {
        self.seal(&format!("{purpose} {}", self.key), note)
    }

    pub(super) fn open_note<T: for<'de> Deserialize<'de>>(
        &self,
        purpose: &str,
        sealed: &str,
    ) -> Option<T> {
        self.open(&format!("{purpose} {}", self.key), sealed)
    }

    fn seal(&self, purpose: &str, what: &impl Serialize) -> String {
        let text = serde_json::to_string(what).expect("it is plain data");
        self.call.app.access.seal_text(purpose, &text)
    }

    fn open<T: for<'de> Deserialize<'de>>(&self, purpose: &str, sealed: &str) -> Option<T> {
        open(self.call, purpose, sealed)
    }
}

/// What ends the session.
pub(super) fn signed_out(call: &Call<'_>) -> HeaderValue {
    let text = format!("{}=; Max-Age=0", Cookie::Session.name(call));
    attributes(call, &text)
}

/// Whether what was made at `at` counts for `lifetime` still.
pub(super) fn is_fresh(at: Timestamp, lifetime: Duration, now: Timestamp) -> bool {
    at <= now.plus(LEEWAY) && now < at.plus(lifetime)
}

async fn session(call: &Call<'_>) -> Result<Option<Session>, EntraError> {
    let sealed = cookie(call, Cookie::Session);
    let sealed: Option<SealedSession> = sealed.and_then(|text| open(call, SESSION_PURPOSE, text));
    let Some(SealedSession { user, epoch, at }) = sealed else { return Ok(None) };
    if !is_fresh(at, SESSION, call.now()) {
        return Ok(None);
    }
    let person = call.directory().still_may_sign_in(user, epoch).await?;
    Ok(person.map(|person| Session { person, at }))
}

fn open<T: for<'de> Deserialize<'de>>(call: &Call<'_>, purpose: &str, text: &str) -> Option<T> {
    serde_json::from_str(&call.app.access.open_text(purpose, text)?).ok()
}

#[derive(Clone, Copy)]
enum Cookie {
    Session,
    Form,
}

impl Cookie {
    /// With TLS, a name that only this very host can set (RFC 6265bis, 4.1.3.2).
    fn name(self, call: &Call<'_>) -> &'static str {
        match (self, call.base.is_secure()) {
            (Self::Session, true) => "__Host-gantry-session",
            (Self::Session, false) => "gantry-session",
            (Self::Form, true) => "__Host-gantry-form",
            (Self::Form, false) => "gantry-form",
        }
    }
}

/// The cookie's value. Of two, nobody can tell which is ours.
fn cookie<'c>(call: &Call<'c>, which: Cookie) -> Option<&'c str> {
    let headers = call.parts.headers.get_all(header::COOKIE);
    let pairs = headers.iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    let mut ours = pairs.filter(|(name, _)| name.trim() == which.name(call));
    match (ours.next(), ours.next()) {
        (Some((_, value)), None) => Some(value.trim()),
        _ => None,
    }
}

fn set_cookie(call: &Call<'_>, which: Cookie, value: &str) -> HeaderValue {
    attributes(call, &format!("{}={value}", which.name(call)))
}

fn attributes(call: &Call<'_>, pair: &str) -> HeaderValue {
    let secure = if call.base.is_secure() { "; Secure" } else { "" };
    let text = format!("{pair}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).expect("ids and sealed texts are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_counts_for_a_while() {
        let made = Timestamp::from_micros(1_800_000_000_000_000);
        assert!(is_fresh(made, FORM, made));
        assert!(is_fresh(made, FORM, made.minus(LEEWAY)), "by a clock that is behind");
        assert!(!is_fresh(made, FORM, made.minus(LEEWAY * 2)), "not from the future");
        assert!(!is_fresh(made, FORM, made.plus(FORM)));
    }
}
