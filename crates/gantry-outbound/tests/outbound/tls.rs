//! Certificates.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use gantry_outbound::{FetchError, Names, Outbound, OutboundError, OutboundOptions};

use crate::server::{Reply, Server, tls};
use crate::{json, options};

#[derive(Debug)]
struct EverythingIsLocal;

#[async_trait]
impl Names for EverythingIsLocal {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

fn outbound(ca_files: &[PathBuf]) -> Outbound {
    let options = OutboundOptions { ca_files: ca_files.to_vec(), ..options() };
    Outbound::with_names(&options, Arc::new(EverythingIsLocal)).unwrap()
}

#[tokio::test]
async fn servers_are_believed_by_the_certificates_given() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let tls = tls(&ca, &["good.example"]);
    let server = Server::start_at("127.0.0.1:0", Some(tls), |_| Reply::json("{}")).await;
    let url = |host: &str| format!("https://{host}:{}/", server.address.port());

    let trusting = outbound(&[ca]);
    assert!(json(&trusting, &url("good.example")).await.is_ok());
    let other = json(&trusting, &url("other.example")).await;
    assert!(matches!(other, Err(FetchError::Unreachable { .. })), "{other:?}");
    let unknown = json(&outbound(&[]), &url("good.example")).await;
    assert!(matches!(unknown, Err(FetchError::Unreachable { .. })), "{unknown:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn files_without_certificates_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (empty, absent) = (dir.path().join("empty.pem"), dir.path().join("absent.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    for path in [empty, absent] {
        let options = OutboundOptions { ca_files: vec![path.clone()], ..options() };
        let error = Outbound::new(&options).unwrap_err();
        assert!(matches!(error, OutboundError::CaFile { .. }));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}
