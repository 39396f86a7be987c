//! What came of a deployment: what is kept of it, and how it is shown.

use std::time::Duration;

use gantry_model::resource::TemplateDeployment;
use gantry_model::{Tags, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::TYPE;
use super::request::{Mode, Request};
use crate::error::ArmError;
use crate::shape::{Common, Shaped};
use crate::{Call, headers};

/// No deployment takes longer.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// A deployment.
pub(crate) type Shown = Shaped<Properties>;

/// How a deployment went.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "Deployment")]
pub(crate) struct Properties {
    provisioning_state: &'static str,
    correlation_id: String,
    timestamp: String,
    duration: String,
    mode: Mode,
    parameters: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Value>,
    output_resources: Vec<Named>,
    validated_resources: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "DeployedResource")]
struct Named {
    id: String,
}

/// What came of one resource of a deployment.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentOperation {
    id: String,
    operation_id: String,
    properties: OperationProperties,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeploymentOperationProperties")]
struct OperationProperties {
    provisioning_operation: Work,
    provisioning_state: &'static str,
    timestamp: String,
    status_code: String,
    target_resource: TargetResource,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<StatusMessage>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TargetResource {
    id: String,
    resource_type: String,
    resource_name: String,
}

#[derive(Serialize, JsonSchema)]
struct StatusMessage {
    status: &'static str,
    error: Failure,
}

/// Why something failed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentFailure")]
pub(crate) struct Failure {
    code: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<Self>,
}

/// What came of one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) work: Work,
    pub(super) status: u16,
    pub(super) failure: Option<Failure>,
    pub(super) at: String,
}

/// What was done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProvisioningOperation")]
pub(super) enum Work {
    /// It was made, or brought to what the template says.
    Create,
    /// It was deleted, for it isn't in the template.
    DeploymentCleanup,
}

/// What is kept of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Another for each time.
    operation: Uuid,
    correlation: String,
    begun: Timestamp,
    has_ended: bool,
    location: Option<String>,
    tags: Tags,
    mode: Mode,
    parameters: Value,
    outputs: Option<Value>,
    steps: Vec<Step>,
    validated: Vec<String>,
    failure: Option<Failure>,
}

impl Record {
    /// One that begins.
    pub(super) fn begun(call: &Call<'_>, request: &Request) -> Self {
        Self {
            operation: Uuid::new_v4(),
            correlation: headers::correlation(call.parts),
            begun: call.app.content.catalog().now(),
            has_ended: false,
            location: request.location.clone(),
            tags: request.tags.clone(),
            mode: request.mode,
            parameters: request.deployment.parameters(),
            outputs: None,
            steps: Vec::new(),
            validated: Vec::new(),
            failure: None,
        }
    }

    /// The same, with what came of its resources.
    pub(super) fn ended(self, steps: Vec<Step>) -> Self {
        let failures = steps.iter().filter_map(|step| {
            let failure = step.failure.clone()?;
            Some(Failure { target: Some(step.id.clone()), ..failure })
        });
        let details: Vec<Failure> = failures.collect();
        let failure = (!details.is_empty()).then(|| Failure::of_deployment(details));
        Self { has_ended: true, steps, failure, ..self }
    }

    /// One that was looked at and not carried out.
    pub(super) fn validated(call: &Call<'_>, request: &Request) -> Self {
        let resources = request.deployment.resources();
        let validated = resources.iter().map(|resource| resource.id().to_owned()).collect();
        Self { has_ended: true, validated, ..Self::begun(call, request) }
    }

    /// Reads what is kept. One that doesn't end for longer than any takes was broken off.
    pub(super) fn read(kept: &TemplateDeployment, now: Timestamp) -> Result<Self, ArmError> {
        let record: Self = serde_json::from_str(&kept.document).map_err(ArmError::internal)?;
        Ok(match record.has_ended || kept.deployed_at.plus(LONGEST) > now {
            true => record,
            false => Self { has_ended: true, failure: Some(Failure::broken_off()), ..record },
        })
    }

    /// What is kept.
    pub(super) fn document(&self) -> String {
        serde_json::to_string(self).expect("a record is plain data")
    }

    /// Whether nothing has failed.
    pub(super) fn is_good(&self) -> bool {
        self.failure.is_none()
    }

    /// Takes what the template's outputs came to.
    pub(super) fn set_outputs(&mut self, outputs: Result<Value, Failure>) {
        match outputs {
            Ok(outputs) => self.outputs = Some(outputs),
            Err(failure) => self.failure = Some(Failure::of_deployment(vec![failure])),
        }
    }

