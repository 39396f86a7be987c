//! Where things are, as the management API tells whoever signed in: what they have no role at, it
//! doesn't show.

use serde_json::Value;

use super::super::OperatorClient;
use crate::serving::control::{KnownRegistry, Whereabouts};

/// Asks the server at `authority`, which is the default registry's login server too.
pub(in super::super) async fn whereabouts(
    client: &OperatorClient,
    authority: &str,
) -> anyhow::Result<Whereabouts> {
    let tenants = client.get("/tenants").await?;
    let tenant = &tenants["value"][0];
    let subscription = text(&client.get("/subscriptions").await?["value"][0]["id"]);
    let registries = match subscription.is_empty() {
        true => Vec::new(),
        false => {
            let path = format!("{subscription}/providers/Microsoft.ContainerRegistry/registries");
            client.all(&path).await?
        }
    };
    let known = |registry: &Value| KnownRegistry {
        name: text(&registry["name"]),
        id: text(&registry["id"]),
        is_default: registry["properties"]["loginServer"] == authority,
    };
    Ok(Whereabouts {
        tenant_id: text(&tenant["tenantId"]),
        domain: text(&tenant["defaultDomain"]),
        subscription,
        registries: registries.iter().map(known).collect(),
        is_whole: false,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
