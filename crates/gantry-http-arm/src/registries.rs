//! Registries.

mod properties;
mod render;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_http_base::made;
use gantry_model::resource::{CacheRule, Webhook};
use gantry_model::{
    DomainLabel, Identities, LabelScope, NotInTier, Precondition, Registry, RegistryName, Tags,
    TagsError, Version, Written,
};
use gantry_registry::registries::{ChangeError, DeleteError, NewRegistry, Wishes};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::page::{self, LIMIT};

use crate::preconditions::{precondition, status, tagged};
use crate::shape::document;
use crate::{Call, body, identity, names, private_endpoints};

pub(crate) use render::Shown;

/// The type of registries.
pub(crate) const TYPE: &str = "Microsoft.ContainerRegistry/registries";
pub(crate) const READ: &str = "Microsoft.ContainerRegistry/registries/read";

/// The registry that the path names.
pub(crate) fn find(call: &Call<'_>) -> Result<Arc<Registry>, ArmError> {
    find_at(call, &call.asked.resource)
}

/// The registry that `id` is, or is in.
pub(crate) fn find_at(call: &Call<'_>, id: &ResourceId) -> Result<Arc<Registry>, ArmError> {
    let found = named(id).and_then(|name| call.app.content.registries().by_name(&name));
    let here = |one: &Arc<Registry>| self::id(call, one).is_some_and(|own| own.contains(id));
    found.filter(here).ok_or_else(|| {
        let (name, group) = (named(id), id.resource_group().unwrap_or_default());
        let name = name.as_ref().map_or("", RegistryName::as_str);
        ArmError::not_found(format!(
            "The Resource '{TYPE}/{name}' under resource group '{group}' was not found. For more \
             details please go to https://aka.ms/ARMResourceNotFoundFix"
        ))
    })
}

/// The name of the registry that the id is, or is in.
fn named(id: &ResourceId) -> Option<RegistryName> {
    let mut id = id.clone();
    while !id.is_type(TYPE) {
        id = id.parent()?;
    }
    id.name()?.parse().ok()
}

/// The registry's id.
pub(crate) fn id(call: &Call<'_>, registry: &Registry) -> Option<ResourceId> {
    call.app.access.resource_id(registry).parse().ok()
}

/// Up to one more than a page of the registries that the caller may see and `wanted` takes, of a group
/// if one is named.
pub(crate) fn page(
    call: &Call<'_>,
    group: Option<&str>,
    wanted: impl Fn(&Registry) -> bool,
) -> Result<Vec<Arc<Registry>>, ArmError> {
    let after = page::after(call)?;
    let authority = call.caller.authority();
    let visible =
        |one: &Registry| wanted(one) && id(call, one).is_some_and(|id| authority.may(READ, &id));
    let registries = call.app.content.registries();
    Ok(match group {
        Some(group) => registries.page_of_group(group, &after, LIMIT + 1, visible),
        None => registries.page(&after, LIMIT + 1, visible),
    })
}

/// `GET registries` of the subscription
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    listed(call, None)
}

/// `GET registries` of a resource group
pub(crate) async fn list_of_group(call: &Call<'_>) -> Result<Response, ArmError> {
    listed(call, Some(call.asked.parameter("resourceGroupName")))
}

fn listed(call: &Call<'_>, group: Option<&str>) -> Result<Response, ArmError> {
    let found = page(call, group, |_| true)?;
    let shown = |registry: &Arc<Registry>| render::registry(call, registry);
    Ok(page::cut(call, found, |registry| registry.name.to_string(), shown))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(shown(call, StatusCode::OK, &*find(call)?))
}

/// `PUT` of one: makes it, or changes what is said.
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let wanted = read_object(call, body).await?;
    let text = call.asked.parameter("registryName");
    let name: RegistryName = text.parse().map_err(ArmError::bad_name)?;
    let present = find(call).ok();
    let location =
        wanted["location"].as_str().map(|text| text.to_ascii_lowercase().replace(' ', ""));
    let is_known = |location: &String| *location == call.app.content.registries().location();
    if let (None, Some(location)) = (&present, location.as_ref().filter(|one| !is_known(one))) {
        let message = format!(
            "The provided location '{location}' is not available: this server is in '{}'.",
            call.app.content.registries().location()
        );
        let code = "LocationNotAvailableForResourceType";
        return Err(ArmError::new(StatusCode::BAD_REQUEST, code, message).about("location"));
    }
    let label = properties::label(&wanted)?;
    let draft = || {
        let location = call.app.content.registries().location();
        let now = call.app.content.catalog().now();
        let draft = NewRegistry::draft(name.clone(), &location, now);
        Registry { label: label.map(|scope| DomainLabel { scope, hash: String::new() }), ..draft }
    };
    if present.is_none() && wanted["sku"]["name"].is_null() {
        let message = "The 'sku.name' property is required: Basic, Standard or Premium.";
        return Err(ArmError::new(StatusCode::BAD_REQUEST, "MissingSku", message).about("sku.name"));
    }
    let before = present.as_ref().map_or_else(draft, |present| Registry::clone(present));
    let (wishes, identities) = wishes(call, &before, &wanted).await?;
    let tenant = call.app.access.directory().tenant();
    let new = NewRegistry {
        name,
        location,
        resource_group: call.asked.parameter("resourceGroupName").to_owned(),
        label,
        places: [tenant.id.to_string(), tenant.subscription.to_string()],
        wishes,
    };
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let put = registries.put(catalog, new, precondition).await;
    let (registry, written) = settle(call, &before, &identities, put).await?;
    let status = if present.is_some() { StatusCode::OK } else { status(written) };
    Ok(made(shown(call, status, &registry), registry.name.to_string()))
}

