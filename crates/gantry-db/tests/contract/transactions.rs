//! Atomicity, isolation, hooks, and what happens to callers that go away.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Waker};

use gantry_db::{Db, DbError, Dialect, Durability, Stmt, Tx, args};
use tokio::sync::oneshot;

use crate::SCHEMA;

const COUNT: Stmt = Stmt::new("select count(*) from item");
const PUT: Stmt = Stmt::new("insert into item (id, label) values ($1, $2)");
const LABEL: Stmt = Stmt::new("select label from item where id = $1");
const COUNTER_PUT: Stmt = Stmt::new("insert into counter (id, n) values ($1, $2)");
const COUNTER_GET: Stmt = Stmt::new("select n from counter where id = $1 /*FOR UPDATE*/");
const COUNTER_SET: Stmt = Stmt::new("update counter set n = $2 where id = $1");
const COUNTER_SUM: Stmt = Stmt::new("select cast(sum(n) as bigint) from counter");

/// Why a body of ours failed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the body changed its mind")]
    Deliberately,
    #[error(transparent)]
    Db(#[from] DbError),
}

async fn count(db: &Db) -> i64 {
    db.one(&COUNT, &args![], |row| row.get(0)).await.unwrap().unwrap()
}

async fn put(db: &Db, id: i64) {
    let label = format!("item {id}");
    db.write(Durability::Power, move |tx| tx.exec(&PUT, &args![id, label])).await.unwrap();
}

pub(crate) async fn a_transaction_is_all_or_nothing(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let two = |fail: bool| {
        db.write(Durability::Power, move |tx| {
            tx.exec(&PUT, &args![1_i64, "one"])?;
            tx.exec(&PUT, &args![2_i64, "two"])?;
            if fail { Err(Refused::Deliberately) } else { Ok(()) }
        })
    };
    assert!(matches!(two(true).await, Err(Refused::Deliberately)));
    assert_eq!(count(db).await, 0);
    two(false).await.unwrap();
    assert_eq!(count(db).await, 2);
}

pub(crate) async fn a_failed_body_leaves_its_companions_alone(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let bodies = (0..200_i64).map(|id| {
        let db = db.clone();
        async move {
            db.write(Durability::Process, move |tx| {
                tx.exec(&PUT, &args![id, format!("item {id}")])?;
                match id % 3 {
                    0 => Ok(()),
                    1 => Err(Refused::Deliberately),
                    // A conflict with the row just made.
                    _ => tx.exec(&PUT, &args![id, "again"]).map(drop).map_err(Refused::from),
                }
            })
            .await
        }
    });
    let results = all_at_once(bodies).await;
    for (id, result) in results.iter().enumerate() {
        match id % 3 {
            0 => assert!(result.is_ok(), "{id}: {result:?}"),
            1 => assert!(matches!(result, Err(Refused::Deliberately)), "{id}: {result:?}"),
            _ => assert!(
                matches!(result, Err(Refused::Db(DbError::UniqueConflict(_)))),
                "{id}: {result:?}"
            ),
        }
    }
    let ids: Vec<i64> =
        db.all(&Stmt::new("select id from item order by id"), &[], |row| row.get(0)).await.unwrap();
    assert_eq!(ids, (0..200).filter(|id| id % 3 == 0).collect::<Vec<i64>>());
}

pub(crate) async fn a_body_that_panics_keeps_nothing_and_harms_nobody(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let bodies = (0..40_i64).map(|id| {
        let db = db.clone();
        async move {
            db.write(Durability::Power, move |tx| {
                tx.exec(&PUT, &args![id, format!("item {id}")])?;
                assert!(id % 2 == 0, "the body of {id} panics on purpose");
                Ok::<_, DbError>(())
            })
            .await
        }
    });
    for (id, result) in all_at_once(bodies).await.iter().enumerate() {
        assert_eq!(result.is_ok(), id % 2 == 0, "{id}: {result:?}");
    }
    assert_eq!(count(db).await, 20);
    put(db, 100).await;
    assert_eq!(count(db).await, 21);
}

pub(crate) async fn an_error_ends_the_transaction(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    put(db, 1).await;
    let outcome = db
        .write(Durability::Power, |tx| {
            tx.exec(&PUT, &args![2_i64, "two"])?;
            let conflict = tx.exec(&PUT, &args![1_i64, "one again"]);
            assert!(matches!(conflict, Err(DbError::UniqueConflict(_))), "{conflict:?}");
            let next = tx.exec(&PUT, &args![3_i64, "three"]);
            assert!(matches!(next, Err(DbError::Other(_))), "{next:?}");
            Ok::<_, DbError>(())
        })
        .await;
    assert!(matches!(outcome, Err(DbError::UniqueConflict(_))), "{outcome:?}");
    assert_eq!(count(db).await, 1);
}

