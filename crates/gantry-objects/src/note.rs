//! What a draft's note says.

use gantry_blobs::Draft;
use serde::{Deserialize, Serialize};

/// How a draft lies in the store: a multipart upload of whole parts, then a tail too short for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Bytes in parts.
    #[serde(rename = "p", default)]
    pub(crate) in_parts: u64,
    /// The multipart upload, from the first whole part on.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub(crate) multipart: Option<Multipart>,
    /// The object with the tail, where there is one.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) tail: Option<Tail>,
    /// Tails that count no more.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stale: Vec<String>,
}

/// A multipart upload under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Multipart {
    /// The version of the upload's key that it makes.
    #[serde(rename = "v")]
    pub(crate) version: String,
    /// Its id at the store.
    #[serde(rename = "i")]
    pub(crate) id: String,
    /// Its parts, in order, as the store names them.
    #[serde(rename = "c")]
    pub(crate) parts: Vec<String>,
}

/// An object with bytes that are too few for a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tail {
    #[serde(rename = "n")]
    pub(crate) name: String,
    #[serde(rename = "l")]
    pub(crate) length: u64,
}

impl Note {
    /// The note of a draft; where it doesn't account for every byte, how many it does account for.
    pub(crate) fn of(draft: &Draft) -> Result<Self, u64> {
        let note: Self = match draft.note() {
            [] => Self::default(),
            text => serde_json::from_slice(text).map_err(|_| 0_u64)?,
        };
        let stored = note.length(draft);
        if stored == draft.length() { Ok(note) } else { Err(stored) }
    }

    /// How many bytes it accounts for, with those that the draft has in memory.
    pub(crate) fn length(&self, draft: &Draft) -> u64 {
        let gathered: u64 = draft.gathered().iter().map(|bytes| bytes.len() as u64).sum();
        self.in_parts + self.tail.as_ref().map_or(0, |tail| tail.length) + gathered
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a note is plain data")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_note_accounts_for_every_byte_or_is_refused() {
        let note = Note {
            in_parts: 8,
            multipart: Some(Multipart {
                version: "v".into(),
                id: "i".into(),
                parts: vec!["e".into()],
            }),
            tail: Some(Tail { name: "n".into(), length: 3 }),
            stale: vec!["o".into()],
        };
        assert_eq!(Note::of(&Draft::resume(11, note.to_bytes())), Ok(note.clone()));
        assert_eq!(Note::of(&Draft::resume(12, note.to_bytes())), Err(11));
        assert_eq!(Note::of(&Draft::resume(1, Vec::new())), Err(0));
        assert_eq!(Note::of(&Draft::resume(1, b"?".to_vec())), Err(0));
        let gathered = Draft::resume(12, note.to_bytes()).gathering(vec![Bytes::from_static(b"x")]);
        assert_eq!(Note::of(&gathered), Ok(note));
    }
}
