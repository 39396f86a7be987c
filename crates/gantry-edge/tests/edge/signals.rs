//! Signals, as the system sends them.

use std::time::Duration;

use gantry_edge::{Ending, Lifecycle};

use crate::support::{PATIENCE, send_signal};

#[tokio::test]
async fn first_signal_drains_and_the_second_cuts() {
    let life = Lifecycle::new(Duration::from_secs(3600));
    life.obey_signals().unwrap();
    let task = life.spawn(std::future::pending());

    send_signal("TERM");
    tokio::time::timeout(PATIENCE, life.draining()).await.expect("the first signal drains");
    assert!(!task.is_finished());

    send_signal("INT");
    let ending = tokio::time::timeout(PATIENCE, life.finished()).await;
    assert_eq!(ending.expect("the second signal cuts"), Ending::Cut);
    assert!(task.is_finished());
}
