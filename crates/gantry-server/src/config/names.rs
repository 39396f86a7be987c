//! Names the server answers to.

use super::hosts::HostName;
use super::reader::Reader;

/// Names the server answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// A registry is at `<name>.<suffix>`.
    pub(crate) suffix: HostName,
    /// What else the default registry answers to, besides loopback and the listeners' addresses.
    pub(crate) hostnames: Vec<HostName>,
}

impl Names {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let default = "acr.localhost".parse().expect("the default suffix is a name");
        let suffix = reader.checked("suffix", default, |suffix: &HostName| {
            // TLS stacks refuse a wildcard right under a top-level name.
            match suffix.is_address() || !suffix.as_str().contains('.') {
                true => {
                    Err("a suffix is a name of two labels or more, like acr.localhost".to_owned())
                }
                false => Ok(()),
            }
        });
        let hostnames: Vec<_> = reader.list::<HostName>("hostnames", "none").unwrap_or_default();
        for (host, source) in &hostnames {
            if host.is_within(&suffix) {
                let problem = format!("{host} is under the suffix, where registries' names are");
                reader.mistake("hostnames", Some(source.clone()), problem);
            }
        }
        Self { suffix, hostnames: hostnames.into_iter().map(|(host, _)| host).collect() }
    }
}
