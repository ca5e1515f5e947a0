# The module as it is applied, with a provider that answers everything itself: no account, no network.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name     = "shop"
  role     = "primary"
  vpc_cidr = "10.10.0.0/16"
  zones    = ["us-east-1a", "us-east-1b"]
  networks = {
    checkout = ["10.10.64.0/23", "10.10.66.0/23"]
    ci       = ["10.10.86.0/24", "10.10.87.0/24"]
  }
}

run "routes" {
  # Out: private -> endpoint of the zone -> NAT gateway of the zone -> internet gateway.
  assert {
    condition = { for zone, route in aws_route.private_to_firewall : zone => route.vpc_endpoint_id } == {
      us-east-1a = "vpce-0000000000000001a"
      us-east-1b = "vpce-0000000000000001b"
    }
    error_message = "a zone does not leave by its own endpoint"
  }
  assert {
    condition     = alltrue([for zone, route in aws_route.firewall_to_nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id && aws_nat_gateway.this[zone].subnet_id == aws_subnet.nat[zone].id])
    error_message = "a zone does not leave by its own NAT gateway"
  }
  # Back: NAT gateway -> endpoint of the zone -> private.
  assert {
    condition = { for subnet, route in aws_route.nat_to_firewall : subnet => [route.destination_cidr_block, route.vpc_endpoint_id] } == {
      "checkout/us-east-1a" = ["10.10.64.0/23", "vpce-0000000000000001a"]
      "checkout/us-east-1b" = ["10.10.66.0/23", "vpce-0000000000000001b"]
      "ci/us-east-1a"       = ["10.10.86.0/24", "vpce-0000000000000001a"]
      "ci/us-east-1b"       = ["10.10.87.0/24", "vpce-0000000000000001b"]
    }
    error_message = "a private subnet has no way back through its own endpoint"
  }
  assert {
    condition     = alltrue([for subnet, route in aws_route.nat_to_firewall : route.route_table_id == aws_route_table.nat[split("/", subnet)[1]].id])
    error_message = "a way back is in the table of another zone"
  }
  # Nothing else leaves: the internet gateway is in the tables of NAT gateways and load balancer only.
  assert {
    condition     = alltrue([for table in concat(values(aws_route_table.private), values(aws_route_table.firewall), values(aws_route_table.nat), [aws_route_table.ingress, aws_route_table.internal]) : length(table.route) == 0]) && length(aws_default_route_table.this.route) == 0
    error_message = "a table has routes inline, which the assertions above do not see"
  }
  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.private), values(aws_subnet.firewall), values(aws_subnet.nat), values(aws_subnet.ingress), values(aws_subnet.internal)) : subnet.map_public_ip_on_launch != true])
    error_message = "a subnet gives public addresses"
  }
  assert {
    condition     = [for zone in ["us-east-1a", "us-east-1b"] : [aws_subnet.firewall[zone].cidr_block, aws_subnet.nat[zone].cidr_block, aws_subnet.ingress[zone].cidr_block, aws_subnet.internal[zone].cidr_block]] == [["10.10.0.0/28", "10.10.0.128/28", "10.10.1.0/26", "10.10.4.0/25"], ["10.10.0.16/28", "10.10.0.144/28", "10.10.1.64/26", "10.10.4.128/25"]]
    error_message = "the module's own subnets have moved: that replaces them"
  }
}

run "closed" {
  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "the default security group is open"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == "10.10.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints.from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints.to_port == 443
    error_message = "the endpoints are open to more than HTTPS from the VPC"
  }
  # Each statement that allows is bound to our account, or to one role, bucket or action.
  assert {
    condition = alltrue(flatten([
      for endpoint in concat(values(aws_vpc_endpoint.gateway), values(aws_vpc_endpoint.interface)) : [
        for statement in jsondecode(endpoint.policy).Statement : can(statement.Condition.StringEquals) || statement.Resource != "*"
      ]
    ]))
    error_message = "an endpoint lets anybody reach anything"
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.subnet_ids == toset(values(aws_subnet.internal)[*].id)])
    error_message = "an interface endpoint is not in every zone, or its name resolves elsewhere"
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.gateway : endpoint.route_table_ids == toset(concat(values(aws_route_table.private)[*].id, [aws_route_table.internal.id]))])
    error_message = "a gateway endpoint is not in the tables of the private subnets"
  }
}

run "policy_shell" {
  assert {
    condition     = aws_networkfirewall_firewall_policy.this.name == "shop-primary" && aws_networkfirewall_firewall.this.name == "shop-primary"
    error_message = "fwc looks for the policy under another name"
  }
  assert {
    condition     = length(aws_networkfirewall_firewall_policy.this.firewall_policy[0].stateful_rule_group_reference) == 0 && length(aws_networkfirewall_firewall_policy.this.firewall_policy[0].stateless_rule_group_reference) == 0
    error_message = "the shell has content"
  }
  assert {
    condition     = contains(aws_networkfirewall_firewall_policy.this.firewall_policy[0].stateful_default_actions, "aws:drop_established_app_layer_to_server")
    error_message = "the shell does not deny"
  }
  assert {
    condition     = one(one(aws_networkfirewall_firewall_policy.this.firewall_policy[0].policy_variables).rule_variables).ip_set[0].definition == toset(["10.10.0.0/16"])
    error_message = "HOME_NET is not the VPC"
  }
  assert {
    condition     = aws_networkfirewall_firewall.this.delete_protection && aws_networkfirewall_firewall.this.subnet_change_protection && aws_networkfirewall_firewall.this.firewall_policy_change_protection
    error_message = "the firewall is not protected"
  }
  assert {
    condition     = { for config in aws_networkfirewall_logging_configuration.this.logging_configuration[0].log_destination_config : config.log_type => config.log_destination_type } == { ALERT = "CloudWatchLogs", FLOW = "S3" }
    error_message = "a type of log goes nowhere"
  }
}

