//! The rules of content, by the use-cases' front door: on both databases, with blobs in memory and
//! a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

mod blobs;
mod collection;
mod history;
mod manifests;
mod referrers;
mod settings;
mod support;
mod uploads;
