//! `gantry trust`

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::{Target, block_on};
use crate::data_dir::DataDir;
use crate::serving::control;
use crate::serving::welcome::login_server;

/// Options of `gantry trust`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let data = DataDir::new(&config.data);
    let ca = std::fs::canonicalize(data.ca()).unwrap_or_else(|_| data.ca());
    if !ca.exists() {
        anyhow::bail!("{} is not there yet: `gantry serve` makes it on first start", ca.display());
    }
    let running = block_on(control::ask_how_it_runs(&data))?;
    let addresses = running.map_or_else(|| config.network.addresses(), |running| running.addresses);
    println!("{}", text(&login_server(&config, &addresses), &ca));
    Ok(ExitCode::SUCCESS)
}

fn text(server: &str, ca: &Path) -> String {
    let ca = ca.display();
    format!(
        "\
The certificate authority of {server} is {ca}

this machine     sudo install -m 644 {ca} /usr/local/share/ca-certificates/gantry.crt && sudo update-ca-certificates
docker           sudo install -D -m 644 {ca} /etc/docker/certs.d/{server}/ca.crt
podman, buildah, skopeo
                 sudo install -D -m 644 {ca} /etc/containers/certs.d/{server}/ca.crt
containerd       sudo install -D -m 644 {ca} /etc/containerd/certs.d/{server}/ca.crt && printf 'server = \"https://{server}\"\\n[host.\"https://{server}\"]\\n  ca = \"ca.crt\"\\n' | sudo tee /etc/containerd/certs.d/{server}/hosts.toml
helm             helm registry login {server} -u local --ca-file {ca}
                 helm push CHART.tgz oci://{server}/charts --ca-file {ca}
oras             oras login {server} -u local --ca-file {ca}
crane, cosign, notation, Go programs
                 export SSL_CERT_FILE={ca}
regctl           regctl registry set {server} --cacert \"$(cat {ca})\"
curl             curl --cacert {ca} https://{server}/v2/"
    )
}
