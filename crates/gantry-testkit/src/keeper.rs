//! Servers that live as long as the test process, however that ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Runs a program until the end of its own input, which comes when the test process is gone.
const KEEPER: &str = r#"
directory=$1; shift
"$@" </dev/null >"$directory/log" 2>&1 &
read -r _
kill -KILL $!
wait
rm -rf "$directory"
"#;

/// Starts `command` in `directory`, which goes with it, and waits until it listens at `address`.
pub(crate) fn start(directory: &Path, command: &Command, address: SocketAddr) -> io::Result<Child> {
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(directory).arg(command.get_program());
    keeper.args(command.get_args()).stdin(Stdio::piped()).stdout(Stdio::null());
    for (name, value) in command.get_envs() {
        keeper.env(name, value.unwrap_or_default());
    }
    // An interrupt at the terminal must reach the tests alone: the keeper still has to clean up.
    let mut keeper = keeper.process_group(0).current_dir("/").spawn()?;
    // A minute: two cores may be busy compiling meanwhile.
    for _ in 0..1200 {
        if TcpStream::connect(address).is_ok() {
            return Ok(keeper);
        }
        if keeper.try_wait()?.is_some() {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    Err(io::Error::other(format!("it isn't ready:\n{log}")))
}

/// A port that is free now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
