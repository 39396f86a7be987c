//! Every operation, with what it takes, what answers it, and what its bodies are like. The names are those of the specifications of
//! Azure Resource Manager and of `Microsoft.ContainerRegistry`.

use gantry_http_base::openapi::{NOTHING, Shape, one, wished};
use http::Method;
use schemars::JsonSchema;

use crate::children::{Child, Shown, list, patch, put, remove, show};
use crate::generic::GenericResource;
use crate::operation::Right::{Action, AnyRole, Nothing, SignIn};
use crate::operation::{Handler, Operation, Query, Right};
use crate::page::List;
use crate::{
    activity, assignments, cache_rules::CacheRule, credential_sets::CredentialSet, credentials,
    deleted, deployments, generic, groups, locks, metadata, private_endpoints, providers,
    registries, replications, roles, scope_maps::ScopeMap, subscriptions, tags, tokens,
    tokens::Token, webhooks, webhooks::Webhook,
};

/// A handler that has no use for the body.
macro_rules! plain {
    ($handler:path) => {
        |call, _| Box::pin($handler(call))
    };
}

/// A handler that reads the body.
macro_rules! reading {
    ($handler:path) => {
        |call, body| Box::pin($handler(call, body))
    };
}

/// A path in the subscription.
macro_rules! s {
    ($rest:literal) => {
        concat!("/subscriptions/{subscriptionId}", $rest)
    };
}

/// A path in the provider of registries, in the subscription.
macro_rules! p {
    ($rest:literal) => {
        concat!("/subscriptions/{subscriptionId}/providers/Microsoft.ContainerRegistry", $rest)
    };
}

/// A registry's path, and what is behind it.
macro_rules! r {
    ($rest:literal) => {
        concat!(
            "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
            "/providers/Microsoft.ContainerRegistry/registries/{registryName}",
            $rest
        )
    };
}

/// A deployment's path at whatever it is to, and what is behind it.
macro_rules! d {
    ($rest:literal) => {
        concat!("/{scope}/providers/Microsoft.Resources/deployments/{deploymentName}", $rest)
    };
}

/// An action on registries, or on what they have.
macro_rules! on {
    ($rest:literal) => {
        Action(concat!("Microsoft.ContainerRegistry/registries", $rest))
    };
}

type Text = &'static str;

const fn get(id: Text, path: Text, right: Right, handler: Handler, answers: Shape) -> Operation {
    let (method, query) = (Method::GET, Query::None);
    Operation { id, method, path, right, handler, query, takes: NOTHING, answers }
}

/// Lists, in pages.
const fn page(id: Text, path: Text, right: Right, handler: Handler, answers: Shape) -> Operation {
    let (method, query) = (Method::GET, Query::Page);
    Operation { id, method, path, right, handler, query, takes: NOTHING, answers }
}

/// Lists what a filter takes, in pages.
const fn filtered(
    id: Text,
    path: Text,
    right: Right,
    handler: Handler,
    answers: Shape,
) -> Operation {
    let (method, query) = (Method::GET, Query::Filter);
    Operation { id, method, path, right, handler, query, takes: NOTHING, answers }
}

const fn put_(
    id: Text,
    path: Text,
    right: Right,
    handler: Handler,
    takes: Shape,
    answers: Shape,
) -> Operation {
    let (method, query) = (Method::PUT, Query::None);
    Operation { id, method, path, right, handler, query, takes, answers }
}

const fn patch_(
    id: Text,
    path: Text,
    right: Right,
    handler: Handler,
    takes: Shape,
    answers: Shape,
) -> Operation {
    let (method, query) = (Method::PATCH, Query::None);
    Operation { id, method, path, right, handler, query, takes, answers }
}

const fn post(
    id: Text,
    path: Text,
    right: Right,
    handler: Handler,
    takes: Shape,
    answers: Shape,
) -> Operation {
    let (method, query) = (Method::POST, Query::None);
    Operation { id, method, path, right, handler, query, takes, answers }
}

const fn delete(id: Text, path: Text, right: Right, handler: Handler, answers: Shape) -> Operation {
    let (method, query) = (Method::DELETE, Query::None);
    Operation { id, method, path, right, handler, query, takes: NOTHING, answers }
}

/// A page of a list of those.
const fn many<T: JsonSchema>() -> Shape {
    one::<List<T>>()
}

