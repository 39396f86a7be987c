//! GUIDs: the ids of subscriptions, principals, roles and their assignments.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::text::serde_as_text;

/// A GUID, such as `7f951dda-4ed3-4680-a7ca-43fe172d538d`.
///
/// Only the hyphenated form parses, in either case, since it is the only one that
/// ARM's ids have; it prints in lower case. So two texts of one GUID are one key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(Uuid);

/// A text is no [`Guid`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a GUID: expected the form 00000000-0000-0000-0000-000000000000")]
pub struct GuidError;

impl Guid {
    /// The length of the text of every GUID, in bytes.
    pub const LEN: usize = 36;

    /// The GUID of these bytes, in the order that they print.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The bytes, in the order that they print.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The GUID that a name has in a namespace, the same each time: version 5 of
    /// RFC 9562 (section 5.5).
    #[must_use]
    pub fn derived(namespace: Self, name: &str) -> Self {
        Self(Uuid::new_v5(&namespace.0, name.as_bytes()))
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        // The parser takes other forms too, each of another length.
        if text.len() != Self::LEN {
            return Err(GuidError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| GuidError)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(Guid, "a GUID");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_parses_and_lower_case_prints() {
        let lower = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
        let guid: Guid = lower.to_uppercase().parse().unwrap();
        assert_eq!(guid.to_string(), lower);
        assert_eq!(Guid::from_bytes(*guid.as_bytes()), guid);
        assert_eq!(serde_json::to_string(&guid).unwrap(), format!("{lower:?}"));
        assert_eq!(serde_json::from_str::<Guid>(&format!("{lower:?}")).unwrap(), guid);
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "7f951dda4ed34680a7ca43fe172d538d",
            "{7f951dda-4ed3-4680-a7ca-43fe172d538d}",
            "urn:uuid:7f951dda-4ed3-4680-a7ca-43fe172d538d",
            "7f951dda-4ed3-4680-a7ca-43fe172d538",
            "7f951dda-4ed3-4680-a7ca-43fe172d538g",
            "7f951dda-4ed34-680-a7ca-43fe172d538d",
            "7f951dda-4ed3-4680-a7ca-43fe172d538\u{e9}",
            " 7f951dda-4ed3-4680-a7ca-43fe172d538",
            "7f951dda_4ed3_4680_a7ca_43fe172d538d",
        ] {
            assert_eq!(text.parse::<Guid>(), Err(GuidError), "{text:?}");
        }
    }

    #[test]
    fn derived_guids_are_those_of_the_rfc() {
        // RFC 9562, appendix A.4: the DNS namespace and www.example.com.
        let dns: Guid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap();
        let derived = Guid::derived(dns, "www.example.com");
        assert_eq!(derived.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
