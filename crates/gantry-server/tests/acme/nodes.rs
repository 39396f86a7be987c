//! Nodes over a shared database: one asks, any answers, all show.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use gantry_testkit::pebble::Options;
use gantry_testkit::{minio, postgres};
use tokio::task::spawn_blocking;

use crate::support::{PATIENCE, Server, acme, free_port, migrate, pebble};

const NAME: &str = "registry.example.com";

/// A balancer that sends each request to all nodes, and keeps their answers.
fn everywhere(ports: [u16; 2]) -> (u16, Arc<Mutex<Vec<[String; 2]>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&answers);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = header(&mut stream);
            let both = ports.map(|port| ask(port, &request));
            let _ = stream.write_all(both[1].as_bytes());
            kept.lock().unwrap().push(both);
        }
    });
    (port, answers)
}

/// Everything up to the empty line, with a wish to close after the answer.
fn header(stream: &mut TcpStream) -> String {
    let mut header = Vec::new();
    let mut byte = [0];
    while !header.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        header.push(byte[0]);
    }
    let text = String::from_utf8(header).unwrap();
    let lines =
        text.trim_end().lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
    lines.map(|line| format!("{line}\r\n")).collect::<String>() + "Connection: close\r\n\r\n"
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn psql(database: &str, sql: &str) {
    let arguments = ["-v", "ON_ERROR_STOP=1", "-qtAc", sql, database];
    let done = std::process::Command::new("psql").args(arguments).output();
    let done = done.expect("psql is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_asks_any_answers_and_all_show() {
    let (database, blobs) =
        spawn_blocking(|| (postgres::database(), minio::bucket())).await.unwrap();
    let ports = [free_port(), free_port()];
    let (balancer, answers) = everywhere(ports);
    let pebble = pebble(Options::looking_at(balancer)).await;
    let stores = [
        format!("database = \"{database}\""),
        format!("blobs = \"{blobs}\""),
        "master_key = \"Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E=\"".to_owned(),
        format!("hostnames = [\"{NAME}\"]"),
    ];
    let configuration = [stores.to_vec(), acme(&pebble, "http-01")].concat();
    // Nobody asks before both listen.
    migrate(&configuration);
    psql(
        &database,
        "insert into lease (name, holder, until) values ('certificates', 'test', 9e18)",
    );
    let (one, two) = tokio::join!(
        Server::start(ports[0], &configuration),
        Server::start(ports[1], &configuration)
    );
    psql(&database, "delete from lease where holder = 'test'");
    let shown = one.shows(NAME).await;
    assert_eq!(two.shows(NAME).await, shown);
    assert!(two.is_believed(NAME, &pebble.root()).await);
    let issued = [&one, &two].map(|node| node.log().matches("a certificate was issued").count());
    assert_eq!(issued.iter().sum::<usize>(), 1, "one of them asked");
    // Whichever did, the other answered too, and the same.
    let body = |answer: &str| answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    let answers = answers.lock().unwrap().clone();
    assert!(!answers.is_empty());
    for [first, second] in answers {
        assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
        assert!(second.starts_with("HTTP/1.1 200 "), "{second}");
        assert_eq!(body(&first), body(&second));
        assert!(body(&first).unwrap().contains('.'));
    }
    let said = one.doctor();
    assert!(said.contains(&format!("issued certificate: {NAME} is good until")), "{said}");
    // A node that comes later shows it from the first moment.
    let third = Server::start(free_port(), &configuration).await;
    assert_eq!(third.shown(NAME).await, shown);
}
