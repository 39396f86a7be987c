//! What came of a deployment: what is kept of it, and how it is shown.

use gantry_arm_template::Deployment;
use gantry_model::resource::TemplateDeployment;
use gantry_model::{Tags, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request::{Mode, Request};
use crate::error::ArmError;
use crate::shape::{Common, Shaped};
use crate::{Call, headers};

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
    mode: String,
    parameters: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Value>,
    dependencies: Vec<Dependency>,
    output_resources: Vec<Named>,
    validated_resources: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// What a resource of a template waits for.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeploymentDependency")]
struct Dependency {
    id: String,
    resource_type: String,
    resource_name: String,
    depends_on: Vec<Named>,
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
    provisioning_operation: String,
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
    pub(super) operation: String,
    pub(super) depends_on: Vec<String>,
    pub(super) status: u16,
    pub(super) failure: Option<Failure>,
    pub(super) at: String,
}

/// What is kept of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    correlation: String,
    begun: Timestamp,
    location: Option<String>,
    tags: Tags,
    mode: String,
    template: Value,
    parameters: Value,
    outputs: Option<Value>,
    steps: Vec<Step>,
    validated: Vec<String>,
    failure: Option<Failure>,
}

impl Record {
    /// What came of the resources of a deployment that began then.
    pub(super) fn of(
        call: &Call<'_>,
        request: &Request,
        begun: Timestamp,
        steps: Vec<Step>,
    ) -> Self {
        let failures = steps.iter().filter_map(|step| {
            let failure = step.failure.clone()?;
            Some(Failure { target: Some(step.id.clone()), ..failure })
        });
        let details: Vec<Failure> = failures.collect();
        let failure = (!details.is_empty()).then(|| Failure::of_deployment(details));
        Self { steps, failure, ..Self::about(call, request, begun) }
    }

    /// One that was looked at and not carried out.
    pub(super) fn validated(call: &Call<'_>, request: &Request) -> Self {
        let now = call.app.content.catalog().now();
        let validated = ids(&request.deployment);
        Self { validated, ..Self::about(call, request, now) }
    }

    fn about(call: &Call<'_>, request: &Request, begun: Timestamp) -> Self {
        Self {
            correlation: headers::correlation(call.parts),
            begun,
            location: request.location.clone(),
            tags: request.tags.clone(),
            mode: match request.mode {
                Mode::Incremental => "Incremental".to_owned(),
                Mode::Complete => "Complete".to_owned(),
            },
            template: request.template.clone(),
            parameters: request.deployment.parameters(),
            outputs: None,
            steps: Vec::new(),
            validated: Vec::new(),
            failure: None,
        }
    }

    /// Reads what is kept.
    pub(super) fn read(kept: &TemplateDeployment) -> Result<Self, ArmError> {
        serde_json::from_str(&kept.document).map_err(ArmError::internal)
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

    /// What it is found by in logs.
    pub(super) fn correlation(&self) -> &str {
        &self.correlation
    }

    /// Its template.
    pub(super) fn template(&self) -> Value {
        self.template.clone()
    }

    /// How it went.
    pub(super) fn outcome(&self) -> (&'static str, Option<Failure>) {
        (state(self.failure.as_ref()), self.failure.clone())
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
        let made = made.filter(|step| step.operation == "Create");
        let waiting = self.steps.iter().filter(|step| !step.depends_on.is_empty());
        let (state, error) = self.outcome();
        let millis = kept.deployed_at.micros().saturating_sub(self.begun.micros()) / 1000;
        let properties = Properties {
            provisioning_state: state,
            correlation_id: self.correlation.clone(),
            timestamp: kept.deployed_at.to_string(),
            duration: format!("PT{}.{:03}S", millis / 1000, millis % 1000),
            mode: self.mode.clone(),
            parameters: self.parameters.clone(),
            outputs: self.outputs.clone(),
            dependencies: waiting.map(Step::dependency).collect(),
            output_resources: made.map(|step| named(&step.id)).collect(),
            validated_resources: self.validated.iter().map(named).collect(),
            error,
        };
        let common = Common {
            location: self.location.clone(),
            tags: Some(self.tags.clone()),
            ..Common::default()
        };
        super::shaped(kept, properties, common)
    }
}

impl Step {
    fn dependency(&self) -> Dependency {
        Dependency {
            id: self.id.clone(),
            resource_type: self.kind.clone(),
            resource_name: self.name.clone(),
            depends_on: self.depends_on.iter().map(|id| Named { id: id.clone() }).collect(),
        }
    }

    fn shown(&self, deployment: &str, operation_id: &str) -> DeploymentOperation {
        let status_message =
            self.failure.clone().map(|error| StatusMessage { status: "Failed", error });
        let code = http::StatusCode::from_u16(self.status).ok();
        let reason = code.and_then(|code| code.canonical_reason()).unwrap_or_default();
        DeploymentOperation {
            id: format!("{deployment}/operations/{operation_id}"),
            operation_id: operation_id.to_owned(),
            properties: OperationProperties {
                provisioning_operation: self.operation.clone(),
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

fn ids(deployment: &Deployment) -> Vec<String> {
    deployment.resources().iter().map(|resource| resource.id().to_owned()).collect()
}

impl ArmError {
    /// The body of its answer.
    pub(super) fn told(&self) -> Value {
        json!(self.response())
    }
}
