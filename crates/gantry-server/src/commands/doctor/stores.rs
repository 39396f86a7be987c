//! What nodes share: is it reached, may it be written, does it do what is asked of it, how fast?

use std::time::{Duration, Instant};

use gantry_access::Access;
use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_model::{Clock, SystemClock};
use gantry_objects::Ownership;

use super::Outcome::{self, Warning, Well, Wrong};
use super::certificates;
use crate::config::{Blobs, Config};
use crate::data_dir::DataDir;
use crate::stores::{OpenBlobs, OpenStores};

/// Nodes' clocks may differ; more than this is worth a look.
const SKEW: Duration = Duration::from_secs(2);
/// An answer that takes longer makes everything slow.
const SLOW: Duration = Duration::from_millis(50);
const ROUNDS: u32 = 5;

type Checks = Vec<(&'static str, Outcome)>;

pub(super) async fn examine(config: &Config, data: &DataDir) -> Checks {
    let stores = match OpenStores::open_beside(config, data).await {
        Ok(stores) => stores,
        Err(error) => return vec![("stores", Wrong(format!("{error:#}")))],
    };
    let catalog = &stores.catalog;
    let mut checks = vec![("schema", schema(catalog).await)];
    checks.push(("database", database(catalog).await));
    checks.push(("database's clock", clock(catalog).await));
    checks.push(("standbys", standbys(catalog).await));
    checks.push(("master key", master_key(config, data, catalog).await));
    checks.extend(certificates::issued(config, catalog, stores.clock.now()).await);
    let ours = stores.deployment_id().await.ok().flatten();
    if let OpenBlobs::Objects(_) = &stores.blobs {
        checks.extend(blobs(config, &stores.blobs, ours.as_deref()).await);
    }
    catalog.db().close().await;
    checks
}

/// The blobs alone, where they are elsewhere and the database isn't.
pub(super) async fn examine_blobs(config: &Config) -> Checks {
    let Blobs::Objects(connection) = &config.stores.blobs else { return Vec::new() };
    match connection.open() {
        Ok(objects) => blobs(config, &OpenBlobs::Objects(objects), None).await,
        Err(error) => vec![("blobs", Wrong(format!("{connection}: {error}")))],
    }
}

async fn schema(catalog: &Catalog) -> Outcome {
    match catalog.schema_state().await {
        Err(error) => Wrong(error.to_string()),
        Ok(state) if !state.missing.is_empty() => Warning(format!(
            "lacks {}: the next start takes these steps, or `gantry migrate` does",
            state.missing.join(", ")
        )),
        Ok(state) if !state.ahead.is_empty() => Well(format!(
            "up to date, and {} steps of a later release that this one runs on",
            state.ahead.len()
        )),
        Ok(_) => Well("up to date".into()),
    }
}

async fn database(catalog: &Catalog) -> Outcome {
    let written = catalog
        .transaction(Durability::Power, |tx: &mut Transaction<'_, '_>| {
            let until = tx.lease_take("doctor", "doctor", Duration::from_secs(1))?;
            tx.lease_release("doctor", "doctor", until.unwrap_or_default())
        })
        .await;
    match written {
        Ok(()) => {}
        Err(DbError::MissingTable(_)) => return Warning("reached; it has no schema yet".into()),
        Err(error) => return Wrong(format!("reached, but nothing can be written: {error}")),
    }
    let began = Instant::now();
    for _ in 0..ROUNDS {
        if let Err(error) = catalog.registry_list().await {
            return Wrong(error.to_string());
        }
    }
    speed(began.elapsed() / ROUNDS, "reached, and takes writes")
}

fn speed(answer: Duration, well: &str) -> Outcome {
    let text = format!("{well}; answers in {:.1} ms", answer.as_secs_f64() * 1000.0);
    if answer > SLOW {
        Warning(format!("{text}, which makes every request slow"))
    } else {
        Well(text)
    }
}

async fn clock(catalog: &Catalog) -> Outcome {
    let before = SystemClock.now().micros();
    let theirs = match catalog.database_time().await {
        Ok(theirs) => theirs,
        Err(error) => return Wrong(error.to_string()),
    };
    let ours = before + (SystemClock.now().micros() - before) / 2;
    let skew = Duration::from_micros(ours.abs_diff(theirs));
    let text = format!("differs from this machine's by {:.1} s", skew.as_secs_f64());
    if skew > SKEW {
        Warning(format!("{text}: times that people see will be wrong; run NTP on both"))
    } else {
        Well(text)
    }
}

async fn standbys(catalog: &Catalog) -> Outcome {
    match catalog.db().standbys().await {
        Err(error) => Warning(format!("can't be seen: {error}")),
        Ok(standbys) if standbys.is_empty() => {
            Well("none that this user may see: the database's loss is the deployment's".into())
        }
        Ok(standbys) if standbys.iter().any(|standby| standby.waited_for) => {
            Well(format!("{}, synchronous", standbys.len()))
        }
        Ok(standbys) => Warning(format!(
            "{}, all asynchronous: a failover may lose the last moments of what was answered; \
             set synchronous_standby_names",
            standbys.len()
        )),
    }
}

async fn master_key(config: &Config, data: &DataDir, catalog: &Catalog) -> Outcome {
    let key = match data.read_master_key(&config.secrets.master_key) {
        Ok(key) => key,
        Err(error) => return Wrong(format!("{error:#}")),
    };
    match Access::check_master_key(catalog, &key).await {
        Ok(()) => Well("opens the deployment's secrets".into()),
        Err(error) => Wrong(format!("{error}: it is not the one they were sealed under")),
    }
}

async fn blobs(config: &Config, blobs: &OpenBlobs, ours: Option<&str>) -> Checks {
    use gantry_blobs::BlobStore;
    let (Blobs::Objects(connection), OpenBlobs::Objects(objects)) = (&config.stores.blobs, blobs)
    else {
        return Vec::new();
    };
    let owner = match objects.owner().await {
        Err(error) => return vec![("blobs", Wrong(format!("{connection}: {error}")))],
        Ok(Ownership::Free) => Well(format!("{connection}, not yet marked as this deployment's")),
        Ok(Ownership::Of(found)) => match ours {
            Some(ours) if ours != found => Wrong(format!(
                "{connection} belongs to deployment {found}, and the database to {ours}: \
                 give each deployment a bucket or a prefix of its own"
            )),
            _ => Well(format!("{connection}, of deployment {found}")),
        },
    };
    let mut checks = vec![("blobs", owner)];
    let began = Instant::now();
    match objects.probe().await {
        Err(error) => {
            checks.push(("blob writes", Wrong(error.to_string())));
            return checks;
        }
        Ok(_) => checks.push(("blob writes", speed(began.elapsed(), "taken"))),
    }
    checks.push((
        "conditional writes",
        match objects.tells_names_apart().await {
            Ok(true) => Well("the second of two under one name is refused".into()),
            Ok(false) => Wrong(
                "both of two under one name are taken: two deployments could come \
                                to share this storage without being told"
                    .into(),
            ),
            Err(error) => Wrong(error.to_string()),
        },
    ));
    checks
}
