"""Registries by azure-mgmt-containerregistry."""

import os

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
print(credentials.username, credentials.passwords[0].value)
