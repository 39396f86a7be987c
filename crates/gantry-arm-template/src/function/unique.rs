//! Names made from texts: `guid` and `uniqueString`.

use serde_json::Value;
use uuid::{Uuid, uuid};

use super::{Arguments, Function, MANY};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] =
    &[Function::pure("guid", 1..=MANY, guid), Function::pure("uniqueString", 1..=MANY, unique)];

/// The namespace of Azure Resource Manager's GUIDs.
const NAMESPACE: Uuid = uuid!("11fb06fb-712d-4ddd-98c7-e71bbd588830");

/// A GUID from a name (RFC 9562, version 5): all texts joined by hyphens.
fn guid(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let name = arguments.texts()?.join("-");
    Ok(Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string().into())
}

/// The hash of all texts joined by hyphens, as 13 letters and digits.
fn unique(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    Ok(base32(murmur(arguments.texts()?.join("-").as_bytes())).into())
}

/// The hash that Azure uses, so that names are the same there and here: a MurmurHash3 of
/// two lanes of 32 bits, with the seed 0.
fn murmur(text: &[u8]) -> u64 {
    const C1: u32 = 0x239b_961b;
    const C2: u32 = 0xab0e_9789;
    let first = |lane: u32| lane.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let second = |lane: u32| lane.wrapping_mul(C2).rotate_left(17).wrapping_mul(C1);

    let (mut h1, mut h2) = (0_u32, 0_u32);
    let mut blocks = text.chunks_exact(8);
    for block in &mut blocks {
        h1 = (h1 ^ first(lane(&block[..4]))).rotate_left(19).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x561c_cd1b);
        h2 = (h2 ^ second(lane(&block[4..]))).rotate_left(13).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x0bca_a747);
    }
    let tail = blocks.remainder();
    let (low, high) = tail.split_at(tail.len().min(4));
    // A lane of nothing is 0, and leaves its hash alone.
    h1 ^= first(lane(low));
    h2 ^= second(lane(high));

    // The hash is of the length's low 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "texts are far shorter")]
    let len = text.len() as u32;
    (h1, h2) = (h1 ^ len, h2 ^ len);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (mixed(h1), mixed(h2));
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u64::from(h2) << 32 | u64::from(h1)
}

/// At most four bytes, the lowest first.
fn lane(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |lane, &byte| lane << 8 | u32::from(byte))
}

fn mixed(mut h: u32) -> u32 {
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

/// 64 bits in digits of 5, the highest first; the last digit has but 4.
fn base32(mut hash: u64) -> String {
    const DIGITS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(13);
    for _ in 0..13 {
        text.push(char::from(DIGITS[usize::try_from(hash >> 59).expect("5 bits")]));
        hash <<= 5;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_azures() {
        let text = "/subscriptions/00000000-0000-0000-0000-000000000000-resource-id";
        assert_eq!(base32(murmur(text.as_bytes())), "cwvxuqg24sifi");
    }

    #[test]
    fn every_length_has_a_tail() {
        let hashes = (0..20).map(|len| murmur(&b"abcdefghijklmnopqrst"[..len]));
        let distinct: std::collections::BTreeSet<_> = hashes.collect();
        assert_eq!(distinct.len(), 20);
    }
}
