//! Every operation, with what it takes and what answers it. The names are those of the specifications of
//! Azure Resource Manager and of `Microsoft.ContainerRegistry`.

use http::Method;

use crate::children::{list, patch, put, remove, show};
use crate::operation::Right::{Action, AnyRole, Nothing, SignIn};
use crate::operation::{Handler, Operation, Right};
use crate::{
    activity, assignments, cache_rules::CacheRule, credential_sets::CredentialSet, credentials,
    deleted, generic, groups, locks, metadata, private_endpoints, providers, registries,
    replications, roles, scope_maps::ScopeMap, subscriptions, tags, tokens, tokens::Token,
    webhooks, webhooks::Webhook,
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

/// An action on registries, or on what they have.
macro_rules! on {
    ($rest:literal) => {
        Action(concat!("Microsoft.ContainerRegistry/registries", $rest))
    };
}

const fn get(id: &'static str, path: &'static str, right: Right, handler: Handler) -> Operation {
    Operation { id, method: Method::GET, path, right, handler }
}

const fn put_(id: &'static str, path: &'static str, right: Right, handler: Handler) -> Operation {
    Operation { id, method: Method::PUT, path, right, handler }
}

const fn patch_(id: &'static str, path: &'static str, right: Right, handler: Handler) -> Operation {
    Operation { id, method: Method::PATCH, path, right, handler }
}

const fn post(id: &'static str, path: &'static str, right: Right, handler: Handler) -> Operation {
    Operation { id, method: Method::POST, path, right, handler }
}

const fn delete(id: &'static str, path: &'static str, right: Right, handler: Handler) -> Operation {
    Operation { id, method: Method::DELETE, path, right, handler }
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

const LOCK: &str = "/{scope}/providers/Microsoft.Authorization/locks/{lockName}";
const TAGS: &str = "/{scope}/providers/Microsoft.Resources/tags/default";
const ROLE: &str = "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}";
const ASSIGNMENT: &str =
    "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}";

/// Every operation.
#[rustfmt::skip] // A table: one operation, one line.
pub(crate) static OPERATIONS: &[Operation] = &[
    // --- around resources
    get("Metadata_Endpoints", "/metadata/endpoints", Nothing, plain!(metadata::show)),
    get("Tenants_List", "/tenants", SignIn, plain!(subscriptions::tenants)),
    get("Subscriptions_List", "/subscriptions", SignIn, plain!(subscriptions::list)),
    get("Subscriptions_Get", s!(""), AnyRole, plain!(subscriptions::show)),
    get("Subscriptions_ListLocations", s!("/locations"), AnyRole, plain!(subscriptions::locations)),
    get("ResourceGroups_List", s!("/resourcegroups"), AnyRole, plain!(groups::list)),
    get("ResourceGroups_Get", s!("/resourcegroups/{resourceGroupName}"), AnyRole, plain!(groups::show)),
    put_("ResourceGroups_CreateOrUpdate", s!("/resourcegroups/{resourceGroupName}"), WRITE_GROUP, reading!(groups::put)),
    patch_("ResourceGroups_Update", s!("/resourcegroups/{resourceGroupName}"), WRITE_GROUP, reading!(groups::patch)),
    delete("ResourceGroups_Delete", s!("/resourcegroups/{resourceGroupName}"), DELETE_GROUP, plain!(groups::remove)),
    get("Resources_List", s!("/resources"), AnyRole, plain!(generic::list)),
    get("Resources_ListByResourceGroup", s!("/resourcegroups/{resourceGroupName}/resources"), AnyRole, plain!(generic::list_of_group)),
    get("Providers_List", s!("/providers"), AnyRole, plain!(providers::list)),
    get("Providers_Get", s!("/providers/{resourceProviderNamespace}"), AnyRole, plain!(providers::show)),
    post("Providers_Register", s!("/providers/{resourceProviderNamespace}/register"), AnyRole, plain!(providers::show)),
    get("Tags_GetAtScope", TAGS, READ_TAGS, plain!(tags::show)),
    put_("Tags_CreateOrUpdateAtScope", TAGS, WRITE_TAGS, reading!(tags::put)),
    patch_("Tags_UpdateAtScope", TAGS, WRITE_TAGS, reading!(tags::patch)),
    delete("Tags_DeleteAtScope", TAGS, DELETE_TAGS, plain!(tags::remove)),
    get("ActivityLogs_List", s!("/providers/Microsoft.Insights/eventtypes/management/values"), AnyRole, plain!(activity::list)),
    get("ManagementLocks_ListByScope", "/{scope}/providers/Microsoft.Authorization/locks", READ_LOCKS, plain!(locks::list)),
    get("ManagementLocks_GetByScope", LOCK, READ_LOCKS, plain!(locks::show)),
    put_("ManagementLocks_CreateOrUpdateByScope", LOCK, WRITE_LOCKS, reading!(locks::put)),
    delete("ManagementLocks_DeleteByScope", LOCK, DELETE_LOCKS, plain!(locks::remove)),
    get("RoleDefinitions_List", "/{scope}/providers/Microsoft.Authorization/roleDefinitions", READ_ROLES, plain!(roles::list)),
    get("RoleDefinitions_Get", ROLE, READ_ROLES, plain!(roles::show)),
    put_("RoleDefinitions_CreateOrUpdate", ROLE, WRITE_ROLES, reading!(roles::put)),
    delete("RoleDefinitions_Delete", ROLE, DELETE_ROLES, plain!(roles::remove)),
    get("RoleAssignments_ListForScope", "/{scope}/providers/Microsoft.Authorization/roleAssignments", READ_ASSIGNMENTS, plain!(assignments::list)),
    get("RoleAssignments_Get", ASSIGNMENT, READ_ASSIGNMENTS, plain!(assignments::show)),
    put_("RoleAssignments_Create", ASSIGNMENT, WRITE_ASSIGNMENTS, reading!(assignments::put)),
    delete("RoleAssignments_Delete", ASSIGNMENT, DELETE_ASSIGNMENTS, plain!(assignments::remove)),
    // --- registries
    get("Operations_List", "/providers/Microsoft.ContainerRegistry/operations", SignIn, plain!(providers::operations)),
    post("Registries_CheckNameAvailability", p!("/checkNameAvailability"), AnyRole, reading!(registries::check_name)),
    get("Registries_List", p!("/registries"), SignIn, plain!(registries::list)),
    get("Registries_ListByResourceGroup", s!("/resourceGroups/{resourceGroupName}/providers/Microsoft.ContainerRegistry/registries"), SignIn, plain!(registries::list_of_group)),
    get("Registries_Get", r!(""), on!("/read"), plain!(registries::show)),
    put_("Registries_Create", r!(""), on!("/write"), reading!(registries::put)),
    patch_("Registries_Update", r!(""), on!("/write"), reading!(registries::patch)),
    delete("Registries_Delete", r!(""), on!("/delete"), plain!(registries::remove)),
    get("Registries_ListUsages", r!("/listUsages"), on!("/listUsages/read"), plain!(registries::usages)),
    post("Registries_ListCredentials", r!("/listCredentials"), on!("/listCredentials/action"), plain!(credentials::list)),
    post("Registries_RegenerateCredential", r!("/regenerateCredential"), on!("/regenerateCredential/action"), reading!(credentials::regenerate)),
    post("Registries_GenerateCredentials", r!("/generateCredentials"), on!("/generateCredentials/action"), reading!(tokens::generate)),
    get("Registries_ListPrivateLinkResources", r!("/privateLinkResources"), on!("/privateLinkResources/read"), plain!(private_endpoints::link_resources)),
    get("Registries_GetPrivateLinkResource", r!("/privateLinkResources/{groupName}"), on!("/privateLinkResources/read"), plain!(private_endpoints::link_resource)),
    get("DeletedRegistries_List", p!("/deletedRegistries"), SignIn, plain!(deleted::list)),
    get("DeletedRegistries_Get", p!("/deletedRegistries/{deletedRegistryId}"), AnyRole, plain!(deleted::show)),
    post("DeletedRegistries_Restore", p!("/deletedRegistries/{deletedRegistryId}/restore"), AnyRole, plain!(deleted::restore)),
    delete("DeletedRegistries_Purge", p!("/deletedRegistries/{deletedRegistryId}"), AnyRole, plain!(deleted::purge)),
    // --- what registries have
    get("Tokens_List", r!("/tokens"), on!("/tokens/read"), plain!(list::<Token>)),
    get("Tokens_Get", r!("/tokens/{tokenName}"), on!("/tokens/read"), plain!(show::<Token>)),
    put_("Tokens_Create", r!("/tokens/{tokenName}"), on!("/tokens/write"), reading!(put::<Token>)),
    patch_("Tokens_Update", r!("/tokens/{tokenName}"), on!("/tokens/write"), reading!(patch::<Token>)),
    delete("Tokens_Delete", r!("/tokens/{tokenName}"), on!("/tokens/delete"), plain!(remove::<Token>)),
    get("ScopeMaps_List", r!("/scopeMaps"), on!("/scopeMaps/read"), plain!(list::<ScopeMap>)),
    get("ScopeMaps_Get", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/read"), plain!(show::<ScopeMap>)),
    put_("ScopeMaps_Create", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/write"), reading!(put::<ScopeMap>)),
    patch_("ScopeMaps_Update", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/write"), reading!(patch::<ScopeMap>)),
    delete("ScopeMaps_Delete", r!("/scopeMaps/{scopeMapName}"), on!("/scopeMaps/delete"), plain!(remove::<ScopeMap>)),
    get("Webhooks_List", r!("/webhooks"), on!("/webhooks/read"), plain!(list::<Webhook>)),
    get("Webhooks_Get", r!("/webhooks/{webhookName}"), on!("/webhooks/read"), plain!(show::<Webhook>)),
    put_("Webhooks_Create", r!("/webhooks/{webhookName}"), on!("/webhooks/write"), reading!(put::<Webhook>)),
    patch_("Webhooks_Update", r!("/webhooks/{webhookName}"), on!("/webhooks/write"), reading!(patch::<Webhook>)),
    delete("Webhooks_Delete", r!("/webhooks/{webhookName}"), on!("/webhooks/delete"), plain!(remove::<Webhook>)),
    post("Webhooks_GetCallbackConfig", r!("/webhooks/{webhookName}/getCallbackConfig"), on!("/webhooks/getCallbackConfig/action"), plain!(webhooks::callback_config)),
    get("CacheRules_List", r!("/cacheRules"), on!("/cacheRules/read"), plain!(list::<CacheRule>)),
    get("CacheRules_Get", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/read"), plain!(show::<CacheRule>)),
    put_("CacheRules_Create", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/write"), reading!(put::<CacheRule>)),
    patch_("CacheRules_Update", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/write"), reading!(patch::<CacheRule>)),
    delete("CacheRules_Delete", r!("/cacheRules/{cacheRuleName}"), on!("/cacheRules/delete"), plain!(remove::<CacheRule>)),
    get("CredentialSets_List", r!("/credentialSets"), on!("/credentialSets/read"), plain!(list::<CredentialSet>)),
    get("CredentialSets_Get", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/read"), plain!(show::<CredentialSet>)),
    put_("CredentialSets_Create", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/write"), reading!(put::<CredentialSet>)),
    patch_("CredentialSets_Update", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/write"), reading!(patch::<CredentialSet>)),
    delete("CredentialSets_Delete", r!("/credentialSets/{credentialSetName}"), on!("/credentialSets/delete"), plain!(remove::<CredentialSet>)),
    get("Replications_List", r!("/replications"), on!("/replications/read"), plain!(replications::list)),
    get("Replications_Get", r!("/replications/{replicationName}"), on!("/replications/read"), plain!(replications::show)),
    put_("Replications_Create", r!("/replications/{replicationName}"), on!("/replications/write"), reading!(replications::put)),
    patch_("Replications_Update", r!("/replications/{replicationName}"), on!("/replications/write"), reading!(replications::put)),
    delete("Replications_Delete", r!("/replications/{replicationName}"), on!("/replications/delete"), plain!(replications::remove)),
    get("PrivateEndpointConnections_List", r!("/privateEndpointConnections"), on!("/privateEndpointConnections/read"), plain!(private_endpoints::list)),
    get("PrivateEndpointConnections_Get", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/read"), plain!(private_endpoints::show)),
    put_("PrivateEndpointConnections_CreateOrUpdate", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/write"), reading!(private_endpoints::put)),
    delete("PrivateEndpointConnections_Delete", r!("/privateEndpointConnections/{privateEndpointConnectionName}"), on!("/privateEndpointConnections/delete"), plain!(private_endpoints::remove)),
];
