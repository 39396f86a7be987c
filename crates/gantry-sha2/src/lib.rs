//! SHA-256 and SHA-512 (FIPS 180-4) at the processor's speed, with a state that can be kept.
//!
//! An upload's digest is computed as its bytes pass, over many requests, so its state must be stored
//! in between. aws-lc-rs has the fast code but keeps the state to itself; the implementations that
//! give their state away take twice as long on processors without SHA instructions. So this calls
//! aws-lc's C functions, whose state is a plain structure.
//!
//! # Safety
//!
//! The functions called are `SHA…_Init`, `SHA…_Update` and `SHA…_Final`. They touch nothing but the
//! context, which is a structure of integers and arrays without pointers, the bytes given with their
//! length, and for the last one an output of the digest's length. The context is owned by the value
//! that passes it as `&mut`, so nothing else reads or writes it meanwhile. They rely on one thing
//! within it: `num`, the number of bytes of the unfinished block, is less than a block. It is only
//! set by themselves, and by `restore` to a remainder by the block's length.

use std::fmt;

macro_rules! hashes {
    ($(
        $(#[$doc:meta])*
        $name:ident: $digest:literal bytes, blocks of $block:literal in $tail:ident, words of $word:ty,
        $context:ident $init:ident $update:ident $finish:ident;
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            context: aws_lc_sys::$context,
            count: u64,
        }

        impl $name {
            /// Length of the digest in bytes.
            pub const LENGTH: usize = $digest;
            const CHAIN: usize = 8 * size_of::<$word>();

            /// Starts with no bytes.
            #[expect(unsafe_code, reason = "a call of C; see the crate's safety argument")]
            pub fn new() -> Self {
                let mut context = aws_lc_sys::$context {
                    h: [0; 8],
                    Nl: 0,
                    Nh: 0,
                    $tail: [0; $block],
                    num: 0,
                    md_len: 0,
                };
                // SAFETY: the context is ours alone; the function only writes it.
                let done = unsafe { aws_lc_sys::$init(&raw mut context) };
                assert_eq!(done, 1, "starting a hash can't fail");
                Self { context, count: 0 }
            }

            /// Hashes the next bytes.
            #[expect(unsafe_code, reason = "a call of C; see the crate's safety argument")]
            pub fn update(&mut self, bytes: &[u8]) {
                // SAFETY: the context is ours alone and was initialised; the pointer is good for
                // reading that many bytes.
                let done = unsafe {
                    aws_lc_sys::$update(&raw mut self.context, bytes.as_ptr().cast(), bytes.len())
                };
                assert_eq!(done, 1, "hashing bytes can't fail");
                self.count += bytes.len() as u64;
            }

            /// The digest of all bytes so far.
            #[expect(unsafe_code, reason = "a call of C; see the crate's safety argument")]
            pub fn finish(mut self) -> [u8; $digest] {
                let mut digest = [0; $digest];
                // SAFETY: the context is ours alone and was initialised for this digest, whose
                // length the output has.
                let done = unsafe {
                    aws_lc_sys::$finish(digest.as_mut_ptr(), &raw mut self.context)
                };
                assert_eq!(done, 1, "ending a hash can't fail");
                digest
            }

            /// The digest of `bytes`.
            pub fn of(bytes: &[u8]) -> [u8; $digest] {
                let mut hash = Self::new();
                hash.update(bytes);
                hash.finish()
            }

            /// How many bytes it has hashed.
            pub fn count(&self) -> u64 {
                self.count
            }

            /// The state: the eight words of the chain, big-endian, and the bytes of the unfinished
            /// block. With the count it is all there is.
            pub fn save(&self) -> Vec<u8> {
                let mut saved: Vec<u8> =
                    self.context.h.iter().flat_map(|word| word.to_be_bytes()).collect();
                saved.extend_from_slice(&self.context.$tail[..Self::unfinished(self.count)]);
                saved
            }

            /// Goes on from what [`save`](Self::save) wrote after `count` bytes; `None` when it
            /// can't have.
            pub fn restore(saved: &[u8], count: u64) -> Option<Self> {
                let unfinished = Self::unfinished(count);
                if saved.len() != Self::CHAIN + unfinished {
                    return None;
                }
                let (chain, tail) = saved.split_at(Self::CHAIN);
                let mut hash = Self { count, ..Self::new() };
                let words = chain.chunks_exact(size_of::<$word>());
                for (word, bytes) in hash.context.h.iter_mut().zip(words) {
                    *word = <$word>::from_be_bytes(bytes.try_into().ok()?);
                }
                hash.context.$tail[..unfinished].copy_from_slice(tail);
                hash.context.num = u32::try_from(unfinished).ok()?;
                // The count in bits, in two words.
                let bits = u128::from(count) * 8;
                hash.context.Nl = bits as $word;
                hash.context.Nh = (bits >> <$word>::BITS) as $word;
                Some(hash)
            }

            /// Bytes of the unfinished block.
            fn unfinished(count: u64) -> usize {
                (count % $block) as usize
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // The unfinished block is content.
                f.debug_struct(stringify!($name)).field("count", &self.count).finish_non_exhaustive()
            }
        }
    )*};
}

hashes! {
    /// SHA-256 in the making.
    Sha256: 32 bytes, blocks of 64 in data, words of u32,
        SHA256_CTX SHA256_Init SHA256_Update SHA256_Final;
    /// SHA-512 in the making.
    Sha512: 64 bytes, blocks of 128 in p, words of u64,
        SHA512_CTX SHA512_Init SHA512_Update SHA512_Final;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;

    proptest! {
        #[test]
        fn any_pieces_with_the_state_kept_between_give_the_digest(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)
        ) {
            let (mut short, mut long) = (Sha256::new(), Sha512::new());
            for piece in &pieces {
                short = Sha256::restore(&short.save(), short.count()).unwrap();
                long = Sha512::restore(&long.save(), long.count()).unwrap();
                short.update(piece);
                long.update(piece);
            }
            // By another implementation.
            let whole = pieces.concat();
            prop_assert_eq!(short.count(), whole.len() as u64);
            prop_assert_eq!(&short.finish()[..], &sha2::Sha256::digest(&whole)[..]);
            prop_assert_eq!(&long.finish()[..], &sha2::Sha512::digest(&whole)[..]);
        }
    }

    #[test]
    fn the_count_carries_into_the_second_word() {
        // 2³² bits and more: what SHA-256 counts in two words of 32 bits.
        let piece = vec![0x5a; 1 << 20];
        let (mut ours, mut theirs) = (Sha256::new(), sha2::Sha256::new());
        for _ in 0..513 {
            ours.update(&piece);
            theirs.update(&piece);
        }
        let restored = Sha256::restore(&ours.save(), ours.count()).unwrap();
        assert_eq!(restored.finish()[..], theirs.finalize()[..]);
    }

    #[test]
    fn a_state_of_another_length_is_none() {
        let saved = Sha256::new().save();
        assert!(Sha256::restore(&saved, 0).is_some());
        assert!(Sha256::restore(&saved, 1).is_none());
        assert!(Sha256::restore(&saved[1..], 0).is_none());
        assert!(Sha512::restore(&saved, 0).is_none());
    }
}