    /// What clients that wait for it ask for.
    pub(super) fn operation(&self) -> String {
        self.operation.to_string()
    }

    /// How it went, or that it goes on.
    pub(super) fn outcome(&self) -> (&'static str, Option<Failure>) {
        let state = if self.has_ended { state(self.failure.as_ref()) } else { "Running" };
        (state, self.failure.clone())
    }

    /// What came of each resource.
    pub(super) fn operations(&self, kept: &TemplateDeployment) -> Vec<DeploymentOperation> {
        let own = &self.shown(kept).id;
        let steps = self.steps.iter().enumerate();
        steps.map(|(at, step)| step.shown(own, &format!("{:016}", at + 1))).collect()
    }

    /// The deployment in ARM's shape.
    pub(super) fn shown(&self, kept: &TemplateDeployment) -> Shown {
        let named = |id: &String| Named { id: id.clone() };
        let made = self.steps.iter().filter(|step| step.failure.is_none());
        let made = made.filter(|step| step.work == Work::Create);
        let (state, error) = self.outcome();
        let millis = kept.deployed_at.micros().saturating_sub(self.begun.micros()) / 1000;
        let properties = Properties {
            provisioning_state: state,
            correlation_id: self.correlation.clone(),
            timestamp: kept.deployed_at.to_string(),
            duration: format!("PT{}.{:03}S", millis / 1000, millis % 1000),
            mode: self.mode,
            parameters: self.parameters.clone(),
            outputs: self.outputs.clone(),
            output_resources: made.map(|step| named(&step.id)).collect(),
            validated_resources: self.validated.iter().map(named).collect(),
            error,
        };
        let common = Common {
            location: self.location.clone(),
            tags: Some(self.tags.clone()),
            ..Common::default()
        };
        let TemplateDeployment { scope, name, .. } = kept;
        Shaped {
            id: format!("{scope}/providers/{TYPE}/{name}"),
            name: name.clone(),
            kind: TYPE.to_owned(),
            common,
            properties,
        }
    }
}

impl Step {
    fn shown(&self, deployment: &str, operation_id: &str) -> DeploymentOperation {
        let status_message =
            self.failure.clone().map(|error| StatusMessage { status: "Failed", error });
        let code = http::StatusCode::from_u16(self.status).ok();
        let reason = code.and_then(|code| code.canonical_reason()).unwrap_or_default();
        DeploymentOperation {
            id: format!("{deployment}/operations/{operation_id}"),
            operation_id: operation_id.to_owned(),
            properties: OperationProperties {
                provisioning_operation: self.work,
                provisioning_state: state(self.failure.as_ref()),
                timestamp: self.at.clone(),
                status_code: reason.replace(' ', ""),
                target_resource: TargetResource {
                    id: self.id.clone(),
                    resource_type: self.kind.clone(),
                    resource_name: self.name.clone(),
                },
                status_message,
            },
        }
    }
}

impl Failure {
    /// What an error in ARM's form says.
    pub(super) fn said(error: &Value) -> Self {
        serde_json::from_value(error.clone()).unwrap_or_else(|_| Self {
            code: "InternalServerError".to_owned(),
            message: "internal error".to_owned(),
            target: None,
            details: Vec::new(),
        })
    }

    /// Why a deployment that was asked for within another has failed, if it has.
    pub(super) fn within(answer: &Value) -> Option<Self> {
        let error = &answer["properties"]["error"];
        let failed = answer["properties"]["provisioningState"] == "Failed";
        (failed && error.is_object()).then(|| Self::said(error))
    }

    fn broken_off() -> Self {
        Self {
            code: "DeploymentBrokenOff".to_owned(),
            message: "The client or the server went away before the deployment was over. What was \
                      made by then stays; deploying the template again makes the rest."
                .to_owned(),
            target: None,
            details: Vec::new(),
        }
    }

    fn of_deployment(details: Vec<Self>) -> Self {
        Self {
            code: "DeploymentFailed".to_owned(),
            message: "At least one resource deployment operation failed. Please list deployment \
                      operations for details. Please see https://aka.ms/arm-deployment-operations \
                      for usage details."
                .to_owned(),
            target: None,
            details,
        }
    }
}

fn state(failure: Option<&Failure>) -> &'static str {
    if failure.is_none() { "Succeeded" } else { "Failed" }
}
