//! Listeners of private endpoints.

use crate::support::Server;
use gantry_edge::{Entrance, ListenAddress};

#[tokio::test]
async fn a_private_listener_is_told_by_its_name() {
    let server = Server::start_with(|config| {
        for name in ["office", "lab"] {
            let listener = ListenAddress::required("127.0.0.1:0".parse().unwrap());
            config.listen.push(listener.as_entrance(Entrance::Private(name.into())));
        }
    });
    let client = server.client("localhost");
    for (address, entrance) in server.addresses.iter().zip(["public", "office", "lab"]) {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://localhost:{}/ends", address.port());
            let told = client.get(url).send().await.unwrap().text().await.unwrap();
            assert!(told.ends_with(&format!(">{address} - {entrance}")), "{told}");
        }
    }
}
