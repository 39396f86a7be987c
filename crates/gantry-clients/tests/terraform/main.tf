# What azurerm makes, changes and removes of a registry. Where, and as whom, is in its environment: ARM_….
terraform {
  required_providers {
    azurerm = {
      source = "terraform.local/hashicorp/azurerm"
    }
  }
}

provider "azurerm" {
  features {}
}

# The second time all of it is other.
variable "changed" {
  type    = bool
  default = false
}

data "azurerm_client_config" "own" {}

resource "azurerm_resource_group" "team" {
  name     = "terraform"
  location = "local"
  tags     = { step = var.changed ? "two" : "one" }
}

resource "azurerm_container_registry" "team" {
  name                = "terraformed"
  resource_group_name = azurerm_resource_group.team.name
  location            = azurerm_resource_group.team.location
  sku                 = var.changed ? "Premium" : "Standard"
  admin_enabled       = var.changed
  tags                = var.changed ? { team = "one", cost = "none" } : { team = "one" }

  anonymous_pull_enabled = var.changed
  data_endpoint_enabled  = var.changed

  network_rule_set = var.changed ? [{
    default_action = "Deny"
    ip_rule = [
      { action = "Allow", ip_range = "192.0.2.0/24" },
      { action = "Allow", ip_range = "198.51.100.1/32" },
    ]
  }] : []
}

resource "azurerm_container_registry_scope_map" "pull" {
  name                    = "pullonly"
  container_registry_name = azurerm_container_registry.team.name
  resource_group_name     = azurerm_resource_group.team.name
  description             = var.changed ? "reads all, writes one" : "reads"
  actions = concat(
    ["repositories/team/app/content/read"],
    var.changed ? ["repositories/team/app/content/write"] : [],
  )
}

resource "azurerm_container_registry_token" "robot" {
  name                    = "robot"
  container_registry_name = azurerm_container_registry.team.name
  resource_group_name     = azurerm_resource_group.team.name
  scope_map_id            = azurerm_container_registry_scope_map.pull.id
  enabled                 = !var.changed
}

resource "azurerm_container_registry_token_password" "robot" {
  container_registry_token_id = azurerm_container_registry_token.robot.id

  password1 {
    expiry = var.changed ? "2099-02-03T04:05:06Z" : "2099-01-02T03:04:05Z"
  }

  dynamic "password2" {
    for_each = var.changed ? [1] : []
    content {}
  }
}

resource "azurerm_container_registry_webhook" "built" {
  name                = "built"
  registry_name       = azurerm_container_registry.team.name
  resource_group_name = azurerm_resource_group.team.name
  location            = azurerm_resource_group.team.location
  service_uri         = "https://hooks.example/built"
  status              = var.changed ? "disabled" : "enabled"
  scope               = var.changed ? "team/app:*" : ""
  actions             = var.changed ? ["push", "delete"] : ["push"]
  custom_headers      = { "Authorization" = "Bearer ${var.changed ? "two" : "one"}" }
  tags                = var.changed ? { cost = "none" } : {}
}

resource "azurerm_role_assignment" "pull" {
  scope                = azurerm_container_registry.team.id
  role_definition_name = var.changed ? "AcrPush" : "AcrPull"
  principal_id         = data.azurerm_client_config.own.object_id
}

data "azurerm_container_registry" "team" {
  name                = azurerm_container_registry.team.name
  resource_group_name = azurerm_resource_group.team.name
}

data "azurerm_container_registry_token" "robot" {
  name                    = azurerm_container_registry_token.robot.name
  container_registry_name = azurerm_container_registry.team.name
  resource_group_name     = azurerm_resource_group.team.name
}

output "id" {
  value = azurerm_container_registry.team.id
}

output "login_server" {
  value = data.azurerm_container_registry.team.login_server
}

output "password" {
  sensitive = true
  value     = azurerm_container_registry_token_password.robot.password1[0].value
}
