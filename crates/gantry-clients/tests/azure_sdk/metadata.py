"""What is in a registry by azure-containerregistry: listed, described, locked, deleted."""

import json
import os
from io import BytesIO

from azure.containerregistry import (
    ArtifactManifestOrder,
    ArtifactTagOrder,
    ContainerRegistryClient,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential

NAME = "team/sdk"
endpoint = os.environ["ENDPOINT"]
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    os.environ["AZURE_CLIENT_SECRET"],
    authority=endpoint,
    disable_instance_discovery=True,
)


def refused(status, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except HttpResponseError as error:
        assert error.status_code == status, error
        return str(error)
    raise AssertionError(f"{call} was not refused")


with ContainerRegistryClient(endpoint, credential) as client:
    config = b'{"architecture":"arm64","os":"linux"}'
    digest, size = client.upload_blob(NAME, BytesIO(config))
    media_type = "application/vnd.oci.image.config.v1+json"
    described = {"mediaType": media_type, "digest": digest, "size": size}
    digests = {}
    for tag in ("b", "a", "c"):
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": described,
            "layers": [],
            "annotations": {"tag": tag},
        }
        digests[tag] = client.set_manifest(NAME, manifest, tag=tag)

    assert list(client.list_repository_names(results_per_page=1)) == [NAME]
    repository = client.get_repository_properties(NAME)
    assert (repository.manifest_count, repository.tag_count) == (3, 3), repository
    assert repository.created_on <= repository.last_updated_on

    tags = [tag.name for tag in client.list_tag_properties(NAME, results_per_page=2)]
    assert tags == ["a", "b", "c"], tags
    newest = ArtifactTagOrder.LAST_UPDATED_ON_DESCENDING
    ordered = client.list_tag_properties(NAME, order_by=newest, results_per_page=1)
    assert [tag.name for tag in ordered] == ["c", "a", "b"]
    oldest = ArtifactManifestOrder.LAST_UPDATED_ON_ASCENDING
    manifests = list(client.list_manifest_properties(NAME, order_by=oldest, results_per_page=1))
    assert [manifest.digest for manifest in manifests] == [digests[tag] for tag in ("b", "a", "c")]
    assert manifests[0].architecture == "arm64" and manifests[0].operating_system == "linux"
    assert manifests[0].tags == ["b"], manifests[0].tags

    locked = client.update_tag_properties(NAME, "a", can_write=False, can_delete=False)
    assert not locked.can_write and locked.can_read, locked
    assert "disallowed" in refused(405, client.delete_tag, NAME, "a")
    assert "disallowed" in refused(405, client.delete_manifest, NAME, "a")
    assert "disallowed" in refused(405, client.delete_repository, NAME)
    locked = client.update_manifest_properties(NAME, digests["b"], can_list=False)
    assert not locked.can_list
    assert len(list(client.list_manifest_properties(NAME))) == 2
    client.update_tag_properties(NAME, "a", can_write=True, can_delete=True)

    client.delete_tag(NAME, "a")
    client.delete_manifest(NAME, "c")
    repository = client.update_repository_properties(NAME, can_list=False)
    assert (repository.manifest_count, repository.tag_count) == (2, 1), repository
    assert list(client.list_repository_names()) == []
    client.delete_repository(NAME)
    try:
        client.get_repository_properties(NAME)
    except ResourceNotFoundError as error:
        told = json.loads(error.response.text())
        assert told["errors"][0]["code"] == "NAME_UNKNOWN", told
    else:
        raise AssertionError("it is still there")
