//! The activity log (`Microsoft.Insights/eventtypes/management/values`): what was done by the management
//! API, newest first, from the journal. What was refused is in the audit stream.

use axum::response::Response;
use gantry_arm::{Field, Filter, Guid, ResourceId, Term};
use gantry_catalog::ActivityRow;
use gantry_model::Timestamp;
use gantry_model::journal::Managed;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Call;
use crate::error::ArmError;
use crate::page::{self, LIMIT};

/// The action that shows an event of a resource.
const READ: &str = "Microsoft.Insights/eventtypes/values/read";
/// How often the catalog is asked for one page, of which what doesn't fit is left out.
const MOST_LOOKED: usize = 10;
/// What ids of events are derived in.
const EVENTS: &str = "4a0e7a0b-6f3e-4f0e-9f39-7b1d2a3c5e11";

/// Something that was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityEvent {
    authorization: Authorization,
    caller: String,
    channels: &'static str,
    claims: Claims,
    correlation_id: String,
    description: &'static str,
    event_data_id: String,
    event_name: Named,
    category: Named,
    event_timestamp: String,
    id: String,
    level: &'static str,
    operation_id: String,
    operation_name: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_group_name: Option<String>,
    resource_provider_name: Named,
    resource_type: Named,
    resource_id: String,
    status: Named,
    sub_status: Named,
    submission_timestamp: String,
    subscription_id: String,
    tenant_id: String,
    properties: Properties,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ActivityEventAuthorization")]
