// Content by @azure/container-registry, as an application.

const assert = require("node:assert");
const { Readable } = require("node:stream");
const { buffer } = require("node:stream/consumers");
const { ContainerRegistryContentClient, KnownContainerRegistryAudience } = require("@azure/container-registry");
const { ClientSecretCredential } = require("@azure/identity");

async function main() {
  const { ENDPOINT, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env;
  const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
    authorityHost: ENDPOINT,
    disableInstanceDiscovery: true,
  });
  const client = new ContainerRegistryContentClient(ENDPOINT, "sdk", credential, {
    audience: KnownContainerRegistryAudience.AzureResourceManagerPublicCloud,
  });
  const config = await client.uploadBlob(Buffer.from('{"architecture":"amd64","os":"linux"}'));
  const layer = await client.uploadBlob(Readable.from([Buffer.from("a layer")]));
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: config.digest,
      size: config.sizeInBytes,
    },
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: layer.digest,
        size: layer.sizeInBytes,
      },
    ],
  };
  const pushed = await client.setManifest(manifest, { tag: "v1" });
  const found = await client.getManifest("v1");
  assert.strictEqual(found.digest, pushed.digest);
  assert.deepStrictEqual(found.manifest, manifest);
  const blob = await client.downloadBlob(layer.digest);
  assert.strictEqual((await buffer(blob.content)).toString(), "a layer");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
