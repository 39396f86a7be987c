//! How connections are configured, pooled and taken.

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use super::url::DatabaseUrl;
use super::{PostgresOptions, Statements, tls};
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
    let DatabaseUrl { mut config, root_certificates } = DatabaseUrl::parse(url)?;
    // A pooler refuses connections that ask for settings.
    if options.statements == Statements::Prepared {
        set_up(&mut config, options, purpose);
    }
    config
        .connect_timeout(options.patience)
        .tcp_user_timeout(options.silence)
        .keepalives_idle(options.silence)
        .keepalives_interval(options.silence / 2)
        .keepalives_retries(2);
    if config.get_application_name().is_none() {
        config.application_name("gantry");
    }
    let manager = Manager::from_config(
        config,
        tls::connector(root_certificates.as_deref())?,
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

/// What the server is to hold each connection to.
fn set_up(config: &mut Config, options: &PostgresOptions, purpose: Use) {
    // One plan whatever the arguments: every statement is an index range, and the server would plan
    // those with a limit anew each time where tables are large.
    let mut settings = format!(
        "-c plan_cache_mode=force_generic_plan -c statement_timeout={} -c idle_in_transaction_session_timeout={}",
        options.statement_timeout.as_millis(),
        options.between_statements.as_millis()
    );
    // Who asks for a server that takes writes is told so by a connection that does.
    let wants_primary = config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite;
    if matches!(purpose, Use::Read) && !wants_primary {
        settings.push_str(" -c default_transaction_read_only=on");
    }
    if let Some(own) = config.get_options() {
        settings = format!("{own} {settings}");
    }
    config.options(&settings);
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
