//! Test only: the real `gantry` binary, driven over HTTP on loopback as strangers would, and
//! killed, cut from power, or left without room on its disk.
//!
//! [`workload::work`] pushes, mounts, deletes, resumes and collects through several clients at
//! once and keeps a [`ledger::Ledger`] of what it asked and what was answered. After the crash,
//! [`inspect::inspect`] looks at everything the ledger speaks of and says what is not as it must be:
//!
//! - what was answered is there, whole, or was replaced by something else that was asked for;
//! - what was under way when the crash came is there wholly or not at all;
//! - what a manifest names is there as long as the manifest is;
//! - an upload session resumes at its offset and ends in the right digest.

pub mod client;
pub mod content;
pub mod inspect;
pub mod ledger;
pub mod line;
pub mod network;
pub mod server;
pub mod sessions;
pub mod trouble;
pub mod workload;

pub use gantry_lossydisk::SplitMix;

/// A number from the environment: sizes of the runs.
///
/// # Panics
/// When the variable is set to something else than a number.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}
