//! `gantry serve`

use std::collections::HashSet;
use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use gantry_access::Access;
use gantry_edge::{Authority, Edge, EdgeConfig, Ending, Lifecycle, Peers, raise_descriptor_limit};
use gantry_http_base::{App, Metrics};
use gantry_model::permission::Identity;
use gantry_resources::Resources;
use tower::service_fn;

use super::Target;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;
use crate::serving::certificates::Certificates;
use crate::serving::control::Running;
use crate::serving::routes::Routes;
use crate::serving::{authority, background, control, logs, welcome};

/// Options of `gantry serve`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// An address to listen on, such as 127.0.0.1:5000; repeatable
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let config = options.target.config(options.listen)?;
    let _logs = logs::start(&config.log)?;
    raise_descriptor_limit();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(config, started))
}

async fn serve(config: Config, started: Instant) -> anyhow::Result<ExitCode> {
    let data = DataDir::new(&config.data);
    let owned = data.own()?;
    let life = Lifecycle::new(config.network.drain);
    life.obey_signals().context("watching for signals")?;

    let master_key = data.read_master_key(&config.secrets.master_key)?;
    let deployment = Deployment::open(&config, &data, &master_key).await?;
    let access = deployment.access(&config, &data, &master_key).await?;
    keep_admin_passwords(&deployment, &access, &data).await?;
    let authority = authority::open(&config, &data, &master_key, &deployment).await?;
    let certificates = Certificates::open(&config, &deployment, &master_key).await?;
    let edge = bind(&config, authority, certificates.as_ref(), &deployment)?;
    let addresses = edge.local_addrs().to_vec();

    let app = Arc::new(App {
        content: deployment.content.clone(),
        resources: Resources::new(&deployment.catalog, &master_key, config.tiers),
        access,
        throttle: deployment.throttle.clone(),
        metrics: Metrics::new(),
        proxies: trusted_proxies(&config),
        private_networks: config.network.private_networks.clone(),
        trusted_services: trusted_services(&config),
        body_timeout: config.limits.body_timeout,
    });
    background::spawn(&app, &deployment.throttle, &config, &life);
    let running = Running { addresses: addresses.clone() };
    control::spawn(&app, running, &data, &life)?;
    let routes = Routes::new(app, &config, &life, edge.certificates());
    let service = service_fn(move |request| {
        let routes = routes.clone();
        // It is some kilobytes, and everyone on the way hands it on by value.
        Box::pin(async move { Ok::<_, Infallible>(routes.answer(request).await) })
    });
    edge.serve(service, &life)?;
    if let Some(certificates) = certificates {
        certificates.spawn(&life);
    }
    welcome::print(&config, &data, &addresses, started.elapsed());

    let ending = life.finished().await;
    deployment.close().await;
    drop(owned);
    Ok(match ending {
        Ending::Drained => ExitCode::SUCCESS,
        Ending::Cut => ExitCode::FAILURE,
    })
}

/// Puts each registry's first admin password where the operator finds it.
async fn keep_admin_passwords(
    deployment: &Deployment,
    access: &Access,
    data: &DataDir,
) -> anyhow::Result<()> {
    let default = deployment.default_registry()?.id;
    for registry in deployment.content.registries().all() {
        let passwords = access.admin_passwords(&registry).await?;
        let Some((_, password)) = passwords.first() else { continue };
        let path = if registry.id == default {
            data.admin_password()
        } else {
            data.admin_password_of(&registry.name)
        };
        data.keep_admin_password(&path, password.expose())?;
    }
    Ok(())
}

fn bind(
    config: &Config,
    authority: Authority,
    certificates: Option<&Certificates>,
    deployment: &Deployment,
) -> anyhow::Result<Edge> {
    let plain_http = if config.network.insecure_http {
        Peers::everyone()
    } else {
        Peers::loopback().and(config.network.trusted_proxies.iter().copied())
    };
    Ok(Edge::bind(EdgeConfig {
        listen: config.network.listen.clone(),
        plain_http,
        proxy_protocol: config.network.proxy_protocol.clone(),
        trusted_proxies: trusted_proxies(config),
        certificates: config.tls.certificates.clone(),
        issued: certificates.map(Certificates::issued).unwrap_or_default(),
        challenges: certificates.map(Certificates::challenges),
        authority,
        names: certificate_names(config),
        tls_minimum: config.tls.minimum,
        limits: gantry_edge::Limits {
            connections: config.limits.connections,
            connections_per_address: config.limits.connections_per_address,
            handshake_timeout: config.limits.handshake_timeout,
            header_bytes: config.limits.header_bytes,
            header_timeout: config.limits.header_timeout,
            idle_timeout: config.limits.idle_timeout,
            send_timeout: config.limits.send_timeout,
        },
        clock: Arc::clone(&deployment.clock),
    })?)
}

fn trusted_services(config: &Config) -> HashSet<Identity> {
    let ids = config.network.trusted_services.iter();
    ids.map(|id| Identity::principal(&id.to_string())).collect()
}

fn trusted_proxies(config: &Config) -> Peers {
    Peers::from_networks(config.network.trusted_proxies.iter().copied())
}

/// Every name that a registry answers on, or that its blobs are downloaded from.
fn certificate_names(config: &Config) -> Vec<String> {
    let (suffix, location) = (&config.names.suffix, &config.location);
    let own = ["data", "geo"].map(|what| format!("*.{location}.{what}.{suffix}"));
    let domains = config.registries.iter().flat_map(|registry| &registry.hosts);
    std::iter::once(format!("*.{suffix}"))
        .chain(own)
        .chain(config.names.hostnames.iter().chain(domains).map(ToString::to_string))
        .collect()
}