struct Authorization {
    action: String,
    scope: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ActivityEventClaims")]
struct Claims {
    #[serde(rename = "http://schemas.microsoft.com/identity/claims/objectidentifier")]
    object: String,
}

/// A word for programs, and one for people.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LocalizableString")]
struct Named {
    value: String,
    localized_value: String,
}

impl Named {
    fn same(text: &str) -> Self {
        Self { value: text.to_owned(), localized_value: text.to_owned() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ActivityEventProperties")]
struct Properties {
    entity: String,
    message: String,
}

/// Which events are asked for.
#[derive(Default)]
struct Wanted {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    group: Option<Box<str>>,
    resource: Option<Box<str>>,
    provider: Option<Box<str>>,
    caller: Option<Box<str>>,
    correlation: Option<Box<str>>,
    /// Nothing fits: events here are informational, and have succeeded.
    none: bool,
}

/// `GET values`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let wanted = Wanted::of(page::filter(call)?.as_ref())?;
    let after = page::after(call)?;
    let mut before = match after.is_empty() {
        true => i64::MAX,
        false => after.parse().map_err(|_| ArmError::bad_request("$skiptoken is none of ours"))?,
    };
    let mut shown: Vec<ActivityEvent> = Vec::new();
    if wanted.none {
        return Ok(page::whole(shown));
    }
    for looked in 1.. {
        let found = call.app.content.catalog().activity_before(before, LIMIT).await?;
        let is_last = found.len() < LIMIT;
        let is_over =
            found.last().is_some_and(|last| wanted.from.is_some_and(|from| last.at < from));
        before = found.last().map_or(before, |last| last.number);
        let visible = found.iter().filter(|event| wanted.has(event) && may_see(call, event));
        shown.extend(visible.map(|event| render(call, event)));
        if is_last || is_over {
            break;
        }
        if shown.len() >= LIMIT || looked == MOST_LOOKED {
            return Ok(page::page(call, shown, Some(&before.to_string())));
        }
    }
    Ok(page::whole(shown))
}

fn may_see(call: &Call<'_>, event: &ActivityRow) -> bool {
    let id = event.managed.resource.parse::<ResourceId>();
    id.is_ok_and(|id| call.caller.authority().may(READ, &id))
}

impl Wanted {
    fn of(filter: Option<&Filter>) -> Result<Self, ArmError> {
        let mut wanted = Self::default();
        // Clients leave the zone out, and mean UTC.
        let moment = |text: &str| {
            let found = text.parse::<Timestamp>().or_else(|_| format!("{text}Z").parse());
            found.map_err(ArmError::bad_filter)
        };
        for term in filter.into_iter().flat_map(Filter::terms) {
            match term {
                Term::AtLeast(Field::EventTimestamp, text) => wanted.from = Some(moment(text)?),
                Term::AtMost(Field::EventTimestamp, text) => wanted.until = Some(moment(text)?),
                Term::Equals(Field::ResourceGroupName, text) => wanted.group = Some(text.clone()),
                Term::Equals(Field::ResourceUri | Field::ResourceId, text) => {
                    wanted.resource = Some(text.clone());
                }
                Term::Equals(Field::ResourceProvider, text) => wanted.provider = Some(text.clone()),
                Term::Equals(Field::Caller, text) => wanted.caller = Some(text.clone()),
                Term::Equals(Field::CorrelationId, text) => wanted.correlation = Some(text.clone()),
                Term::Equals(Field::EventChannels, _) => {}
                Term::Equals(Field::Status, text) => {
                    wanted.none |= !text.eq_ignore_ascii_case("Succeeded");
                }
                Term::Equals(Field::Levels, text) => {
                    let mut levels = text.split(',').map(str::trim);
                    wanted.none |= !levels.any(|one| one.eq_ignore_ascii_case("Informational"));
                }
                _ => return Err(ArmError::bad_filter("events can't be filtered by that")),
            }
        }
        Ok(wanted)
    }

    fn has(&self, event: &ActivityRow) -> bool {
        let Managed { action, resource, by, name, correlation } = &event.managed;
        let is = |wanted: &Option<Box<str>>, own: &[&str]| {
            let same = |text: &str| own.iter().any(|one| one.eq_ignore_ascii_case(text));
            wanted.as_ref().is_none_or(|text| same(text))
        };
        let id: Option<ResourceId> = resource.parse().ok();
        let group = id.as_ref().and_then(ResourceId::resource_group).unwrap_or_default();
        let within = self.resource.as_ref().is_none_or(|wanted| {
            let wanted = wanted.parse::<ResourceId>().ok();
            wanted.zip(id.as_ref()).is_some_and(|(wanted, id)| wanted.contains(id))
        });
        self.from.is_none_or(|from| event.at >= from)
            && self.until.is_none_or(|until| event.at <= until)
            && within
            && is(&self.group, &[group])
            && is(&self.provider, &[provider(action)])
            && is(&self.caller, &[by, name])
            && is(&self.correlation, &[correlation])
    }
}

fn provider(action: &str) -> &str {
    action.split('/').next().unwrap_or_default()
}

fn render(call: &Call<'_>, event: &ActivityRow) -> ActivityEvent {
    let Managed { action, resource, by, name, correlation } = &event.managed;
    let at = event.at.to_string();
    let namespace: Guid = EVENTS.parse().expect("it is a GUID");
    let id = Guid::derived(namespace, &event.number.to_string());
    let resource_id: Option<ResourceId> = resource.parse().ok();
    let group = resource_id.as_ref().and_then(ResourceId::resource_group).map(str::to_owned);
    let kind = resource_id.map(|id| id.resource_type()).unwrap_or_default();
    let tenant = call.app.access.directory().tenant();
    ActivityEvent {
        authorization: Authorization { action: action.clone(), scope: resource.clone() },
        caller: name.clone(),
        channels: "Operation",
        claims: Claims { object: by.clone() },
        correlation_id: correlation.clone(),
        description: "",
        event_data_id: id.to_string(),
        event_name: Named {
            value: "EndRequest".to_owned(),
            localized_value: "End request".to_owned(),
        },
        category: Named::same("Administrative"),
        event_timestamp: at.clone(),
        id: format!("{resource}/events/{id}/ticks/{}", event.at.micros()),
        level: "Informational",
        operation_id: correlation.clone(),
        operation_name: Named::same(action),
        resource_group_name: group,
        resource_provider_name: Named::same(provider(action)),
        resource_type: Named::same(&kind),
        resource_id: resource.clone(),
        status: Named::same("Succeeded"),
        sub_status: Named::same(""),
        submission_timestamp: at,
        subscription_id: tenant.subscription.to_string(),
        tenant_id: tenant.id.to_string(),
        properties: Properties { entity: resource.clone(), message: action.clone() },
    }
}
