# The root with the project file of this repository. What infra/tests/routes.py follows is this network.

mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = module.egress.data.aws_region.current
  values = { name = "us-west-2" }
}

variables {
  # Any file will do: what is in the package of the functions is not Terraform's matter.
  functions = "versions.tf"
}

run "secondary" {
  assert {
    condition     = module.egress.firewall_policy_name == "shop-prod-secondary"
    error_message = "the firewall policy is not the one that fwc compiles for"
  }
  assert {
    condition     = toset(keys(module.egress.private_subnets)) == toset(keys(local.region.networks))
    error_message = "a network of fwc.yaml has no subnets"
  }
}
