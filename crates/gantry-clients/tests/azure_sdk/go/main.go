// Registries and their content by Azure's SDK for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerregistry/armcontainerregistry"
)

const (
	group = "default"
	name  = "sdkmade03"

	indexType azcontainerregistry.ContentType = "application/vnd.oci.image.index.v1+json"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func must(holds bool, text string) {
	if !holds {
		check(errors.New(text))
	}
}

func refused(err error, code string) {
	var answer *azcore.ResponseError
	must(errors.As(err, &answer) && answer.ErrorCode == code, fmt.Sprintf("not %s: %v", code, err))
}

func main() {
	ctx, endpoint := context.Background(), os.Getenv("ENDPOINT")
	where := cloud.Configuration{
		ActiveDirectoryAuthorityHost: endpoint,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager:           {Endpoint: endpoint, Audience: endpoint + "/arm"},
			azcontainerregistry.ServiceName: {Audience: endpoint + "/arm"},
		},
	}
	credential, err := azidentity.NewClientSecretCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            azcore.ClientOptions{Cloud: where},
			DisableInstanceDiscovery: true,
		})
	check(err)
	factory, err := armcontainerregistry.NewClientFactory(os.Getenv("AZURE_SUBSCRIPTION_ID"), credential,
		&arm.ClientOptions{ClientOptions: azcore.ClientOptions{Cloud: where}})
	check(err)
	manage(ctx, factory)
	content(ctx, endpoint, credential, where)
}

func manage(ctx context.Context, factory *armcontainerregistry.ClientFactory) {
	registries := factory.NewRegistriesClient()
	wanted := armcontainerregistry.Registry{
		Location: to.Ptr("local"),
		SKU:      &armcontainerregistry.SKU{Name: to.Ptr(armcontainerregistry.SKUNameStandard)},
		Tags:     map[string]*string{"a": to.Ptr("b")},
	}
	creating, err := registries.BeginCreate(ctx, group, name, wanted, nil)
	check(err)
	made, err := creating.PollUntilDone(ctx, nil)
	check(err)
	must(*made.Properties.ProvisioningState == armcontainerregistry.ProvisioningStateSucceeded, "it is there")
	bad, err := registries.BeginCreate(ctx, group, "a-b", wanted, nil)
	must(bad == nil, "a-b was made")
	refused(err, "InvalidResourceName")

	tokens, maps := factory.NewTokensClient(), factory.NewScopeMapsClient()
	_, err = maps.BeginCreate(ctx, group, name, "readers", armcontainerregistry.ScopeMap{
		Properties: &armcontainerregistry.ScopeMapProperties{
			Actions: []*string{to.Ptr("repositories/hello/content/read")},
		},
	}, nil)
	check(err)
	_, err = tokens.BeginCreate(ctx, group, name, "reader", armcontainerregistry.Token{
		Properties: &armcontainerregistry.TokenProperties{ScopeMapID: to.Ptr(*made.ID + "/scopeMaps/readers")},
	}, nil)
	check(err)
	var found []string
	for pages := tokens.NewListPager(group, name, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		check(err)
		for _, one := range page.Value {
			found = append(found, *one.Name)
		}
	}
	must(strings.Join(found, " ") == "reader", strings.Join(found, " "))

	hooks := factory.NewWebhooksClient()
	_, err = hooks.BeginCreate(ctx, group, name, "hooked", armcontainerregistry.WebhookCreateParameters{
		Location: to.Ptr("local"),
		Properties: &armcontainerregistry.WebhookPropertiesCreateParameters{
			ServiceURI: to.Ptr("https://hooks.example/"),
			Actions:    []*armcontainerregistry.WebhookAction{to.Ptr(armcontainerregistry.WebhookActionPush)},
		},
	}, nil)
	check(err)
	config, err := hooks.GetCallbackConfig(ctx, group, name, "hooked", nil)
	check(err)
	must(*config.ServiceURI == "https://hooks.example/", "the webhook tells somebody else")

	updating, err := registries.BeginUpdate(ctx, group, name, armcontainerregistry.RegistryUpdateParameters{
		SKU: &armcontainerregistry.SKU{Name: to.Ptr(armcontainerregistry.SKUNamePremium)},
	}, nil)
	check(err)
	updated, err := updating.PollUntilDone(ctx, nil)
	check(err)
	must(*updated.SKU.Tier == armcontainerregistry.SKUTierPremium, "it is not Premium")
	deleting, err := registries.BeginDelete(ctx, group, name, nil)
	check(err)
	_, err = deleting.PollUntilDone(ctx, nil)
	check(err)
	_, err = registries.Get(ctx, group, name, nil)
	refused(err, "ResourceNotFound")
}

func content(ctx context.Context, endpoint string, credential azcore.TokenCredential, where cloud.Configuration) {
	options := azcore.ClientOptions{Cloud: where}
	client, err := azcontainerregistry.NewClient(endpoint, credential,
		&azcontainerregistry.ClientOptions{ClientOptions: options})
	check(err)
	index := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`
	_, err = client.UploadManifest(ctx, "team/go", "v1", indexType,
		readSeekCloser{strings.NewReader(index)}, nil)
	check(err)
	repository, err := client.GetRepositoryProperties(ctx, "team/go", nil)
	check(err)
	must(*repository.TagCount == 1, "there is one tag")
	locked := azcontainerregistry.TagWriteableProperties{CanDelete: to.Ptr(false)}
	_, err = client.UpdateTagProperties(ctx, "team/go", "v1",
		&azcontainerregistry.ClientUpdateTagPropertiesOptions{Value: &locked})
	check(err)
	_, err = client.DeleteTag(ctx, "team/go", "v1", nil)
	must(err != nil, "a locked tag was deleted")
	locked.CanDelete = to.Ptr(true)
	_, err = client.UpdateTagProperties(ctx, "team/go", "v1",
		&azcontainerregistry.ClientUpdateTagPropertiesOptions{Value: &locked})
	check(err)
	_, err = client.DeleteRepository(ctx, "team/go", nil)
	check(err)
}

type readSeekCloser struct{ *strings.Reader }

func (readSeekCloser) Close() error { return nil }
