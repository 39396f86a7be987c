//! PostgreSQL's failures in the words of [`DbError`].

use std::error::Error;

use tokio_postgres::error::{DbError as ServerError, SqlState};

use crate::DbError;

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(server) => from_server(server),
            None if error.is_closed() => Self::Unavailable("the connection was closed".into()),
            None => {
                let mut text = error.to_string();
                let io = error.source().is_some_and(<dyn Error>::is::<std::io::Error>);
                if let Some(source) = error.source() {
                    text = format!("{text}: {source}");
                }
                if io { Self::Unavailable(text) } else { Self::Other(text) }
            }
        }
    }
}

fn from_server(error: &ServerError) -> DbError {
    let text = || match error.code().code().get(..2) {
        // Messages about malformed data quote it.
        Some("22") => format!("a value is malformed (SQLSTATE {})", error.code().code()),
        _ => error.message().to_owned(),
    };
    match *error.code() {
        SqlState::UNIQUE_VIOLATION => DbError::UniqueConflict(text()),
        SqlState::FOREIGN_KEY_VIOLATION => DbError::ForeignKeyConflict(text()),
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            DbError::Contention(text())
        }
        // What a standby says to a transaction that is to write.
        SqlState::FEATURE_NOT_SUPPORTED if error.message().contains("recovery") => {
            DbError::Unavailable(
                "it is a standby: name the primary, or all hosts and target_session_attrs=read-write"
                    .into(),
            )
        }
        SqlState::UNDEFINED_TABLE => DbError::MissingTable(text()),
        SqlState::DISK_FULL => DbError::Full,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => DbError::Corrupt(text()),
        SqlState::QUERY_CANCELED
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::READ_ONLY_SQL_TRANSACTION
        | SqlState::IO_ERROR => DbError::Unavailable(text()),
        // Connection failures, wrong credentials, and too few resources.
        _ if ["08", "28", "53"].iter().any(|class| error.code().code().starts_with(class)) => {
            DbError::Unavailable(text())
        }
        _ => DbError::Other(text()),
    }
}
