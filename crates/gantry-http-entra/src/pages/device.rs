//! `/devicelogin`: somebody signs in for a device that has no browser (RFC 8628, 3.3).
//!
//! Which program waits for a code is told to those who have signed in, and nothing is granted before
//! they have seen it and said so: whoever sent somebody else's code must not get far with it (RFC 8628,
//! 5.4).

use axum::body::Body;
use axum::response::Response;
use gantry_directory::Attempt;
use gantry_directory::sign_in::SignInError;
use gantry_model::audit::AuditAction;
use gantry_oci::Form;
use http::{Method, StatusCode};

use super::browser::{Browser, FORM_TOKEN};
use super::html::{Page, escape, hidden};
use super::problem;
use super::sign_in::{Problem, SignInPage, sign_in};
use crate::call::Call;
use crate::device_code::grouped;
use crate::error::EntraError;
use gantry_http_base::read_form;

const PATH: &str = "/devicelogin";

pub(crate) async fn serve(call: &Call<'_>, body: Body) -> Response {
    match respond(call, body).await {
        Ok(response) => response,
        Err(error) => problem(call, &error),
    }
}

async fn respond(call: &Call<'_>, body: Body) -> Result<Response, EntraError> {
    if call.parts.method != Method::POST {
        let query = Form::parse(call.parts.uri.query().unwrap_or_default().as_bytes(), &[])?;
        let code = query.get("user_code").or_else(|| query.get("otc")).unwrap_or_default();
        return Ok(enter_code(&Browser::of(call).await?, code, None));
    }
    let form = read_form(body, call.app.body_timeout, &[]).await?;
    let mut browser = Browser::of(call).await?;
    browser.check_form(&form)?;
    let Some(code) = form.get("user_code") else {
        return Ok(enter_code(&browser, "", Some("Enter the code that your device shows.")));
    };
    if browser.session.is_some() {
        return decide(&browser, code, form.get("decision"), Vec::new()).await;
    }
    let tries = form.get("username").is_some() || form.get("note").is_some();
    let outcome = match tries {
        true => sign_in(&browser, &form).await?,
        false => Err(Problem::none()),
    };
    match outcome {
        Ok(person) => {
            let cookie = browser.signed_in(person);
            decide(&browser, code, None, vec![cookie]).await
        }
        Err(problem) => Ok(SignInPage {
            action: PATH,
            carries: &[("user_code", code)],
            program: "your device",
            name: "",
            present: None,
            leads_to: None,
        }
        .answer(&browser, problem)),
    }
}

/// Shows what waits for the code, or does what was decided.
async fn decide(
    browser: &Browser<'_>,
    code: &str,
    decision: Option<&str>,
    cookies: Vec<http::HeaderValue>,
) -> Result<Response, EntraError> {
    let call = browser.call;
    let directory = call.directory();
    let Some(session) = &browser.session else { return Err(EntraError::stale_form()) };
    let person = &session.person;
    let id = person.id.to_string();
    let attempt = Attempt { account: &id, address: call.address() };
    let permit = directory.admit(attempt).await.map_err(SignInError::from)?;
    let found = directory.find_device(code).await;
    match found {
        Ok(None) => permit.fail().await,
        Ok(Some(_)) | Err(_) => permit.leave(),
    }
    let Some(device) = found? else {
        let text = "No device waits for this code. It may have expired: look again, or start over.";
        let mut response = enter_code(browser, code, Some(text));
        for cookie in cookies {
            response.headers_mut().append(http::header::SET_COOKIE, cookie);
        }
        return Ok(response);
    };
    let client = device.client.parse().map_err(|_| EntraError::unknown_client())?;
    let program = directory.client_name(client).await?.ok_or_else(EntraError::unknown_client)?;
    let approved = match decision {
        Some("approve") => true,
        Some("decline") => false,
        _ => return Ok(ask(browser, &program, &device.scope, &device.user_code, cookies)),
    };
    if !directory.decide_device(&device, person, approved).await? {
        let text = "Somebody has decided on this code before.";
        return Ok(enter_code(browser, "", Some(text)));
    }
    let said = if approved { "approved" } else { "declined" };
    call.note_granted(AuditAction::DirectorySignIn, person.id, format!("device {said}: {program}"));
    let body = match approved {
        true => format!(
            "<h1>You have signed in</h1>\n<p>{} goes on by itself. You can close this window.</p>",
            escape(&program)
        ),
        false => format!(
            "<h1>Declined</h1>\n<p>{} gets nothing. You can close this window.</p>",
            escape(&program)
        ),
    };
    let title = if approved { "Signed in" } else { "Declined" };
    Ok(Page { title, body, cookies, ..Page::default() }.answer(StatusCode::OK, None))
}

