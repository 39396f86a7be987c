"""Content by azure-containerregistry: pushed and pulled as an application, then pulled as nobody."""

import os
from io import BytesIO

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

endpoint = os.environ["ENDPOINT"]
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    os.environ["AZURE_CLIENT_SECRET"],
    authority=endpoint,
    disable_instance_discovery=True,
)
config = b'{"architecture":"amd64","os":"linux"}'
layer = b"a layer"

with ContainerRegistryClient(endpoint, credential) as client:
    described = []
    for content in (config, layer):
        digest, size = client.upload_blob("sdk", BytesIO(content))
        assert size == len(content), size
        described.append({"digest": digest, "size": size})
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **described[0]},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **described[1]}],
    }
    pushed = client.set_manifest("sdk", manifest, tag="v1")
    found = client.get_manifest("sdk", "v1")
    assert found.digest == pushed and found.manifest == manifest, found
    stream = client.download_blob("sdk", described[1]["digest"])
    assert b"".join(stream) == layer

with ContainerRegistryClient(endpoint) as nobody:
    try:
        found = nobody.get_manifest("sdk", "v1").digest == pushed
    except ClientAuthenticationError:
        found = False
    print("found" if found else "refused")
