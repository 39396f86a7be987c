//! How connections are configured, pooled and taken.

use std::str::FromStr;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use tokio_postgres::{Config, NoTls};

use super::PostgresOptions;
use crate::DbError;

/// What a connection is for.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// Single queries. The server itself refuses anything that writes.
    Read,
    Write,
}

/// A pool of up to `size` connections, none made yet.
pub(super) fn pool(
    url: &str,
    options: &PostgresOptions,
    purpose: Use,
    size: usize,
) -> Result<Pool, DbError> {
    // The parser's error can't quote the URL's password: it names keys only.
    let mut config = Config::from_str(url)
        .map_err(|error| DbError::Other(format!("the database URL: {error}")))?;
    // A transaction whose node died must not hold its locks for long.
    let mut settings = format!(
        "-c statement_timeout={0} -c idle_in_transaction_session_timeout={0}",
        options.statement_timeout.as_millis()
    );
    if let Use::Read = purpose {
        settings.push_str(" -c default_transaction_read_only=on");
    }
    if let Some(own) = config.get_options() {
        settings = format!("{own} {settings}");
    }
    config.options(&settings).connect_timeout(options.patience);
    if config.get_application_name().is_none() {
        config.application_name("gantry");
    }
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    Pool::builder(manager)
        .max_size(size.max(1))
        .wait_timeout(Some(options.patience))
        .create_timeout(Some(options.patience))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| DbError::Other(error.to_string()))
}

/// A connection of the pool for the caller alone.
pub(super) async fn take(pool: &Pool) -> Result<Object, DbError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Closed => DbError::Unavailable("it is closed".into()),
        PoolError::Timeout(TimeoutType::Wait) => {
            DbError::Unavailable("every connection is busy".into())
        }
        PoolError::Timeout(_) => DbError::Unavailable("connecting took too long".into()),
        error @ (PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
            DbError::Unavailable(error.to_string())
        }
    })
}
