//! `/{tenant}/oauth2/v2.0/authorize`: a program sends a browser here so that somebody signs in (RFC
//! 6749, 4.1.1; OpenID Connect Core 1.0, 3.1.2).
//!
//! Nothing is sent to an address before the directory has allowed it for the program: until then errors
//! are pages here. A proof key by SHA-256 is required of every program. Nobody is asked for consent:
//! whoever may register a program is trusted with that.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use gantry_arm::Guid;
use gantry_directory::Principal;
use gantry_directory::sign_in::{AuthorizationRequest, CodeChallenge};
use gantry_oci::Form;
use http::{HeaderValue, Method};

use super::browser::{Browser, FORM_TOKEN, Session};
use super::problem;
use super::redirect::{Mode, Redirect};
use super::sign_in::{Problem, SignInPage, sign_in};
use crate::call::Call;
use crate::error::{EntraError, sentence};
use gantry_http_base::read_form;

pub(crate) async fn serve(call: &Call<'_>, body: Body) -> Response {
    match respond(call, body).await {
        Ok(response) => response,
        Err(error) => problem(call, &error),
    }
}

async fn respond(call: &Call<'_>, body: Body) -> Result<Response, EntraError> {
    let query = call.parts.uri.query().unwrap_or_default();
    let sent = match call.parts.method {
        Method::POST => Some(read_form(body, call.app.body_timeout, &[]).await?),
        _ => None,
    };
    let browser = Browser::of(call).await?;
    match sent {
        None => asked(browser, &Form::parse(query.as_bytes(), &[])?).await,
        // Our own form carries the question in its address.
        Some(form) if form.get(FORM_TOKEN).is_some() => {
            browser.check_form(&form)?;
            filled_in(browser, &Form::parse(query.as_bytes(), &[])?, &form).await
        }
        Some(form) => asked(browser, &form).await,
    }
}

/// A program asks. Whoever has signed in goes straight back, unless it wants otherwise.
async fn asked(browser: Browser<'_>, form: &Form) -> Result<Response, EntraError> {
    let back = Back::of(browser.call, form).await?;
    let question = match Question::of(&back, form, browser.call) {
        Ok(question) => question,
        Err(refusal) => return back.refuse(browser.call, &refusal),
    };
    match (&browser.session, question.prompt) {
        (Some(session), Prompt::IfNeeded | Prompt::Never)
            if question.is_recent(session, &browser) =>
        {
            let person = session.person.clone();
            back.grant(browser.call, question, &person, Vec::new()).await
        }
        (_, Prompt::Never) => {
            let description = "Nobody has signed in with this browser.";
            back.refuse(browser.call, &Refusal::new("login_required", description))
        }
        _ => Ok(page(&browser, &back, &question, form, Problem::none())),
    }
}

/// Somebody has filled in our form.
async fn filled_in(
    mut browser: Browser<'_>,
    asked: &Form,
    filled: &Form,
) -> Result<Response, EntraError> {
    let call = browser.call;
    let back = Back::of(call, asked).await?;
    let question = match Question::of(&back, asked, call) {
        Ok(question) => question,
        Err(refusal) => return back.refuse(call, &refusal),
    };
    if filled.get("continue").is_some() {
        return match &browser.session {
            Some(session) if question.may_continue(session, &browser) => {
                let person = session.person.clone();
                back.grant(call, question, &person, Vec::new()).await
            }
            _ => Ok(page(&browser, &back, &question, asked, Problem::none())),
        };
    }
    match sign_in(&browser, filled).await? {
        Ok(person) => {
            let cookie = browser.signed_in(person.clone());
            back.grant(call, question, &person, vec![cookie]).await
        }
        Err(problem) => Ok(page(&browser, &back, &question, asked, problem)),
    }
}

fn page(
    browser: &Browser<'_>,
    back: &Back,
    question: &Question,
    asked: &Form,
    problem: Problem,
) -> Response {
    let action = format!("{}?{}", browser.call.parts.uri.path(), asked.to_query());
    let session = browser.session.as_ref();
    let present = session.filter(|session| question.may_continue(session, browser));
    SignInPage {
        action: &action,
        carries: &[],
        program: &back.program,
        name: asked.get("login_hint").unwrap_or_default(),
        present: present.map(|session| session.person.name.as_str()),
        leads_to: back.redirect.source(),
    }
    .answer(browser, problem)
}

/// The program, and the way back to it.
struct Back {
    client: Guid,
    program: String,
    redirect: Redirect,
    state: Option<String>,
}