const WRITE_GROUP: Right = Action("Microsoft.Resources/subscriptions/resourceGroups/write");
const DELETE_GROUP: Right = Action("Microsoft.Resources/subscriptions/resourceGroups/delete");
const READ_LOCKS: Right = Action("Microsoft.Authorization/locks/read");
const WRITE_LOCKS: Right = Action("Microsoft.Authorization/locks/write");
const DELETE_LOCKS: Right = Action("Microsoft.Authorization/locks/delete");
const READ_TAGS: Right = Action("Microsoft.Resources/tags/read");
const WRITE_TAGS: Right = Action("Microsoft.Resources/tags/write");
const DELETE_TAGS: Right = Action("Microsoft.Resources/tags/delete");
const READ_ROLES: Right = Action("Microsoft.Authorization/roleDefinitions/read");
const WRITE_ROLES: Right = Action("Microsoft.Authorization/roleDefinitions/write");
const DELETE_ROLES: Right = Action("Microsoft.Authorization/roleDefinitions/delete");
const READ_ASSIGNMENTS: Right = Action("Microsoft.Authorization/roleAssignments/read");
const WRITE_ASSIGNMENTS: Right = Action("Microsoft.Authorization/roleAssignments/write");
const DELETE_ASSIGNMENTS: Right = Action("Microsoft.Authorization/roleAssignments/delete");

const READ_DEPLOYMENTS: Right = Action("Microsoft.Resources/deployments/read");
const WRITE_DEPLOYMENTS: Right = Action("Microsoft.Resources/deployments/write");

const LOCK: &str = "/{scope}/providers/Microsoft.Authorization/locks/{lockName}";
const DEPLOYMENTS: &str = "/{scope}/providers/Microsoft.Resources/deployments";
const TAGS: &str = "/{scope}/providers/Microsoft.Resources/tags/default";
const ROLE: &str = "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}";
const ASSIGNMENT: &str =
    "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}";

