//! Webhooks. Whom they tell is sealed: addresses and headers may hold secrets.

use std::collections::BTreeMap;

use gantry_catalog::Transaction;
use gantry_model::resource::{Resource, Webhook, WebhookAction, WebhookTarget};
use gantry_model::{Precondition, Registry, RegistryId, Versioned, Written};
use gantry_oci::Secret;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::kept::{At, Made};
use crate::{ResourceError, Resources, Wish};

/// The longest address, in bytes.
const MOST_ADDRESS: usize = 2048;
/// The most headers, and the longest value of one in bytes.
const MOST_HEADERS: usize = 50;
const MOST_HEADER: usize = 4096;

/// What is wished of a webhook. What isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Whether anyone is told.
    pub enabled: Option<bool>,
    /// Of which content.
    pub scope: Option<String>,
    /// Of what.
    pub actions: Option<Vec<WebhookAction>>,
    /// Whom.
    pub address: Option<Secret>,
    /// With which headers.
    pub headers: Option<BTreeMap<String, Secret>>,
}

/// A target, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    address: String,
    headers: BTreeMap<String, String>,
}

impl Resources {
    /// Brings the webhook to what is wished.
    pub async fn write_webhook(
        &self,
        at: At,
        wish: Wish<WebhookChange>,
    ) -> Result<(Versioned<Resource<Webhook>>, Written), ResourceError> {
        check_target(&wish.value)?;
        let (resources, name) = (self.clone(), at.name.clone());
        let change = move |tx: &mut Transaction<'_, '_>,
                           registry: &Registry,
                           present: Option<&Resource<Webhook>>,
                           change: &WebhookChange| {
            if present.is_none() {
                let most = resources.0.tiers.of(registry.settings.tier).webhooks;
                Self::check_number::<Webhook>(tx, registry, most)?;
            }
            let value = webhook(present, change)?;
            let sealed = resources.sealed_target(tx, registry.id, &name, change)?;
            Ok(Made { value, sealed })
        };
        self.write(at, wish, change).await
    }

    /// Whom the webhook tells.
    pub async fn webhook_target(
        &self,
        registry: &Registry,
        name: &str,
    ) -> Result<WebhookTarget, ResourceError> {
        self.find::<Webhook>(registry, name).await?;
        let sealed = self.catalog().resource_secret::<Webhook>(registry.id, name).await?;
        let opened = sealed.and_then(|sealed| self.open(registry.id, name, &sealed));
        opened.ok_or_else(|| ResourceError::Sealed(format!("webhook {name}")))
    }

    /// Deletes the webhook.
    pub async fn delete_webhook(
        &self,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        self.remove::<Webhook>(registry, name, precondition, |_, _| Ok(())).await
    }

    /// The target with what is wished, if something is.
    fn sealed_target(
        &self,
        tx: &mut Transaction<'_, '_>,
        registry: RegistryId,
        name: &str,
        change: &WebhookChange,
    ) -> Result<Option<Vec<u8>>, ResourceError> {
        if change.address.is_none() && change.headers.is_none() {
            return Ok(None);
        }
        let present = tx.resource_secret::<Webhook>(registry, name)?;
        let present = present.and_then(|sealed| self.open(registry, name, &sealed));
        let (address, headers) = present.map(|one| (one.address, one.headers)).unzip();
        let address = change.address.clone().or(address);
        let address = address.ok_or(ResourceError::Required("properties.serviceUri"))?;
        let headers = change.headers.clone().or(headers).unwrap_or_default();
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let text = Sealed { address: address.expose().to_owned(), headers: headers.collect() };
        let text = serde_json::to_vec(&text).expect("texts are plain data");
        Ok(Some(self.0.master_key.seal(&purpose(registry, name), &text)))
    }

    fn open(&self, registry: RegistryId, name: &str, sealed: &[u8]) -> Option<WebhookTarget> {
        let text = self.0.master_key.open(&purpose(registry, name), sealed).ok()?;
        let Sealed { address, headers } = serde_json::from_slice(&text).ok()?;
        let headers = headers.into_iter().map(|(name, value)| (name, Secret::new(value)));
        Some(WebhookTarget { address: Secret::new(address), headers: headers.collect() })
    }
}

fn purpose(registry: RegistryId, name: &str) -> String {
    format!("webhook {registry} {}", name.to_ascii_lowercase())
}

/// The webhook with what is wished.
fn webhook(
    present: Option<&Resource<Webhook>>,
    change: &WebhookChange,
) -> Result<Webhook, ResourceError> {
    let present = present.map(|present| present.value.clone());
    let (enabled, scope, actions) = match present {
        Some(present) => (present.enabled, present.scope, Some(present.actions)),
        None if change.address.is_none() => {
            return Err(ResourceError::Required("properties.serviceUri"));
        }
        None => (true, String::new(), None),
    };
    let actions = change.actions.clone().or(actions);
    let actions = actions.ok_or(ResourceError::Required("properties.actions"))?;
    let scope = change.scope.clone().unwrap_or(scope);
    Ok(Webhook::new(change.enabled.unwrap_or(enabled), scope, actions)?)
}

/// Refuses addresses and headers that no request can be made with.
fn check_target(change: &WebhookChange) -> Result<(), ResourceError> {
    let refuse = |text: String| Err(ResourceError::Target(text));
    if let Some(address) = &change.address {
        let text = address.expose();
        let url = Url::parse(text).ok().filter(|_| text.len() <= MOST_ADDRESS);
        let fits =
            url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        if !fits {
            return refuse("serviceUri is not an address of HTTP or HTTPS".to_owned());
        }
    }
    let headers = change.headers.iter().flatten();
    if headers.clone().count() > MOST_HEADERS {
        return refuse(format!("a webhook has {MOST_HEADERS} headers at most"));
    }
    for (name, value) in headers {
        let value = value.expose();
        if HeaderName::try_from(name).is_err() {
            return refuse(format!("{name:?} can't be the name of a header"));
        }
        if value.len() > MOST_HEADER || HeaderValue::try_from(value).is_err() {
            return refuse(format!("the value of header {name} can't be sent"));
        }
    }
    Ok(())
}
