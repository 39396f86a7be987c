//! SQLite's failures in the words of [`DbError`].

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::DbError;

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let (code, extended) = match &error {
            rusqlite::Error::SqliteFailure(failure, _)
            | rusqlite::Error::SqlInputError { error: failure, .. } => {
                (failure.code, failure.extended_code)
            }
            _ => return Self::Other(error.to_string()),
        };
        let message = error.to_string();
        match (code, extended) {
            // The shared-memory index is grown by writing to it, which fails for one reason in practice.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            (
                _,
                ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID,
            ) => Self::UniqueConflict(message),
            (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::ForeignKeyConflict(message),
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Self::Corrupt(message),
            (
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed,
                _,
            ) => Self::Unavailable(message),
            // The only sign of it is in its words.
            _ if message.contains("no such table") => Self::MissingTable(message),
            _ => Self::Other(message),
        }
    }
}
