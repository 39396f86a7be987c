//! The commands by which operators keep users, applications, roles and tokens, on a running server.

mod content;
mod directory;
mod registry;
mod remote;
mod site;

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support::{Server, gantry};

/// What a command came to.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command, its words apart by spaces.
pub(super) fn run(server: &Server, line: &str) -> Said {
    let words: Vec<&str> = line.split(' ').collect();
    run_with(server, &words, "")
}

/// Runs a command with something on its stdin.
pub(super) fn run_with(server: &Server, words: &[&str], input: &str) -> Said {
    let dir = server.data().parent().unwrap().to_owned();
    let mut command = gantry(&dir, words[0]);
    command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // Who reads nothing may be gone by then.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    said(process.wait_with_output().unwrap())
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command that must succeed; answers its result, or null where it has none.
pub(super) fn done(server: &Server, line: &str) -> Value {
    let said = run(server, line);
    assert_eq!(said.code, 0, "{line}: {}", said.stderr);
    serde_json::from_str(&said.stdout).unwrap_or_default()
}

/// Runs a command that must fail; answers what it says, without what differs each time.
pub(super) fn refused(server: &Server, line: &str) -> String {
    let said = run(server, line);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{line}: {}", said.stderr);
    said.stderr.lines().map(redacted).collect::<Vec<_>>().join("\n")
}

/// What a command shows to people, without what differs each time.
pub(super) fn shown(server: &Server, line: &str) -> String {
    let said = run(server, &format!("{line} --output table"));
    assert_eq!(said.code, 0, "{line}: {}", said.stderr);
    let mut lines: Vec<String> = said.stdout.lines().map(redacted).collect();
    if !said.stderr.is_empty() {
        lines.push("stderr:".to_owned());
        lines.extend(said.stderr.lines().map(str::to_owned));
    }
    lines.join("\n")
}

/// A line of a table with its columns two spaces apart, and neither ids nor moments nor secrets.
fn redacted(line: &str) -> String {
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells
        .map(|cell| cell.split(' ').map(word).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("  ")
}

fn word(whole: &str) -> String {
    let word = whole.trim_end_matches(',');
    word_redacted(word) + &whole[word.len()..]
}

fn word_redacted(word: &str) -> String {
    let hyphens: Vec<usize> = word.match_indices('-').map(|(at, _)| at).collect();
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if word.len() == 36 && hyphens == [8, 13, 18, 23] {
        "[id]".to_owned()
    } else if word.starts_with("20") && word.ends_with('Z') && word.contains('T') {
        "[moment]".to_owned()
    } else if word.starts_with("otpauth://") {
        "[address]".to_owned()
    } else if word.len() > 24 && is_plain && word.bytes().any(|byte| !byte.is_ascii_lowercase()) {
        "[secret]".to_owned()
    } else {
        word.to_owned()
    }
}
