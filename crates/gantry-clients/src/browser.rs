//! A person with a browser, as far as the sign-in's pages need one: `curl` with a jar for cookies.

use crate::{Client, Cloud};

/// A page, and what the browser keeps.
#[derive(Debug)]
pub struct Browser {
    curl: Client,
    base: String,
    html: String,
}

impl Browser {
    /// Opens an address in a browser that knows nothing yet.
    pub fn open(cloud: &Cloud, address: &str) -> Self {
        let jar = ["--location", "--cookie-jar", "cookies", "--cookie", "cookies"];
        let curl = jar.iter().fold(cloud.curl(), Client::option);
        let html = curl.run([address]);
        Self { curl, base: cloud.base().to_owned(), html }
    }

    /// Enters what a person does into the page's form, and sends it with what the page has put in it.
    ///
    /// # Panics
    /// When the page has no such form.
    pub fn fill_in(&mut self, entered: &[(&str, &str)]) {
        let form = between(&self.html, "<form", "</form>");
        let action = attribute(form, "action").expect("the form says where it goes");
        let mut fields: Vec<(&str, &str)> = form
            .split("<input")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or(rest))
            .filter_map(|tag| {
                Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or("")))
            })
            .collect();
        for (name, value) in entered {
            assert!(form.contains(&format!(" name=\"{name}\"")), "no {name} in {}", self.html);
            fields.retain(|(field, _)| field != name);
            fields.push((name, value));
        }
        let fields = fields
            .iter()
            .flat_map(|(name, value)| ["--data-urlencode".to_owned(), format!("{name}={value}")]);
        let origin = ["--header".to_owned(), format!("Origin: {}", self.base)];
        let address = [format!("{}{action}", self.base)];
        self.html = self.curl.run(fields.chain(origin).chain(address));
    }
}

fn attribute<'h>(tag: &'h str, name: &str) -> Option<&'h str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split(after).next().unwrap_or(rest)
}