impl Back {
    /// Finds the program, and checks that its users are sent back where they may be.
    async fn of(call: &Call<'_>, form: &Form) -> Result<Self, EntraError> {
        let directory = call.directory();
        let client = form.required("client_id")?;
        let client = client.parse().map_err(|_| EntraError::unknown_client())?;
        let name = directory.client_name(client).await?;
        let program = name.ok_or_else(EntraError::unknown_client)?;
        let address = form.required("redirect_uri")?;
        if !directory.check_redirect(client, address).await? {
            return Err(EntraError::wrong_redirect());
        }
        // One that isn't known is refused later, by a query.
        let mode = form.get("response_mode").and_then(Mode::parse).unwrap_or(Mode::Query);
        let redirect = Redirect { address: address.to_owned(), mode };
        Ok(Self { client, program, redirect, state: form.get("state").map(str::to_owned) })
    }

    /// Sends the browser back with a code.
    async fn grant(
        &self,
        call: &Call<'_>,
        question: Question,
        person: &Principal,
        cookies: Vec<HeaderValue>,
    ) -> Result<Response, EntraError> {
        let code = call.directory().make_code(question.request, person).await?;
        self.answer(call, &[("code", code.expose())], cookies)
    }

    /// Sends the browser back with an error (RFC 6749, 4.1.2.1).
    fn refuse(&self, call: &Call<'_>, refusal: &Refusal) -> Result<Response, EntraError> {
        let parameters =
            [("error", refusal.error), ("error_description", refusal.description.as_str())];
        self.answer(call, &parameters, Vec::new())
    }

    fn answer(
        &self,
        call: &Call<'_>,
        parameters: &[(&str, &str)],
        cookies: Vec<HeaderValue>,
    ) -> Result<Response, EntraError> {
        // RFC 9207: whom the answer is from.
        let issuer = format!("{}/v2.0", call.issuer);
        let mut all = parameters.to_vec();
        all.extend(self.state.as_deref().map(|state| ("state", state)));
        all.push(("iss", &issuer));
        self.redirect.answer(&all, cookies)
    }
}

/// What a program is told that asks for what it can't have.
struct Refusal {
    error: &'static str,
    description: String,
}

impl Refusal {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }
}

/// When somebody is asked to sign in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    /// Whoever has signed in may say so and go on.
    Choose,
    Always,
}

/// What a program asks for.
struct Question {
    request: AuthorizationRequest,
    prompt: Prompt,
    /// How long ago somebody may have signed in.
    max_age: Option<Duration>,
}

impl Question {
    fn of(back: &Back, form: &Form, call: &Call<'_>) -> Result<Self, Refusal> {
        let invalid = |description: &str| Refusal::new("invalid_request", description);
        for (name, error) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
            ("registration", "registration_not_supported"),
        ] {
            if form.get(name).is_some() {
                return Err(Refusal::new(error, format!("{name} is not supported.")));
            }
        }
        match form.get("response_type") {
            Some("code") => {}
            None => return Err(invalid("response_type is missing.")),
            Some(_) => {
                let description = "response_type must be code.";
                return Err(Refusal::new("unsupported_response_type", description));
            }
        }
        if form.get("response_mode").is_some_and(|mode| Mode::parse(mode).is_none()) {
            return Err(invalid("response_mode must be query, fragment or form_post."));
        }
        let scope = form.get("scope").ok_or_else(|| invalid("scope is missing."))?;
        call.directory()
            .check_scope(scope, &call.issuer)
            .map_err(|error| Refusal::new("invalid_scope", sentence(&error.to_string())))?;
        let challenge = form.get("code_challenge").unwrap_or_default();
        // Without a method it is `plain` (RFC 7636, 4.3).
        let method = form.get("code_challenge_method").unwrap_or("plain");
        let challenge = CodeChallenge::parse(challenge, method);
        let challenge = challenge.ok_or_else(|| {
            invalid("A proof key is required: code_challenge, by code_challenge_method S256.")
        })?;
        let prompt = match form.get("prompt") {
            None => Prompt::IfNeeded,
            Some("none") => Prompt::Never,
            Some("select_account") => Prompt::Choose,
            Some("login" | "consent" | "login consent" | "consent login") => Prompt::Always,
            Some(_) => return Err(invalid("prompt must be none, login or select_account.")),
        };
        let max_age = match form.get("max_age").map(str::parse).transpose() {
            Ok(seconds) => seconds.map(Duration::from_secs),
            Err(_) => return Err(invalid("max_age must be a number of seconds.")),
        };
        let request = AuthorizationRequest {
            client: back.client,
            redirect_uri: back.redirect.address.clone(),
            scope: scope.to_owned(),
            challenge,
            nonce: form.get("nonce").map(str::to_owned),
        };
        Ok(Self { request, prompt, max_age })
    }

    /// Whether somebody has signed in as lately as the program wants.
    fn is_recent(&self, session: &Session, browser: &Browser<'_>) -> bool {
        let since = |age: Duration| browser.call.now().minus(age);
        self.max_age.is_none_or(|age| session.at > since(age))
    }

    fn may_continue(&self, session: &Session, browser: &Browser<'_>) -> bool {
        matches!(self.prompt, Prompt::IfNeeded | Prompt::Choose) && self.is_recent(session, browser)
    }
}
