//! The form in which people sign in: name, password, and a code where one is needed.

use std::time::Duration;

use axum::response::Response;
use gantry_directory::Principal;
use gantry_directory::sign_in::SignInError;
use gantry_model::Timestamp;
use gantry_model::audit::AuditAction;
use gantry_oci::{Form, Secret};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::browser::{Browser, FORM_TOKEN, is_fresh};
use super::html::{Page, escape, hidden};
use crate::error::EntraError;

/// What is sealed while somebody looks up their code: name and password, so that they needn't write
/// them twice.
const NOTE_PURPOSE: &str = "sign-in that needs a code";
const NOTE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A form to sign in with.
pub(super) struct SignInPage<'a> {
    /// Where it is sent, from the root.
    pub(super) action: &'a str,
    /// What it carries besides.
    pub(super) carries: &'a [(&'a str, &'a str)],
    /// Which program somebody signs in to.
    pub(super) program: &'a str,
    /// The name that is there already.
    pub(super) name: &'a str,
    /// Who may go on without signing in again.
    pub(super) present: Option<&'a str>,
    /// Where the browser goes from it, other than here.
    pub(super) leads_to: Option<String>,
}

/// Why somebody has not signed in.
pub(super) struct Problem {
    text: Option<String>,
    status: StatusCode,
    retry_after: Option<u64>,
    /// What comes back with the code.
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Note {
    name: String,
    password: String,
    at: Timestamp,
}

/// Signs in whoever filled in the form, or says what is to be shown.
pub(super) async fn sign_in(
    browser: &Browser<'_>,
    form: &Form,
) -> Result<Result<Principal, Problem>, EntraError> {
    let call = browser.call;
    let (name, password) = match form.get("note") {
        Some(sealed) => {
            let note: Option<Note> = browser.open_note(NOTE_PURPOSE, sealed);
            match note.filter(|note| is_fresh(note.at, NOTE_LIFETIME, call.now())) {
                Some(note) => (note.name, note.password),
                None => return Ok(Err(Problem::new("It took too long. Sign in again."))),
            }
        }
        None => match (form.get("username"), form.get("password")) {
            (Some(name), Some(password)) => (name.trim().to_owned(), password.to_owned()),
            _ => return Ok(Err(Problem::new("Enter your user name and your password."))),
        },
    };
    let secret = Secret::new(password.as_str());
    let tried = call.directory().sign_in_person(&name, &secret, form.get("code"), call.context());
    let action = AuditAction::DirectorySignIn;
    match tried.await {
        Ok(person) => {
            call.note_granted(action, person.id, "browser".to_owned());
            Ok(Ok(person))
        }
        Err(error @ SignInError::Catalog(_)) => Err(error.into()),
        Err(error) => {
            let needs_code = matches!(error, SignInError::CodeNeeded | SignInError::CodeWrong);
            if !matches!(error, SignInError::CodeNeeded | SignInError::Password(_)) {
                call.note_refused(action, &name, format!("browser: {error}"));
            }
            let is_first = matches!(error, SignInError::CodeNeeded);
            let note = needs_code.then(|| {
                let note = Note { name, password, at: call.now() };
                browser.seal_note(NOTE_PURPOSE, &note)
            });
            let EntraError { description, status, retry_after, .. } = error.into();
            let text = (!is_first).then_some(description);
            let status = if is_first { StatusCode::OK } else { status };
            Ok(Err(Problem { text, status, retry_after, note }))
        }
    }
}

impl Problem {
    /// Nothing was tried yet.
    pub(super) fn none() -> Self {
        Self { text: None, status: StatusCode::OK, retry_after: None, note: None }
    }

    fn new(text: &str) -> Self {
        let text = Some(text.to_owned());
        Self { text, status: StatusCode::BAD_REQUEST, ..Self::none() }
    }
}

impl SignInPage<'_> {
    pub(super) fn answer(self, browser: &Browser<'_>, problem: Problem) -> Response {
        let Problem { text, status, retry_after, note } = problem;
        let alert = text.as_deref().map_or(String::new(), |text| {
            format!("<p role=\"alert\" class=\"problem\" id=\"problem\">{}</p>\n", escape(text))
        });
        let described = if text.is_some() { " aria-describedby=\"problem\"" } else { "" };
        let fields = match &note {
            Some(note) => hidden("note", note) + &code_field(described),
            None => name_and_password(self.name, described),
        };
        let form = self.form(browser, &fields, "<button>Sign in</button>");
        let present = match (self.present, &note) {
            (Some(name), None) => {
                let text = format!("<button class=\"other\">Continue as {}</button>", escape(name));
                self.form(browser, &hidden("continue", "1"), &text)
            }
            _ => String::new(),
        };
        let title = format!("<h1>Sign in to {}</h1>\n", escape(self.program));
        Page {
            title: "Sign in",
            body: format!("{title}{alert}{form}{present}"),
            leads_to: self.leads_to,
            cookies: browser.cookies(),
            is_sent_at_once: false,
        }
        .answer(status, retry_after)
    }

    fn form(&self, browser: &Browser<'_>, fields: &str, button: &str) -> String {
        let carried: String =
            self.carries.iter().map(|(name, value)| hidden(name, value)).collect();
        let token = hidden(FORM_TOKEN, &browser.form_token());
        let action = escape(self.action);
        format!(
            "<form method=\"post\" action=\"{action}\">\n{token}{carried}{fields}{button}\n</form>\n"
        )
    }
}

fn name_and_password(name: &str, described: &str) -> String {
    let (at_name, at_password) = match name {
        "" => (" autofocus", ""),
        _ => ("", " autofocus"),
    };
    format!(
        "<label for=\"username\">User name</label>\n\
         <input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" placeholder=\"name@domain\" required \
         value=\"{}\"{at_name}{described}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required{at_password}{described}>\n",
        escape(name)
    )
}

fn code_field(described: &str) -> String {
    format!(
        "<label for=\"code\">Code from your authenticator app</label>\n\
         <input id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" \
         autocomplete=\"one-time-code\" pattern=\"[0-9 ]*\" required autofocus{described}>\n"
    )
}
