//! What the tests beside this library share: a running server, a gate that
//! pins down the transport, clients as isolated processes, and images made here.
//!
//! Each test in `tests/` drives one real client against the real `gantry` binary,
//! once over TLS with the local CA and once over plain HTTP. A client that isn't
//! installed fails its test, naming the command that installs it.

pub mod az;
mod browser;
mod client;
mod cloud;
mod containerd;
mod containers;
mod daemon;
mod engine;
mod gate;
mod image;
mod issuer;
mod layout;
mod report;
mod server;
mod site;
mod tar;

pub use browser::Browser;
pub use client::{Client, Output};
pub use cloud::{Cloud, SignIn};
pub use containerd::containerd;
pub use containers::Containers;
pub use daemon::Daemon;
pub use engine::Engine;
pub use gantry_testkit::programs::debian_tool;
pub use image::{Image, Index};
pub use issuer::Issuer;
pub use layout::Layout;
pub use report::Report;
pub use server::deployment;
pub use site::{PASSWORD, Site, TEAM, USER};

/// How a client reaches the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// HTTPS, trusting only the server's CA.
    Tls,
    /// Plain HTTP on loopback.
    Http,
}

/// Declares, for each function `fn name(transport: Transport)` in scope, the
/// tests `tls::name` and `http::name`.
#[macro_export]
macro_rules! over_tls_and_http {
    ($($name:ident),+ $(,)?) => {
        mod tls {
            $(#[test] fn $name() { super::$name($crate::Transport::Tls); })+
        }
        mod http {
            $(#[test] fn $name() { super::$name($crate::Transport::Http); })+
        }
    };
}
