# The module as it is applied, with a provider that answers everything itself.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "shop"
  domain          = "shop.example"
  zone_id         = "Z1"
  flow_log_bucket = "shop-primary-accelerator-123456789012"
  endpoints = {
    primary   = { region = "us-east-1", alb_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop-primary/1" }
    secondary = { region = "us-west-2", alb_arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/shop-secondary/2" }
  }
}

run "dials" {
  assert {
    condition     = jsonencode({ for role, group in aws_globalaccelerator_endpoint_group.this : role => [group.endpoint_group_region, group.traffic_dial_percentage] }) == jsonencode({ primary = ["us-east-1", 100], secondary = ["us-west-2", 0] })
    error_message = "users are sent to the passive region"
  }
  assert {
    condition = jsonencode({ for role, group in aws_globalaccelerator_endpoint_group.this : role => [for endpoint in group.endpoint_configuration : [endpoint.endpoint_id, endpoint.weight, endpoint.client_ip_preservation_enabled]] }) == jsonencode({
      primary   = [["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop-primary/1", 128, true]]
      secondary = [["arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/shop-secondary/2", 128, true]]
    })
    error_message = "a group has another load balancer, takes nobody over, or hides who the client is from WAF"
  }
  assert {
    condition     = toset([for range in aws_globalaccelerator_listener.this.port_range : "${range.from_port}-${range.to_port}"]) == toset(["80-80", "443-443"])
    error_message = "the accelerator passes other ports on"
  }
}

run "logs_and_name" {
  assert {
    condition     = one(aws_globalaccelerator_accelerator.this.attributes).flow_logs_enabled && one(aws_globalaccelerator_accelerator.this.attributes).flow_logs_s3_bucket == "shop-primary-accelerator-123456789012"
    error_message = "flows are not logged"
  }
  assert {
    condition     = aws_route53_record.this[0].name == "shop.example" && one(aws_route53_record.this[0].alias).name == aws_globalaccelerator_accelerator.this.dns_name
    error_message = "the domain leads elsewhere"
  }
}

# What exists is turned by the runbook, and an apply does not turn it back.
run "dials_of_the_runbook" {
  command = plan

  variables {
    active = "secondary"
  }

  assert {
    condition     = jsonencode({ for role, group in aws_globalaccelerator_endpoint_group.this : role => group.traffic_dial_percentage }) == jsonencode({ primary = 100, secondary = 0 })
    error_message = "an apply turns the dials"
  }
}

run "made_in_the_other_direction" {
  command   = plan
  state_key = "other"

  variables {
    active  = "secondary"
    zone_id = null
  }

  assert {
    condition     = jsonencode({ for role, group in aws_globalaccelerator_endpoint_group.this : role => group.traffic_dial_percentage }) == jsonencode({ primary = 0, secondary = 100 }) && length(aws_route53_record.this) == 0
    error_message = "the active role does not get the users"
  }
}

run "one_region" {
  command = plan

  variables {
    endpoints = {
      primary   = { region = "us-east-1", alb_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/one/1" }
      secondary = { region = "us-east-1", alb_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/two/2" }
    }
  }

  expect_failures = [var.endpoints]
}