fn enter_code(browser: &Browser<'_>, code: &str, problem: Option<&str>) -> Response {
    let (alert, described) = match problem {
        Some(text) => (
            format!("<p role=\"alert\" class=\"problem\" id=\"problem\">{}</p>\n", escape(text)),
            " aria-describedby=\"problem\"",
        ),
        None => (String::new(), ""),
    };
    let body = format!(
        "<h1>Sign in for a device</h1>\n{alert}\
         <p>Only go on if you started this yourself: whoever gave you a code would sign in as \
         you.</p>\n\
         <form method=\"post\" action=\"{PATH}\">\n{}\
         <label for=\"user_code\">Code that the device shows</label>\n\
         <input id=\"user_code\" name=\"user_code\" type=\"text\" autocomplete=\"off\" \
         autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"32\" required autofocus \
         value=\"{}\"{described}>\n<button>Next</button>\n</form>",
        hidden(FORM_TOKEN, &browser.form_token()),
        escape(code)
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let cookies = browser.cookies();
    Page { title: "Sign in for a device", body, cookies, ..Page::default() }.answer(status, None)
}

fn ask(
    browser: &Browser<'_>,
    program: &str,
    scope: &str,
    user_code: &str,
    mut cookies: Vec<http::HeaderValue>,
) -> Response {
    let name = browser.session.as_ref().map_or("", |session| session.person.name.as_str());
    let wants: String = scope
        .split(' ')
        .filter_map(wish)
        .map(|wish| format!("<li>{}</li>\n", escape(&wish)))
        .collect();
    let code = grouped(user_code);
    let body = format!(
        "<h1>Let {program} sign in as you?</h1>\n\
         <p>A device that shows the code <strong>{code}</strong> asks to act as \
         <strong>{name}</strong>, with:</p>\n<ul>\n{wants}</ul>\n\
         <p>Only go on if you started this yourself on a device of yours.</p>\n\
         <form method=\"post\" action=\"{PATH}\">\n{}{}\
         <button name=\"decision\" value=\"approve\">Sign in</button>\n\
         <button class=\"other\" name=\"decision\" value=\"decline\">Decline</button>\n</form>\n\
         <p class=\"small\"><a href=\"/common/oauth2/v2.0/logout\">Sign out</a> if this isn’t you.</p>",
        hidden(FORM_TOKEN, &browser.form_token()),
        hidden("user_code", &code),
        program = escape(program),
        code = escape(&code),
        name = escape(name),
    );
    cookies.extend(browser.cookies());
    Page { title: "Sign in for a device", body, cookies, ..Page::default() }
        .answer(StatusCode::OK, None)
}

/// What a word of a scope means to people.
fn wish(word: &str) -> Option<String> {
    match word {
        "" | "openid" | "email" => None,
        "profile" => Some("your name".to_owned()),
        "offline_access" => Some("access also while you are away".to_owned()),
        word => {
            Some(format!("access to {}", word.trim_end_matches(".default").trim_end_matches('/')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_in_words() {
        let told = |scope: &str| scope.split(' ').filter_map(wish).collect::<Vec<_>>();
        assert_eq!(
            told("https://management.core.windows.net//.default offline_access openid profile"),
            [
                "access to https://management.core.windows.net",
                "access also while you are away",
                "your name"
            ]
        );
    }
}
