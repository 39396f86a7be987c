//! Whether the time of a refusal tells that there is such an account: wrong passwords for those that
//! there are beside names that nobody has.
//!
//! Each guess comes from another address of this machine's loopback network, and for another account, so
//! that the defence against guessing has nothing to slow down.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::case;
use crate::bench::Bench;
use crate::credentials::{self, Credentials};
use crate::load::{Address, request};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, alone};
use crate::stats::percentile;
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};

const ACCOUNTS: Credentials = Credentials { tokens: 5_000, assignments: 10, people: 1_000 };
/// Guesses in a turn at tokens, and at people, whose hash takes its time.
const GUESSES: (usize, usize) = (600, 120);
const PATIENCE: Duration = Duration::from_secs(30);
/// Azure's command line, as a program that people sign in by.
const PROGRAM: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("guesses");
    let tenant = credentials::make(&bench.around, &directory, ACCOUNTS)?;
    let server = Server::start(Kind::Gantry, &bench.around, &directory, Security::Plain)?;
    let address = server.address(Protocol::Plain);
    let host = address.host();
    let token = |user: &str| {
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:a-guess")));
        let path = format!("/oauth2/token?service={host}");
        request("GET", &path, &host, Some(&basic), &[("Connection", "close")])
    };
    let person = |name: &str| {
        let scope = "https%3A%2F%2Fmanagement.azure.com%2F.default";
        let form = format!(
            "grant_type=password&client_id={PROGRAM}&scope={scope}&username={name}&password=a-guess"
        );
        format!(
            "POST /{tenant}/oauth2/v2.0/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .into_bytes()
    };
    let guesses = Guesses { address: &address, server: &server, made: Cell::new(0) };
    let [known, unknown] = ["a wrong password", "a name that nobody has"];
    let mut cases = Vec::new();
    for (title, count, wrong, nobody) in [
        (
            "refused: a token's password",
            GUESSES.0,
            &(|n| token(&credentials::token_name(n % ACCOUNTS.tokens)))
                as &dyn Fn(usize) -> Vec<u8>,
            &(|n| token(&format!("nobody-{n:06}"))) as &dyn Fn(usize) -> Vec<u8>,
        ),
        (
            "refused: a person's password",
            GUESSES.1,
            &|n| person(&credentials::person_name(n % ACCOUNTS.people)),
            &|n| person(&format!("nobody-{n:06}%40gantry.localhost")),
        ),
    ] {
        let guesses = &guesses;
        let contestants = [(known, wrong), (unknown, nobody)].map(|(name, ask)| Contestant {
            name: name.to_owned(),
            turn: Box::new(move |_| guesses.make(count, ask)),
        });
        let rows = take_turns(bench.scale.turns, contestants.into(), |_| Ok(()))?;
        let targets = [Target::AtMostTimes(1.05)];
        cases.push(case(title.to_owned(), Unit::Answer, rows, &targets));
    }
    Ok(cases)
}

struct Guesses<'s> {
    address: &'s Address,
    server: &'s Server,
    made: Cell<usize>,
}

impl Guesses<'_> {
    /// Makes so many, one after the other, each on a connection of its own.
    fn make(&self, count: usize, ask: &dyn Fn(usize) -> Vec<u8>) -> anyhow::Result<Reading> {
        let watch = self.server.watch();
        let mut times = Vec::new();
        for _ in 0..count {
            let number = self.made.replace(self.made.get() + 1);
            let bytes = ask(number);
            let guess =
                async { timeout(PATIENCE, guess(self.address.port, number, &bytes)).await? };
            times.push(alone(guess)?);
        }
        let usage = watch.so_far();
        let value = percentile(&mut times, 0.5).context("nothing was guessed")?.as_secs_f64() * 1e6;
        let p99 = percentile(&mut times, 0.99);
        Ok(Reading { value, p99, work: count as f64, usage })
    }
}

/// How long it took until the refusal was there.
async fn guess(port: u16, number: usize, bytes: &[u8]) -> anyhow::Result<Duration> {
    let own = Ipv4Addr::from_bits(0x7f01_0000 + u32::try_from(number)?);
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((own, 0)))?;
    let mut stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.set_nodelay(true)?;
    let asked = Instant::now();
    stream.write_all(bytes).await?;
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await?;
    let elapsed = asked.elapsed();
    let head = String::from_utf8_lossy(&answer);
    let refused = head.starts_with("HTTP/1.1 401") || head.starts_with("HTTP/1.1 400");
    ensure!(refused, "the guess was answered {head:?}");
    Ok(elapsed)
}
