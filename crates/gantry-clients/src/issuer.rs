//! An OpenID Connect issuer, as a CI system is one: its documents by HTTPS, with a CA of its own, and
//! tokens that it signs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{free_address, is_reached};
use crate::{Client, Daemon, debian_tool};

/// A running issuer with one key.
#[derive(Debug)]
pub struct Issuer {
    // Dropped in this order.
    _server: Daemon,
    openssl: Client,
    address: SocketAddr,
    home: TempDir,
}

impl Issuer {
    /// Starts one.
    ///
    /// # Panics
    /// When it doesn't become ready.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        let openssl = Client::new(&debian_tool("openssl"), home.path());
        certify(&openssl);
        let address = free_address();
        openssl.run(words("genrsa -out signing.pem 2048"));
        let modulus = openssl.run(words("rsa -in signing.pem -noout -modulus"));
        let modulus = modulus.trim_start_matches("Modulus=");
        let write = |name: &str, text: &str| {
            fs::write(home.path().join(name), text).expect("the directory is writable");
        };
        let url = url(address);
        let documents = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/keys"),
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        write("configuration.json", &documents.to_string());
        let key = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "e": "AQAB",
            "n": URL_SAFE_NO_PAD.encode(bytes(modulus)),
        });
        write("keys.json", &json!({ "keys": [key] }).to_string());
        write("haproxy.cfg", &settings(address, home.path()));
        let mut command = Command::new(debian_tool("haproxy"));
        command.arg("-db").arg("-f").arg(home.path().join("haproxy.cfg"));
        let log = home.path().join("haproxy.log");
        let server = Daemon::start(&command, &log, || is_reached(address));
        Self { _server: server, openssl, address, home }
    }

    /// Its name.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Settings by which a server may ask it: it is on no public address, and of a CA nobody knows.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("GANTRY_OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
            ("GANTRY_OUTBOUND_CA_FILES", self.ca().display().to_string()),
        ]
    }

    /// The certificate of its CA.
    pub fn ca(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// A token with these claims besides its name and times, which is good for ten minutes.
    pub fn token(&self, mut claims: Value) -> String {
        let date = Client::new(&debian_tool("date"), self.home.path());
        let now: u64 = date.run(["+%s"]).parse().expect("date prints a number");
        claims["iss"] = self.url().into();
        claims["iat"] = now.into();
        claims["exp"] = (now + 600).into();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "one" });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let sign = words("dgst -sha256 -sign signing.pem");
        let signature = self.openssl.output(sign, signed.as_bytes()).stdout;
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}", address.port())
}

/// Makes a CA, and a certificate of its for `localhost` with the key behind it.
fn certify(openssl: &Client) {
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl.run(words(&format!("{new} -subj /CN=ca -keyout ca.key -out ca.pem")));
    let names = "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE";
    openssl.run(words(&format!(
        "{new} -subj /CN=issuer {names} -CA ca.pem -CAkey ca.key -keyout server.pem.key -out server.pem"
    )));
}

fn settings(address: SocketAddr, home: &Path) -> String {
    let home = home.display();
    let answer = |path: &str, file: &str| {
        format!(
            "    http-request return status 200 content-type application/json \
             file {home}/{file} if {{ path {path} }}\n"
        )
    };
    format!(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 1m\n    timeout server 1m\n\
         frontend issuer\n    bind {address} ssl crt {home}/server.pem\n{}{}",
        answer("/.well-known/openid-configuration", "configuration.json"),
        answer("/keys", "keys.json"),
    )
}

/// The bytes that hexadecimal digits stand for.
fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or(""));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("openssl writes hexadecimal")).collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}
