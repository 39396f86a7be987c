//! A database's address: what the client library reads, and the few keys of `libpq` that it doesn't.

use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;

use crate::DbError;

/// A database's address, read.
pub(super) struct DatabaseUrl {
    pub(super) config: Config,
    /// `sslrootcert`: a PEM file with the certificates to trust besides the system's.
    pub(super) root_certificates: Option<PathBuf>,
}

impl DatabaseUrl {
    /// Reads a URL, or `key=value` pairs as for `psql`.
    ///
    /// `sslmode` is as in `libpq`, but that a certificate is verified wherever TLS is used, so
    /// `require`, `verify-ca` and `verify-full` mean the same.
    pub(super) fn parse(text: &str) -> Result<Self, DbError> {
        let (text, root_certificates) = match text.split_once('?') {
            Some((address, query)) if address.contains("://") => {
                let (query, root) = own_keys(query, '&');
                (format!("{address}?{query}"), root)
            }
            None if text.contains("://") => (text.to_owned(), None),
            _ => own_keys(text, ' '),
        };
        // The parser's error can't quote the URL's password: it names keys only.
        let config = Config::from_str(&text)
            .map_err(|error| DbError::Other(format!("the database URL: {error}")))?;
        Ok(Self { config, root_certificates })
    }
}

/// Takes the keys that the library doesn't know out of a list of them.
fn own_keys(list: &str, separator: char) -> (String, Option<PathBuf>) {
    let mut root = None;
    let kept: Vec<&str> = list
        .split(separator)
        .map(|pair| match pair.split_once('=') {
            Some(("sslrootcert", path)) => {
                let path = form_urlencoded::parse(format!("p={path}").as_bytes())
                    .next()
                    .map_or_else(PathBuf::new, |(_, path)| PathBuf::from(path.as_ref()));
                root = Some(path);
                ""
            }
            Some(("sslmode", "verify-ca" | "verify-full")) => "sslmode=require",
            _ => pair,
        })
        .filter(|pair| !pair.is_empty())
        .collect();
    (kept.join(&separator.to_string()), root)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::{SslMode, TargetSessionAttrs};

    use super::*;

    #[test]
    fn keys_of_libpq_are_understood() {
        let url = "postgres://u:p@one:5432,two:5433/db?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem&target_session_attrs=read-write";
        let DatabaseUrl { config, root_certificates } = DatabaseUrl::parse(url).unwrap();
        assert_eq!(root_certificates, Some("/etc/ca s.pem".into()));
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        assert_eq!(config.get_hosts().len(), 2);
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);

        let pairs = "host=one sslmode=verify-ca sslrootcert=/ca.pem dbname=db";
        let DatabaseUrl { config, root_certificates } = DatabaseUrl::parse(pairs).unwrap();
        assert_eq!(root_certificates, Some("/ca.pem".into()));
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn a_mistake_is_told_without_the_password() {
        let error = DatabaseUrl::parse("postgres://u:hunter2@h/db?nonsense=1").err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
