//! A browser that keeps cookies, follows nothing, and fills in forms.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use reqwest::RequestBuilder;

use crate::support::Server;

pub(super) struct Browser {
    client: reqwest::Client,
    base: String,
    pub(super) cookies: BTreeMap<String, String>,
}

/// What it shows.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Browser {
    pub(super) fn of(server: &Server) -> Self {
        let client = server.client(|client| client.redirect(reqwest::redirect::Policy::none()));
        let base = format!("http://localhost:{}", server.port());
        Self { client, base, cookies: BTreeMap::new() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub(super) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self.client.request(Method::POST, format!("{}{path}", self.base)).form(form);
        self.send(request).await
    }

    /// Sends the page's first form, with these fields filled in.
    pub(super) async fn fill_in(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let hidden = page.hidden();
        let mut form: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.extend(fields);
        self.post(&page.action(), &form).await
    }

    async fn send(&mut self, request: RequestBuilder) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header("cookie", cookies.join("; ")),
        };
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("; HttpOnly; SameSite=Lax"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            match text.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, text: answer.text().await.unwrap() }
    }
}

impl Page {
    /// Where the browser is sent, if it is.
    pub(super) fn location(&self) -> Option<&str> {
        Some(self.headers.get("location")?.to_str().unwrap())
    }

    /// A parameter that it is sent there with.
    pub(super) fn sent(&self, name: &str) -> Option<String> {
        let location = reqwest::Url::parse(self.location()?).unwrap();
        let mut pairs = location.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn action(&self) -> String {
        unescape(between(&self.text, "action=\"", "\"").expect("the page has a form"))
    }

    /// The hidden fields of the first form.
    pub(super) fn hidden(&self) -> Vec<(String, String)> {
        let form = between(&self.text, "<form", "</form>").unwrap();
        form.split("<input type=\"hidden\" ")
            .skip(1)
            .map(|input| {
                let part = |name| unescape(between(input, name, "\"").unwrap());
                (part("name=\""), part("value=\""))
            })
            .collect()
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}