/// `PATCH` of one
pub(crate) async fn patch(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let registry = find(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let wanted = read_object(call, body).await?;
    if properties::label(&wanted)?.is_some_and(|wanted| registry.label_scope() != Some(wanted)) {
        return Err(refused(ChangeError::OtherLabel));
    }
    let (wishes, identities) = wishes(call, &registry, &wanted).await?;
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let changed = registries.change(catalog, registry.id, precondition, wishes).await;
    let changed = changed.map(|changed| (changed, Written::Changed));
    let (changed, _) = settle(call, &registry, &identities, changed).await?;
    Ok(shown(call, StatusCode::OK, &changed))
}

async fn read_object(call: &Call<'_>, body: Body) -> Result<Value, ArmError> {
    let wanted: Value = body::read(call.app, body).await?;
    match wanted.is_object() {
        true => Ok(wanted),
        false => Err(ArmError::bad_request("the body is not an object")),
    }
}

/// What the body wishes of a registry that is like `before`, and the identities that it is to have.
async fn wishes(
    call: &Call<'_>,
    before: &Registry,
    wanted: &Value,
) -> Result<(Wishes, Identities), ArmError> {
    let shown = document(&render::registry(call, before));
    let properties = properties::read(&shown, wanted)?;
    let tags = match &wanted["tags"] {
        Value::Null => None,
        tags => Some(read_tags(tags)?),
    };
    let identity = identity::read(&wanted["identity"])?;
    let own = identity::wished(call, identity, &before.identity, before.name.as_str()).await?;
    let (by, now) = (call.caller.name(), call.app.content.catalog().now());
    let wished = own.clone();
    let wishes = Wishes::new(move |registry| {
        properties.iter().for_each(|change| change(&mut registry.settings));
        if let Some(tags) = &tags {
            registry.tags = tags.clone();
        }
        registry.identity = wished.clone();
        registry.authors.note(&by, now);
    });
    Ok((wishes, own))
}

/// Sees to it that no identity is left over, whichever way it went.
async fn settle(
    call: &Call<'_>,
    before: &Registry,
    wished: &Identities,
    outcome: Result<(Registry, Written), ChangeError>,
) -> Result<(Registry, Written), ArmError> {
    match outcome {
        Ok((registry, written)) => {
            identity::drop_unused(call.app, &before.identity, &registry.identity).await;
            Ok((registry, written))
        }
        Err(error) => {
            identity::drop_unused(call.app, wished, &before.identity).await;
            Err(refused(error))
        }
    }
}

/// Applies what is wished to a registry, for handlers of what belongs to it.
pub(crate) async fn change(
    call: &Call<'_>,
    registry: &Registry,
    precondition: Precondition,
    wishes: Wishes,
) -> Result<Registry, ArmError> {
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    registries.change(catalog, registry.id, precondition, wishes).await.map_err(refused)
}

/// `DELETE` of one
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let Ok(registry) = find(call) else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let scope = call.app.access.resource_id(&registry);
    match registries.delete(catalog, registry.id, scope, precondition).await {
        Ok(gone) => {
            identity::drop_unused(call.app, &gone.identity, &Identities::default()).await;
            Ok(StatusCode::OK.into_response())
        }
        Err(DeleteError::Missing) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(refuse_deletion(error)),
    }
}

/// The registry, as an answer.
pub(crate) fn shown(call: &Call<'_>, status: StatusCode, registry: &Registry) -> Response {
    tagged(status, &Version::of_registry(registry), render::registry(call, registry))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameCheck {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    resource_group_name: Option<String>,
}

/// Whether a name can be used.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameStatus {
    name_available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_login_server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// `POST checkNameAvailability`
pub(crate) async fn check_name(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let wanted: Value = body::read(call.app, body).await?;
    let label = properties::label(&json!({ "properties": wanted }))?;
    let NameCheck { name, kind, resource_group_name } = body::of(wanted)?;
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case(TYPE)) {
        return Err(ArmError::bad_request(format!("type must be {TYPE}")).about("type"));
    }
    let unavailable = |reason, message| {
        let status =
            NameStatus { reason: Some(reason), message: Some(message), ..NameStatus::default() };
        Ok(Json(status).into_response())
    };
    let parsed: RegistryName = match name.parse() {
        Ok(parsed) => parsed,
        Err(_) => {
            let message = "The specified resource name can only contain alphanumeric characters and \
                           must be 5 to 50 characters long.";
            return unavailable("Invalid", message.to_owned());
        }
    };
    if call.app.content.registries().by_name(&parsed).is_some() {
        return unavailable("AlreadyExists", format!("The registry {name} is already in use."));
    }
    let tenant = call.app.access.directory().tenant();
    let (tenant, subscription) = (tenant.id.to_string(), tenant.subscription.to_string());
    let group = resource_group_name.unwrap_or_default();
    let host = match label {
        None => parsed.to_string(),
        Some(LabelScope::NoReuse) => format!("{parsed}-*"),
        Some(scope) => {
            let label = DomainLabel::new(scope, &parsed, [&tenant, &subscription, &group], "");
            format!("{parsed}-{}", label.hash)
        }
    };
    let host = format!("{host}.{}", names::suffix(call.app, call.base));
    let status = NameStatus {
        name_available: true,
        available_login_server_name: Some(host),
        ..NameStatus::default()
    };
    Ok(Json(status).into_response())
}