pub(crate) async fn hooks_run_after_the_commit_and_before_the_answer(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let committed = Arc::new(Mutex::new(Vec::new()));
    let bodies = (0..50_i64).map(|id| {
        let (db, committed) = (db.clone(), Arc::clone(&committed));
        async move {
            let log = Arc::clone(&committed);
            db.write(Durability::Process, move |tx| {
                tx.exec(&PUT, &args![id, format!("item {id}")])?;
                for step in 0..2 {
                    let log = Arc::clone(&log);
                    tx.on_commit(move || log.lock().unwrap().push((id, step)));
                }
                Ok::<_, DbError>(())
            })
            .await
            .unwrap();
            let log = committed.lock().unwrap();
            let steps: Vec<i32> =
                log.iter().filter(|(of, _)| *of == id).map(|(_, step)| *step).collect();
            assert_eq!(
                steps,
                [0, 1],
                "both hooks of {id} ran, once each and in order, before its answer"
            );
        }
    });
    all_at_once(bodies).await;
    assert_eq!(committed.lock().unwrap().len(), 100);
}

pub(crate) async fn hooks_of_a_failed_transaction_do_not_run(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    put(db, 1).await;
    let ran = Arc::new(Mutex::new(Vec::new()));
    let log = |what: &'static str| {
        let ran = Arc::clone(&ran);
        move |tx: &mut Tx<'_>| {
            let ran = Arc::clone(&ran);
            tx.on_commit(move || ran.lock().unwrap().push(what));
        }
    };
    let (refused, conflicting) = (log("refused"), log("conflicting"));
    let outcome = db.write(Durability::Power, move |tx| {
        refused(tx);
        Err::<(), _>(Refused::Deliberately)
    });
    outcome.await.unwrap_err();
    let outcome = db.write(Durability::Power, move |tx| {
        conflicting(tx);
        let _ = tx.exec(&PUT, &args![1_i64, "one again"]);
        Ok::<_, DbError>(())
    });
    outcome.await.unwrap_err();
    assert!(ran.lock().unwrap().is_empty());
}

pub(crate) async fn a_hook_that_panics_takes_nothing_back(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let (done, told) = oneshot::channel();
    let done = Arc::new(Mutex::new(Some(done)));
    db.write(Durability::Power, move |tx| {
        tx.exec(&PUT, &args![1_i64, "one"])?;
        tx.on_commit(|| panic!("the hook panics on purpose"));
        let done = Arc::clone(&done);
        tx.on_commit(move || done.lock().unwrap().take().unwrap().send(()).unwrap());
        Ok::<_, DbError>(())
    })
    .await
    .unwrap();
    told.await.unwrap();
    assert_eq!(count(db).await, 1);
}

pub(crate) async fn a_dropped_caller_does_not_stop_its_transaction(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let (begun, has_begun) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    let (begun, done) = (Arc::new(Mutex::new(Some(begun))), Arc::new(Mutex::new(Some(done))));
    let mut write = Box::pin(db.write(Durability::Power, move |tx| {
        if let Some(begun) = begun.lock().unwrap().take() {
            begun.send(()).unwrap();
        }
        tx.exec(&PUT, &args![1_i64, "one"])?;
        tx.exec(&PUT, &args![2_i64, "two"])?;
        let done = Arc::clone(&done);
        tx.on_commit(move || done.lock().unwrap().take().unwrap().send(()).unwrap());
        Ok::<_, DbError>(())
    }));
    // Drive the call until its body runs, then let go of it.
    let mut has_begun = has_begun;
    std::future::poll_fn(|context: &mut Context<'_>| {
        let _ = write.as_mut().poll(context);
        std::pin::Pin::new(&mut has_begun).poll(context)
    })
    .await
    .unwrap();
    drop(write);
    is_done.await.unwrap();
    assert_eq!(count(db).await, 2);

    // One dropped in the queue commits or doesn't, but never by half, and the next one is served.
    let mut queued = Box::pin(db.write(Durability::Power, |tx| {
        tx.exec(&PUT, &args![3_i64, "three"])?;
        tx.exec(&PUT, &args![4_i64, "four"])
    }));
    let first = queued.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(queued);
    put(db, 5).await;
    let rest = count(db).await - 3;
    assert!(rest == 0 || rest == 2, "half of a dropped transaction was kept");
    assert!(first.is_pending() || rest == 2);
}

