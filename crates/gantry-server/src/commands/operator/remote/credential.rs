//! Who signs in to a server on another machine: the environment says so, where no list of processes
//! shows it.

use gantry_directory::sign_in::AZURE_CLI;
use gantry_oci::Secret;

use super::super::super::Misuse;

const CLIENT_ID: &str = "GANTRY_CLIENT_ID";
const CLIENT_SECRET: &str = "GANTRY_CLIENT_SECRET";
const USERNAME: &str = "GANTRY_USERNAME";
const PASSWORD: &str = "GANTRY_PASSWORD";

/// With what somebody signs in.
#[derive(Debug)]
pub(super) enum Credential {
    /// An application, with one of its secrets.
    Application { id: String, secret: Secret },
    /// A person, by password alone.
    Person { name: String, password: Secret },
}

impl Credential {
    pub(super) fn of_environment() -> Result<Self, Misuse> {
        Self::of(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Misuse> {
        let [id, secret, name, password] =
            [CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD].map(variable);
        match (id, secret, name, password) {
            (Some(id), Some(secret), None, None) => {
                Ok(Self::Application { id, secret: Secret::new(secret) })
            }
            (None, None, Some(name), Some(password)) => {
                Ok(Self::Person { name, password: Secret::new(password) })
            }
            _ => Err(Misuse(format!(
                "say who signs in: set {CLIENT_ID} and {CLIENT_SECRET}, or {USERNAME} and {PASSWORD}, \
                 and not both"
            ))),
        }
    }

    /// Whom it is of.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Application { id, .. } => id,
            Self::Person { name, .. } => name,
        }
    }

    /// The form's parameters of a grant (RFC 6749, 4.3 and 4.4). A person signs in by the program that
    /// every directory knows.
    pub(super) fn grant(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Application { id, secret } => vec![
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret.expose()),
            ],
            Self::Person { name, password } => vec![
                ("grant_type", "password"),
                ("client_id", AZURE_CLI),
                ("username", name),
                ("password", password.expose()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_pairs_says_who_signs_in() {
        let of = |set: &[&str]| {
            let named = |name: &str| set.contains(&name).then(|| format!("{name}-value"));
            Credential::of(named).map(|found| found.name().to_owned())
        };
        assert_eq!(of(&[CLIENT_ID, CLIENT_SECRET]).unwrap(), "GANTRY_CLIENT_ID-value");
        assert_eq!(of(&[USERNAME, PASSWORD]).unwrap(), "GANTRY_USERNAME-value");
        for set in [
            &[][..],
            &[CLIENT_ID],
            &[CLIENT_ID, PASSWORD],
            &[CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD],
        ] {
            assert!(of(set).is_err(), "{set:?}");
        }
    }
}
