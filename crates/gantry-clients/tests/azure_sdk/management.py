"""Registries by azure-mgmt-containerregistry."""

import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient

endpoint = os.environ["ENDPOINT"]
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    os.environ["AZURE_CLIENT_SECRET"],
    authority=endpoint,
    disable_instance_discovery=True,
)
client = ContainerRegistryManagementClient(
    credential,
    os.environ["AZURE_SUBSCRIPTION_ID"],
    base_url=endpoint,
    credential_scopes=[f"{endpoint}/arm/.default"],
)
assert [registry.name for registry in client.registries.list()] == ["local"]
registry = client.registries.get("default", "local")
assert f"https://{registry.login_server}" == endpoint, registry.login_server
credentials = client.registries.list_credentials("default", "local")


def refused(code, call):
    try:
        call()
    except HttpResponseError as error:
        assert error.error.code == code, error
        return error
    raise AssertionError(f"it was not refused: {code}")


# What there is around, by the raw client: SDKs of resources send the same.
GROUP, NAME = "default", "sdkmade01"
kind = "Microsoft.ContainerRegistry/registries"
assert client.registries.check_name_availability({"name": NAME, "type": kind}).name_available
made = client.registries.begin_create(
    GROUP, NAME, {"location": "local", "sku": {"name": "Standard"}, "tags": {"a": "b"}}
).result()
assert (made.provisioning_state, made.sku.tier, made.tags) == ("Succeeded", "Standard", {"a": "b"})
assert made.policies.quarantine_policy.status == "disabled"
assert not client.registries.check_name_availability({"name": NAME, "type": kind}).name_available
changed = client.registries.begin_update(GROUP, NAME, {"sku": {"name": "Premium"}}).result()
assert (changed.sku.name, changed.tags) == ("Premium", {"a": "b"})
quarantine = {"policies": {"quarantinePolicy": {"status": "enabled"}}}
error = refused(
    "PropertyChangeNotSupported",
    lambda: client.registries.begin_update(GROUP, NAME, {"properties": quarantine}).result(),
)
assert error.error.target == "properties.policies.quarantinePolicy.status", error.error.target
usages = {usage.name: usage.limit for usage in client.registries.list_usages(GROUP, NAME).value}
assert (usages["Size"], usages["Geo-replications"]) == (536870912000, -1), usages

for number in range(103):
    actions = ["repositories/hello/content/read"]
    client.scope_maps.begin_create(
        GROUP, NAME, f"map-{number:03}", {"properties": {"actions": actions}}
    ).result()
maps = [one.name for one in client.scope_maps.list(GROUP, NAME)]
assert len([name for name in maps if name.startswith("map-")]) == 103, maps
token = client.tokens.begin_create(
    GROUP, NAME, "reader", {"properties": {"scopeMapId": f"{made.id}/scopeMaps/map-000"}}
).result()
secret = client.registries.begin_generate_credentials(GROUP, NAME, {"tokenId": token.id}).result()
assert (secret.username, len(secret.passwords)) == ("reader", 2)
client.tokens.begin_delete(GROUP, NAME, "reader").result()
hook = {
    "location": "local",
    "properties": {"serviceUri": "https://hooks.example/", "actions": ["push"], "scope": "a:*"},
}
webhook = client.webhooks.begin_create(GROUP, NAME, "hooked", hook).result()
assert (webhook.status, list(webhook.actions), webhook.scope) == ("enabled", ["push"], "a:*")
config = client.webhooks.get_callback_config(GROUP, NAME, "hooked")
assert config.service_uri == "https://hooks.example/"
client.webhooks.begin_delete(GROUP, NAME, "hooked").result()
assert [one.name for one in client.replications.list(GROUP, NAME)] == ["local"]
assert list(client.private_endpoint_connections.list(GROUP, NAME)) == []
rule = {"properties": {"sourceRepository": "docker.io/library/a", "targetRepository": "a"}}
client.cache_rules.begin_create(GROUP, NAME, "rule-a", rule).result()
client.cache_rules.begin_delete(GROUP, NAME, "rule-a").result()
assert any(one.name.endswith("/webhooks/write") for one in client.operations.list())
refused("InvalidResourceName", lambda: client.registries.begin_create(GROUP, "a-b", {"location": "local", "sku": {"name": "Basic"}}).result())
client.registries.begin_delete(GROUP, NAME).result()
try:
    client.registries.get(GROUP, NAME)
    raise AssertionError("it is still there")
except ResourceNotFoundError as error:
    assert error.error.code == "ResourceNotFound", error
print(credentials.username, credentials.passwords[0].value)
