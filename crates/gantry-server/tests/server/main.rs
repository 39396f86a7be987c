//! The real binary, as its clients, neighbours and operators meet it.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

mod access;
mod attributes;
mod authorisation;
mod backup;
mod chunks;
mod cluster;
mod commands;
mod content;
mod contract;
mod copy;
mod entra;
mod health;
mod management;
mod operator;
mod proxy;
mod proxy_protocol;
mod requests;
mod slow;
mod support;
mod tokens;
