//! `[tls]`

use std::path::PathBuf;
use std::str::FromStr;

use gantry_edge::{CertificateFiles, TlsMinimum};

use super::reader::Reader;
use super::setting::TextSetting;

/// `[tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Certificates from files; the local CA's covers the rest.
    pub(crate) certificates: Vec<CertificateFiles>,
    /// The oldest version spoken.
    pub(crate) minimum: TlsMinimum,
}

impl Tls {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let certificates = reader.tables("tls.certificates", |table, source| {
            let certificate = table.required::<PathBuf>("cert", source);
            let key = table.required::<PathBuf>("key", source);
            Some(CertificateFiles { certificate: certificate?, key: key? })
        });
        Self {
            certificates,
            minimum: reader.setting("tls.min_version", Minimum(TlsMinimum::Tls12)).0,
        }
    }
}

struct Minimum(TlsMinimum);

#[derive(Debug, thiserror::Error)]
#[error("this server speaks TLS 1.2 and 1.3: write \"1.2\" or \"1.3\"")]
struct MinimumError;

impl FromStr for Minimum {
    type Err = MinimumError;

    fn from_str(text: &str) -> Result<Self, MinimumError> {
        match text {
            "1.2" => Ok(Self(TlsMinimum::Tls12)),
            "1.3" => Ok(Self(TlsMinimum::Tls13)),
            _ => Err(MinimumError),
        }
    }
}

impl std::fmt::Display for Minimum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            TlsMinimum::Tls12 => "1.2",
            TlsMinimum::Tls13 => "1.3",
        })
    }
}

impl TextSetting for Minimum {
    const WANTED: &'static str = "\"1.2\" or \"1.3\"";
}
