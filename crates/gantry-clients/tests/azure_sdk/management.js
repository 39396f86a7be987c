// Registries by @azure/arm-containerregistry.

const assert = require("node:assert");
const { ContainerRegistryManagementClient } = require("@azure/arm-containerregistry");
const { ClientSecretCredential } = require("@azure/identity");

const GROUP = "default";
const NAME = "sdkmade02";

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

async function main() {
  const env = process.env;
  const credential = new ClientSecretCredential(
    env.AZURE_TENANT_ID,
    env.AZURE_CLIENT_ID,
    env.AZURE_CLIENT_SECRET,
    { authorityHost: env.ENDPOINT, disableInstanceDiscovery: true },
  );
  const client = new ContainerRegistryManagementClient(credential, env.AZURE_SUBSCRIPTION_ID, {
    endpoint: env.ENDPOINT,
    credentials: { scopes: [`${env.ENDPOINT}/arm/.default`] },
  });
  const registries = client.registries;

  const made = await registries.create(GROUP, NAME, {
    location: "local",
    sku: { name: "Basic" },
    tags: { a: "b" },
  });
  assert.equal(made.name, NAME);
  const shown = await registries.get(GROUP, NAME);
  assert.equal(shown.sku.tier, "Basic");
  const changed = await registries.update(GROUP, NAME, { sku: { name: "Premium" } });
  assert.equal(changed.sku.name, "Premium");
  assert.deepEqual((await all(registries.list())).map((one) => one.name).sort(), ["local", NAME]);
  const hook = {
    location: "local",
    serviceUri: "https://hooks.example/",
    actions: ["push"],
  };
  await client.webhooks.create(GROUP, NAME, "hooked", hook);
  assert.equal((await all(client.webhooks.list(GROUP, NAME))).length, 1);
  const config = await client.webhooks.getCallbackConfig(GROUP, NAME, "hooked");
  assert.equal(config.serviceUri, "https://hooks.example/");
  const usages = await registries.listUsages(GROUP, NAME);
  const value = usages.value ?? (await all(usages));
  assert.equal(value.find((usage) => usage.name === "Webhooks").currentValue, 1);
  await assert.rejects(
    async () => client.replications.create(GROUP, NAME, "elsewhere", { location: "elsewhere" }),
    (error) => error.code === "FeatureNotBuilt",
  );
  await registries.delete(GROUP, NAME);
  await assert.rejects(registries.get(GROUP, NAME), (error) => error.statusCode === 404);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