/// How much of what its tier allows a registry uses.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    name: &'static str,
    /// -1 for no limit.
    limit: i64,
    current_value: i64,
    unit: &'static str,
}

/// `GET listUsages`
pub(crate) async fn usages(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = find(call)?;
    let limits = call.app.content.registries().tiers().of(registry.settings.tier);
    let stored = call.app.content.usage(registry.id).await.map_err(ArmError::internal)?;
    let (access, resources) = (&call.app.access, &call.app.resources);
    let of = |name, limit, current_value, unit| Usage { name, limit, current_value, unit };
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let count = |name, limit, value| of(name, whole(limit), whole(value), "Count");
    let length = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let rules = length(registry.settings.network.allowed.len());
    let connections = length(private_endpoints::all(call, &registry).len());
    let replications = if limits.replications { -1 } else { 0 };
    Ok(page::whole(vec![
        of("Size", whole(limits.included_bytes), stored.bytes, "Bytes"),
        count("Webhooks", limits.webhooks, resources.count::<Webhook>(&registry).await?),
        of("Geo-replications", replications, 0, "Count"),
        count("IPRules", limits.network_rules, rules),
        count("VNetRules", 0, 0),
        count("PrivateEndpointConnections", limits.private_endpoints, connections),
        count("ScopeMaps", limits.scope_maps, access.count_scope_maps(&registry).await?),
        count("Tokens", limits.tokens, access.count_tokens(&registry).await?),
        count("CacheRules", limits.cache_rules, resources.count::<CacheRule>(&registry).await?),
    ]))
}

/// Reads `tags`.
pub(crate) fn read_tags(tags: &Value) -> Result<Tags, ArmError> {
    let pairs: std::collections::BTreeMap<String, Option<String>> = body::of(tags.clone())?;
    let pairs = pairs.into_iter().map(|(name, value)| (name, value.unwrap_or_default()));
    Tags::new(pairs).map_err(bad_tags)
}

/// Tags that can't be.
pub(crate) fn bad_tags(error: TagsError) -> ArmError {
    ArmError::new(StatusCode::BAD_REQUEST, "InvalidTag", error).about("tags")
}

/// What the registry's tier hasn't got.
pub(crate) fn not_in_tier(error: &NotInTier) -> ArmError {
    ArmError::new(StatusCode::BAD_REQUEST, "FeatureNotSupportedForSku", error).about("sku.name")
}

fn refused(error: ChangeError) -> ArmError {
    use ChangeError::{
        Catalog, Elsewhere, Exceeds, ExportFromPublic, Missing, NameTaken, NoSuchGroup, NotInTier,
        OtherLabel, TooManyRules,
    };
    let bad = |code| ArmError::new(StatusCode::BAD_REQUEST, code, &error);
    match error {
        Missing => ArmError::not_found(error),
        NoSuchGroup(_) => ArmError::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", error),
        NameTaken(_) => ArmError::conflict("AlreadyExists", error),
        Elsewhere(_) => ArmError::conflict("InvalidResourceLocation", error).about("location"),
        OtherLabel => {
            bad("PropertyChangeNotSupported").about("properties.autoGeneratedDomainNameLabelScope")
        }
        ChangeError::Precondition(error) => error.into(),
        NotInTier(ref lacking) => not_in_tier(lacking),
        TooManyRules(_) => bad("IpRulesLimitExceeded").about("properties.networkRuleSet.ipRules"),
        Exceeds { .. } => ArmError::conflict("SkuDowngradeNotAllowed", error).about("sku.name"),
        ExportFromPublic => bad("InvalidProperty").about("properties.policies.exportPolicy.status"),
        Catalog(error) => error.into(),
    }
}

pub(crate) fn refuse_deletion(error: DeleteError) -> ArmError {
    match error {
        DeleteError::Missing => ArmError::not_found(error),
        DeleteError::NoSuchGroup(_) => {
            ArmError::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", error)
        }
        DeleteError::Configured(_) | DeleteError::FirstGroup(_) => {
            ArmError::conflict("ResourceOfConfiguration", error)
        }
        DeleteError::Precondition(error) => error.into(),
        DeleteError::Catalog(error) => error.into(),
    }
}