run "encryption" {
  assert {
    condition     = aws_kms_key.logs.enable_key_rotation && one(one(aws_s3_bucket_server_side_encryption_configuration.logs.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.logs.arn
    error_message = "the bucket is not encrypted with the key of the logs"
  }
  assert {
    condition     = alltrue([for group in [aws_cloudwatch_log_group.alert, aws_cloudwatch_log_group.dns] : group.kms_key_id == aws_kms_key.logs.arn && startswith(group.name, "/shop-primary/") && group.retention_in_days == 365])
    error_message = "a log group is not encrypted with the key of the logs, which names it by prefix"
  }
  assert {
    condition     = anytrue([for statement in jsondecode(aws_s3_bucket_policy.logs.policy).Statement : statement.Effect == "Deny" && statement.Principal == "*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"])
    error_message = "the bucket takes requests without TLS"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.logs.block_public_acls && aws_s3_bucket_public_access_block.logs.block_public_policy && aws_s3_bucket_public_access_block.logs.ignore_public_acls && aws_s3_bucket_public_access_block.logs.restrict_public_buckets && !aws_s3_bucket.logs.force_destroy
    error_message = "the bucket can be made public, or lost"
  }
}

run "domain_lists" {
  variables {
    dns_firewall             = { allow = ["api.stripe.com"], block = [], otherwise = "BLOCK" }
    dns_firewall_rule_groups = { "200" = "rslvr-frg-0000000000000001" }
  }
  assert {
    condition     = { for name, rule in aws_route53_resolver_firewall_rule.this : name => [rule.priority, rule.action] } == { allow = [200, "ALLOW"], internal = [300, "ALLOW"], other = [400, "BLOCK"] }
    error_message = "the lists are not asked in their order"
  }
  assert {
    condition     = aws_route53_resolver_firewall_rule_group_association.this[0].mutation_protection == "ENABLED" && aws_route53_resolver_firewall_rule_group_association.other["200"].priority == 200
    error_message = "a group is not on the VPC"
  }
}

run "lists_by_zone" {
  assert {
    condition     = output.private_subnets == { checkout = [aws_subnet.private["checkout/us-east-1a"].id, aws_subnet.private["checkout/us-east-1b"].id], ci = [aws_subnet.private["ci/us-east-1a"].id, aws_subnet.private["ci/us-east-1b"].id] }
    error_message = "subnets are not listed in the order of the zones"
  }
}

run "networks_overlap" {
  command = plan
  variables {
    networks = { checkout = ["10.10.64.0/23", "10.10.66.0/23"], ci = ["10.10.65.0/24", "10.10.87.0/24"] }
  }
  expect_failures = [aws_vpc.this]
}

run "network_in_the_modules_own_addresses" {
  command = plan
  variables {
    networks = { checkout = ["10.10.4.0/24", "10.10.66.0/23"] }
  }
  expect_failures = [aws_vpc.this]
}

run "network_outside_of_the_vpc" {
  command = plan
  variables {
    networks = { checkout = ["10.11.64.0/23", "10.10.66.0/23"] }
  }
  expect_failures = [aws_vpc.this]
}

run "zones_of_another_region" {
  command = plan
  variables {
    zones = ["us-west-2a", "us-west-2b"]
  }
  expect_failures = [aws_vpc.this]
}

run "network_without_a_cidr_for_each_zone" {
  command = plan
  variables {
    networks = { checkout = ["10.10.64.0/23"] }
  }
  expect_failures = [var.networks]
}

run "one_zone" {
  command = plan
  variables {
    zones    = ["us-east-1a"]
    networks = { checkout = ["10.10.64.0/23"] }
  }
  expect_failures = [var.zones]
}

run "address_inside_of_a_network" {
  command = plan
  variables {
    networks = { checkout = ["10.10.64.1/23", "10.10.66.0/23"] }
  }
  expect_failures = [var.networks]
}

run "vpc_too_small" {
  command = plan
  variables {
    vpc_cidr = "10.10.0.0/21"
  }
  expect_failures = [var.vpc_cidr]
}

run "gateway_for_a_service_without_one" {
  command = plan
  variables {
    gateway_endpoints = ["s3", "sqs"]
  }
  expect_failures = [var.gateway_endpoints]
}

run "name_too_long" {
  command = plan
  variables {
    name = "a-name-that-leaves-no-room-for-the-account"
  }
  expect_failures = [var.name]
}

run "action_of_no_such_name" {
  command = plan
  variables {
    dns_firewall = { allow = [], block = [], otherwise = "DENY" }
  }
  expect_failures = [var.dns_firewall]
}

run "priority_of_the_modules_own_group" {
  command = plan
  variables {
    dns_firewall_rule_groups = { "1000" = "rslvr-frg-0000000000000001" }
  }
  expect_failures = [var.dns_firewall_rule_groups]
}