pub(crate) async fn concurrent_counts_add_up(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    db.write(Durability::Power, |tx| tx.exec(&COUNTER_PUT, &args![1_i64, 0_i64])).await.unwrap();
    let writers = (0..32).map(|writer| {
        let db = db.clone();
        let durability = if writer % 2 == 0 { Durability::Power } else { Durability::Process };
        async move {
            for _ in 0..20 {
                db.write(durability, |tx| {
                    let n: i64 = tx.one(&COUNTER_GET, &args![1_i64], |row| row.get(0))?.unwrap();
                    tx.exec(&COUNTER_SET, &args![1_i64, n + 1])
                })
                .await
                .unwrap();
            }
        }
    });
    all_at_once(writers).await;
    let n: Option<i64> = db.one(&COUNTER_SUM, &args![], |row| row.get(0)).await.unwrap();
    assert_eq!(n, Some(32 * 20));
}

pub(crate) async fn bodies_in_each_others_way_all_commit(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    for id in [1_i64, 2] {
        db.write(Durability::Power, move |tx| tx.exec(&COUNTER_PUT, &args![id, 0_i64]))
            .await
            .unwrap();
    }
    let attempts = Arc::new(AtomicUsize::new(0));
    let meeting = Arc::new(Barrier::new(2));
    let writers = [[1_i64, 2], [2, 1]].into_iter().map(|order| {
        let (db, attempts, meeting) = (db.clone(), Arc::clone(&attempts), Arc::clone(&meeting));
        async move {
            db.write(Durability::Process, move |tx| {
                let early = attempts.fetch_add(1, Ordering::SeqCst) < 2;
                for (turn, id) in order.into_iter().enumerate() {
                    let n: i64 = tx.one(&COUNTER_GET, &args![id], |row| row.get(0))?.unwrap();
                    tx.exec(&COUNTER_SET, &args![id, n + 1])?;
                    // Where bodies run side by side, each takes its first lock before either takes its second.
                    if early && turn == 0 && tx.dialect() == Dialect::Postgres {
                        meeting.wait();
                    }
                }
                Ok::<_, DbError>(attempts.load(Ordering::SeqCst))
            })
            .await
            .unwrap()
        }
    });
    let attempts = all_at_once(writers).await.into_iter().max();
    let fewest = if db.dialect() == Dialect::Postgres { 3 } else { 2 };
    assert!(attempts >= Some(fewest), "the body in the way of the other ran again: {attempts:?}");
    let sum: Option<i64> = db.one(&COUNTER_SUM, &args![], |row| row.get(0)).await.unwrap();
    assert_eq!(sum, Some(4));
}

pub(crate) async fn claims_of_the_same_rows_are_all_different(db: &Db) {
    const CLAIM: Stmt = Stmt::new(
        "update counter set n = $1 where id in
            (select id from counter where n = 0 order by id limit 1 /*SKIP LOCKED*/) returning id",
    );
    db.migrate(SCHEMA).await.unwrap();
    db.write(Durability::Power, |tx| {
        (1..=40_i64).try_for_each(|id| tx.exec(&COUNTER_PUT, &args![id, 0_i64]).map(drop))
    })
    .await
    .unwrap();
    let claims = (0..40_i64).map(|claim| {
        let db = db.clone();
        async move {
            let claimed = db.write(Durability::Process, move |tx| {
                tx.one(&CLAIM, &args![claim + 1], |row| row.get(0))
            });
            claimed.await.unwrap()
        }
    });
    let mut claimed: Vec<Option<i64>> = all_at_once(claims).await;
    claimed.sort_unstable();
    assert_eq!(claimed, (1..=40).map(Some).collect::<Vec<_>>());
}

pub(crate) async fn a_transaction_sees_its_own_writes(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let seen = db.write(Durability::Power, |tx| {
        tx.exec(&PUT, &args![1_i64, "one"])?;
        tx.one(&LABEL, &args![1_i64], |row| row.get::<String>(0))
    });
    assert_eq!(seen.await.unwrap().as_deref(), Some("one"));
}

/// Runs the futures side by side and returns their results in order.
async fn all_at_once<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut set = tokio::task::JoinSet::new();
    for (place, future) in futures.enumerate() {
        set.spawn(async move { (place, future.await) });
    }
    let mut results = set.join_all().await;
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