/// Every operation.
#[rustfmt::skip] // A table: one operation, one line.
pub(crate) static OPERATIONS: &[Operation] = &[
    // --- around resources
    get("Metadata_Endpoints", "/metadata/endpoints", Nothing, plain!(metadata::show), one::<metadata::Cloud>()),
    get("Tenants_List", "/tenants", SignIn, plain!(subscriptions::tenants), many::<subscriptions::Tenant>()),
    get("Subscriptions_List", "/subscriptions", SignIn, plain!(subscriptions::list), many::<subscriptions::Subscription>()),
    get("Subscriptions_Get", s!(""), AnyRole, plain!(subscriptions::show), one::<subscriptions::Subscription>()),
    get("Subscriptions_ListLocations", s!("/locations"), AnyRole, plain!(subscriptions::locations), many::<subscriptions::Location>()),
    page("ResourceGroups_List", s!("/resourcegroups"), AnyRole, plain!(groups::list), many::<groups::Shown>()),
    get("ResourceGroups_Get", s!("/resourcegroups/{resourceGroupName}"), AnyRole, plain!(groups::show), one::<groups::Shown>()),
    put_("ResourceGroups_CreateOrUpdate", s!("/resourcegroups/{resourceGroupName}"), WRITE_GROUP, reading!(groups::put), one::<groups::Wanted>(), one::<groups::Shown>()),
    patch_("ResourceGroups_Update", s!("/resourcegroups/{resourceGroupName}"), WRITE_GROUP, reading!(groups::patch), one::<groups::Wanted>(), one::<groups::Shown>()),
    delete("ResourceGroups_Delete", s!("/resourcegroups/{resourceGroupName}"), DELETE_GROUP, plain!(groups::remove), NOTHING),
    filtered("Resources_List", s!("/resources"), AnyRole, plain!(generic::list), many::<GenericResource>()),
    filtered("Resources_ListByResourceGroup", s!("/resourcegroups/{resourceGroupName}/resources"), AnyRole, plain!(generic::list_of_group), many::<GenericResource>()),
    get("Providers_List", s!("/providers"), AnyRole, plain!(providers::list), many::<providers::Provider>()),
    get("Providers_Get", s!("/providers/{resourceProviderNamespace}"), AnyRole, plain!(providers::show), one::<providers::Provider>()),
    post("Providers_Register", s!("/providers/{resourceProviderNamespace}/register"), AnyRole, plain!(providers::show), NOTHING, one::<providers::Provider>()),
    get("Tags_GetAtScope", TAGS, READ_TAGS, plain!(tags::show), one::<tags::Shown>()),
    put_("Tags_CreateOrUpdateAtScope", TAGS, WRITE_TAGS, reading!(tags::put), one::<tags::Wanted>(), one::<tags::Shown>()),
    patch_("Tags_UpdateAtScope", TAGS, WRITE_TAGS, reading!(tags::patch), one::<tags::Wanted>(), one::<tags::Shown>()),
    delete("Tags_DeleteAtScope", TAGS, DELETE_TAGS, plain!(tags::remove), NOTHING),
    filtered("ActivityLogs_List", s!("/providers/Microsoft.Insights/eventtypes/management/values"), AnyRole, plain!(activity::list), many::<activity::ActivityEvent>()),
    get("ManagementLocks_ListByScope", "/{scope}/providers/Microsoft.Authorization/locks", READ_LOCKS, plain!(locks::list), many::<locks::Shown>()),
    get("ManagementLocks_GetByScope", LOCK, READ_LOCKS, plain!(locks::show), one::<locks::Shown>()),
    put_("ManagementLocks_CreateOrUpdateByScope", LOCK, WRITE_LOCKS, reading!(locks::put), one::<locks::Wanted>(), one::<locks::Shown>()),
    delete("ManagementLocks_DeleteByScope", LOCK, DELETE_LOCKS, plain!(locks::remove), NOTHING),
    filtered("RoleDefinitions_List", "/{scope}/providers/Microsoft.Authorization/roleDefinitions", READ_ROLES, plain!(roles::list), many::<roles::Shown>()),
    get("RoleDefinitions_Get", ROLE, READ_ROLES, plain!(roles::show), one::<roles::Shown>()),
    put_("RoleDefinitions_CreateOrUpdate", ROLE, WRITE_ROLES, reading!(roles::put), one::<roles::Wanted>(), one::<roles::Shown>()),
    delete("RoleDefinitions_Delete", ROLE, DELETE_ROLES, plain!(roles::remove), one::<roles::Shown>()),
    filtered("RoleAssignments_ListForScope", "/{scope}/providers/Microsoft.Authorization/roleAssignments", READ_ASSIGNMENTS, plain!(assignments::list), many::<assignments::Shown>()),
    get("RoleAssignments_Get", ASSIGNMENT, READ_ASSIGNMENTS, plain!(assignments::show), one::<assignments::Shown>()),
    put_("RoleAssignments_Create", ASSIGNMENT, WRITE_ASSIGNMENTS, reading!(assignments::put), one::<assignments::Wanted>(), one::<assignments::Shown>()),
    delete("RoleAssignments_Delete", ASSIGNMENT, DELETE_ASSIGNMENTS, plain!(assignments::remove), one::<assignments::Shown>()),
    page("Deployments_ListAtScope", DEPLOYMENTS, READ_DEPLOYMENTS, plain!(deployments::list), many::<deployments::Shown>()),
    get("Deployments_GetAtScope", d!(""), READ_DEPLOYMENTS, plain!(deployments::show), one::<deployments::Shown>()),
    put_("Deployments_CreateOrUpdateAtScope", d!(""), WRITE_DEPLOYMENTS, reading!(deployments::put), one::<deployments::Wanted>(), one::<deployments::Shown>()),
    delete("Deployments_DeleteAtScope", d!(""), Action("Microsoft.Resources/deployments/delete"), plain!(deployments::remove), NOTHING),
    post("Deployments_ValidateAtScope", d!("/validate"), Action("Microsoft.Resources/deployments/validate/action"), reading!(deployments::validate), one::<deployments::Wanted>(), one::<deployments::Shown>()),
    post("Deployments_CancelAtScope", d!("/cancel"), Action("Microsoft.Resources/deployments/cancel/action"), plain!(deployments::cancel), NOTHING, NOTHING),
    post("Deployments_ExportTemplateAtScope", d!("/exportTemplate"), Action("Microsoft.Resources/deployments/exportTemplate/action"), plain!(deployments::export), NOTHING, one::<deployments::ExportedTemplate>()),
    get("DeploymentOperations_ListAtScope", d!("/operations"), Action("Microsoft.Resources/deployments/operations/read"), plain!(deployments::operations), many::<deployments::DeploymentOperation>()),
    // Of a group, clients ask by a path that names no provider.
    get("DeploymentOperations_List", s!("/resourcegroups/{resourceGroupName}/deployments/{deploymentName}/operations"), Action("Microsoft.Resources/deployments/operations/read"), plain!(deployments::operations), many::<deployments::DeploymentOperation>()),
    get("DeploymentOperationStatuses_Get", d!("/operationStatuses/{operationId}"), Action("Microsoft.Resources/deployments/operationstatuses/read"), plain!(deployments::operation_status), one::<deployments::OperationStatus>()),
    // --- registries
    get("Operations_List", "/providers/Microsoft.ContainerRegistry/operations", SignIn, plain!(providers::operations), many::<providers::Operation>()),
    post("Registries_CheckNameAvailability", p!("/checkNameAvailability"), AnyRole, reading!(registries::check_name), one::<registries::NameCheck>(), one::<registries::NameStatus>()),
    page("Registries_List", p!("/registries"), SignIn, plain!(registries::list), many::<registries::Shown>()),
    page("Registries_ListByResourceGroup", s!("/resourceGroups/{resourceGroupName}/providers/Microsoft.ContainerRegistry/registries"), SignIn, plain!(registries::list_of_group), many::<registries::Shown>()),
    get("Registries_Get", r!(""), on!("/read"), plain!(registries::show), one::<registries::Shown>()),
    put_("Registries_Create", r!(""), on!("/write"), reading!(registries::put), wished::<registries::Shown>(), one::<registries::Shown>()),
    patch_("Registries_Update", r!(""), on!("/write"), reading!(registries::patch), wished::<registries::Shown>(), one::<registries::Shown>()),
    delete("Registries_Delete", r!(""), on!("/delete"), plain!(registries::remove), NOTHING),
    get("Registries_ListUsages", r!("/listUsages"), on!("/listUsages/read"), plain!(registries::usages), many::<registries::Usage>()),
    post("Registries_ListCredentials", r!("/listCredentials"), on!("/listCredentials/action"), plain!(credentials::list), NOTHING, one::<credentials::AdminCredentials>()),
    post("Registries_RegenerateCredential", r!("/regenerateCredential"), on!("/regenerateCredential/action"), reading!(credentials::regenerate), one::<credentials::Regenerate>(), one::<credentials::AdminCredentials>()),
    post("Registries_GenerateCredentials", r!("/generateCredentials"), on!("/generateCredentials/action"), reading!(tokens::generate), one::<tokens::Generate>(), one::<tokens::GeneratedCredentials>()),
    get("Registries_ListPrivateLinkResources", r!("/privateLinkResources"), on!("/privateLinkResources/read"), plain!(private_endpoints::link_resources), many::<private_endpoints::LinkResource>()),
    get("Registries_GetPrivateLinkResource", r!("/privateLinkResources/{groupName}"), on!("/privateLinkResources/read"), plain!(private_endpoints::link_resource), one::<private_endpoints::LinkResource>()),
    page("DeletedRegistries_List", p!("/deletedRegistries"), SignIn, plain!(deleted::list), many::<deleted::Shown>()),
    get("DeletedRegistries_Get", p!("/deletedRegistries/{deletedRegistryId}"), AnyRole, plain!(deleted::show), one::<deleted::Shown>()),
    post("DeletedRegistries_Restore", p!("/deletedRegistries/{deletedRegistryId}/restore"), AnyRole, plain!(deleted::restore), NOTHING, one::<registries::Shown>()),
    delete("DeletedRegistries_Purge", p!("/deletedRegistries/{deletedRegistryId}"), AnyRole, plain!(deleted::purge), NOTHING),
    // --- what registries have
    page("Tokens_List", r!("/tokens"), on!("/tokens/read"), plain!(list::<Token>), many::<Shown<Token>>()),
    get("Tokens_Get", r!("/tokens/{tokenName}"), on!("/tokens/read"), plain!(show::<Token>), one::<Shown<Token>>()),
    put_("Tokens_Create", r!("/tokens/{tokenName}"), on!("/tokens/write"), reading!(put::<Token>), one::<<Token as Child>::Wanted>(), one::<Shown<Token>>()),
    patch_("Tokens_Update", r!("/tokens/{tokenName}"), on!("/tokens/write"), reading!(patch::<Token>), one::<<Token as Child>::Wanted>(), one::<Shown<Token>>()),
    delete("Tokens_Delete", r!("/tokens/{tokenName}"), on!("/tokens/delete"), plain!(remove::<Token>), NOTHING),
    page("ScopeMaps_List", r!("/scopeMaps"), on!("/scopeMaps/read"), plain!(list::<ScopeMap>), many::<Shown<ScopeMap>>()),
    get("ScopeMaps_Get", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/read"), plain!(show::<ScopeMap>), one::<Shown<ScopeMap>>()),
    put_("ScopeMaps_Create", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/write"), reading!(put::<ScopeMap>), one::<<ScopeMap as Child>::Wanted>(), one::<Shown<ScopeMap>>()),
    patch_("ScopeMaps_Update", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/write"), reading!(patch::<ScopeMap>), one::<<ScopeMap as Child>::Wanted>(), one::<Shown<ScopeMap>>()),
    delete("ScopeMaps_Delete", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/delete"), plain!(remove::<ScopeMap>), NOTHING),
    page("Webhooks_List", r!("/webhooks"), on!("/webhooks/read"), plain!(list::<Webhook>), many::<Shown<Webhook>>()),
    get("Webhooks_Get", r!("/webhooks/{webhookName}"), on!("/webhooks/read"), plain!(show::<Webhook>), one::<Shown<Webhook>>()),
    put_("Webhooks_Create", r!("/webhooks/{webhookName}"), on!("/webhooks/write"), reading!(put::<Webhook>), one::<<Webhook as Child>::Wanted>(), one::<Shown<Webhook>>()),
    patch_("Webhooks_Update", r!("/webhooks/{webhookName}"), on!("/webhooks/write"), reading!(patch::<Webhook>), one::<<Webhook as Child>::Wanted>(), one::<Shown<Webhook>>()),
    delete("Webhooks_Delete", r!("/webhooks/{webhookName}"), on!("/webhooks/delete"), plain!(remove::<Webhook>), NOTHING),
    post("Webhooks_GetCallbackConfig", r!("/webhooks/{webhookName}/getCallbackConfig"), on!("/webhooks/getCallbackConfig/action"), plain!(webhooks::callback_config), NOTHING, one::<webhooks::CallbackConfig>()),
    page("CacheRules_List", r!("/cacheRules"), on!("/cacheRules/read"), plain!(list::<CacheRule>), many::<Shown<CacheRule>>()),
    get("CacheRules_Get", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/read"), plain!(show::<CacheRule>), one::<Shown<CacheRule>>()),
    put_("CacheRules_Create", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/write"), reading!(put::<CacheRule>), one::<<CacheRule as Child>::Wanted>(), one::<Shown<CacheRule>>()),
    patch_("CacheRules_Update", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/write"), reading!(patch::<CacheRule>), one::<<CacheRule as Child>::Wanted>(), one::<Shown<CacheRule>>()),
    delete("CacheRules_Delete", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/delete"), plain!(remove::<CacheRule>), NOTHING),
    page("CredentialSets_List", r!("/credentialSets"), on!("/credentialSets/read"), plain!(list::<CredentialSet>), many::<Shown<CredentialSet>>()),
    get("CredentialSets_Get", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/read"), plain!(show::<CredentialSet>), one::<Shown<CredentialSet>>()),
    put_("CredentialSets_Create", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/write"), reading!(put::<CredentialSet>), one::<<CredentialSet as Child>::Wanted>(), one::<Shown<CredentialSet>>()),
    patch_("CredentialSets_Update", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/write"), reading!(patch::<CredentialSet>), one::<<CredentialSet as Child>::Wanted>(), one::<Shown<CredentialSet>>()),
    delete("CredentialSets_Delete", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/delete"), plain!(remove::<CredentialSet>), NOTHING),
    get("Replications_List", r!("/replications"), on!("/replications/read"), plain!(replications::list), many::<replications::Replication>()),
    get("Replications_Get", r!("/replications/{replicationName}"), on!("/replications/read"), plain!(replications::show), one::<replications::Replication>()),
    put_("Replications_Create", r!("/replications/{replicationName}"), on!("/replications/write"), reading!(replications::put), one::<replications::Wanted>(), one::<replications::Replication>()),
    patch_("Replications_Update", r!("/replications/{replicationName}"), on!("/replications/write"), reading!(replications::put), one::<replications::Wanted>(), one::<replications::Replication>()),
    delete("Replications_Delete", r!("/replications/{replicationName}"), on!("/replications/delete"), plain!(replications::remove), NOTHING),
    get("PrivateEndpointConnections_List", r!("/privateEndpointConnections"), on!("/privateEndpointConnections/read"), plain!(private_endpoints::list), many::<private_endpoints::Connection>()),
    get("PrivateEndpointConnections_Get", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/read"), plain!(private_endpoints::show), one::<private_endpoints::Connection>()),
    put_("PrivateEndpointConnections_CreateOrUpdate", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/write"), reading!(private_endpoints::put), one::<private_endpoints::Wanted>(), one::<private_endpoints::Connection>()),
    delete("PrivateEndpointConnections_Delete", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/delete"), plain!(private_endpoints::remove), NOTHING),
];
