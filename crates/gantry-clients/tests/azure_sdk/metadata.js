// What is in a registry by @azure/container-registry: listed, described, locked, deleted.

const assert = require("node:assert");
const {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  KnownContainerRegistryAudience,
} = require("@azure/container-registry");
const { ClientSecretCredential } = require("@azure/identity");

const NAME = "team/sdk";

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

async function main() {
  const { ENDPOINT, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env;
  const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
    authorityHost: ENDPOINT,
    disableInstanceDiscovery: true,
  });
  const options = { audience: KnownContainerRegistryAudience.AzureResourceManagerPublicCloud };
  const content = new ContainerRegistryContentClient(ENDPOINT, NAME, credential, options);
  const config = await content.uploadBlob(Buffer.from('{"architecture":"amd64","os":"linux"}'));
  for (const tag of ["b", "a"]) {
    await content.setManifest(
      {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: config.digest,
          size: config.sizeInBytes,
        },
        layers: [],
        annotations: { tag },
      },
      { tag },
    );
  }
  const client = new ContainerRegistryClient(ENDPOINT, credential, options);
  assert.deepStrictEqual(await all(client.listRepositoryNames()), [NAME]);
  const repository = client.getRepository(NAME);
  assert.strictEqual((await repository.getProperties()).tagCount, 2);
  const manifests = await all(
    repository.listManifestProperties({ order: "LastUpdatedOnDescending" }),
  );
  assert.deepStrictEqual(manifests.map(({ tags }) => tags), [["a"], ["b"]]);
  assert.strictEqual(manifests[0].architecture, "amd64");
  const artifact = repository.getArtifact("a");
  const tags = await all(artifact.listTagProperties());
  assert.ok(tags.some(({ name }) => name === "a"));
  assert.strictEqual((await artifact.updateTagProperties("a", { canDelete: false })).canDelete, false);
  await assert.rejects(artifact.deleteTag("a"), /disallowed/);
  await artifact.updateTagProperties("a", { canDelete: true });
  await artifact.deleteTag("a");
  await repository.getArtifact("b").delete();
  await client.deleteRepository(NAME);
  await assert.rejects(repository.getProperties(), { statusCode: 404 });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
