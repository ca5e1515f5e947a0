# The module as it is applied, with a provider that answers everything itself.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                = "shop"
  role                = "primary"
  vpc_id              = "vpc-1"
  subnets             = ["subnet-a", "subnet-b"]
  pod_security_group  = "sg-pods"
  domain              = "shop.example"
  certificate_zone_id = "Z1"
  services = {
    checkout = { port = 8080, paths = ["/checkout", "/checkout/*"], priority = 10 }
    catalog  = { port = 8080, paths = ["/"], priority = 30, health = "/ready" }
    search   = { port = 9090, paths = ["/search"], priority = 20 }
  }
}

run "doors" {
  assert {
    condition     = aws_lb.this.internal && length(aws_lb.this.subnets) == 2
    error_message = "the load balancer can be reached past the accelerator, or stands in one zone"
  }
  # The world reaches 80 and 443 of the load balancer, and nothing else.
  assert {
    condition     = jsonencode({ for port, opened in aws_vpc_security_group_ingress_rule.users : port => [opened.security_group_id, opened.from_port, opened.to_port, opened.cidr_ipv4] }) == jsonencode({ for port in ["80", "443"] : port => [aws_security_group.this.id, tonumber(port), tonumber(port), "0.0.0.0/0"] })
    error_message = "another port is open to everybody"
  }
  # Each port of pods once, from the load balancer alone.
  assert {
    condition     = jsonencode({ for port, opened in aws_vpc_security_group_ingress_rule.pods : port => [opened.security_group_id, opened.referenced_security_group_id, opened.cidr_ipv4, opened.from_port, opened.to_port] }) == jsonencode({ for port in ["8080", "9090"] : port => ["sg-pods", aws_security_group.this.id, null, tonumber(port), tonumber(port)] })
    error_message = "pods are open to somebody else, or a port is missing"
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.pods)) == toset(["8080", "9090"]) && alltrue([for opened in aws_vpc_security_group_egress_rule.pods : opened.cidr_ipv4 == null && opened.referenced_security_group_id == "sg-pods"])
    error_message = "the load balancer talks to somebody else than pods"
  }
}

run "tls" {
  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301"
    error_message = "port 80 answers with something else than the way to 443"
  }
  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-") && aws_lb_listener.https.certificate_arn == aws_acm_certificate_validation.this.certificate_arn
    error_message = "the listener takes old TLS, or a certificate that is not issued yet"
  }
  assert {
    condition     = aws_route53_record.validation["shop.example"].name == "_0.shop.example." && aws_route53_record.validation["shop.example"].allow_overwrite
    error_message = "the record that proves the domain is not shared with the other region"
  }
}

run "services" {
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.target_type == "ip" && group.vpc_id == "vpc-1"])
    error_message = "pods on Fargate are targets by address"
  }
  assert {
    condition     = { for service, group in aws_lb_target_group.this : service => [group.port, group.health_check[0].path] } == { checkout = [8080, "/healthz"], catalog = [8080, "/ready"], search = [9090, "/healthz"] }
    error_message = "a service is asked on another port or path"
  }
  assert {
    condition     = aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404" && { for service, forwarded in aws_lb_listener_rule.service : service => forwarded.priority } == { checkout = 10, catalog = 30, search = 20 }
    error_message = "a path goes to a service that has not asked for it"
  }
}

run "waf" {
  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].limit if rule.name == "rate"] == [2000]
    error_message = "nothing limits what one address may send"
  }
  assert {
    condition     = length([for rule in aws_wafv2_web_acl.this.rule : rule if length(rule.statement[0].managed_rule_group_statement) == 1 && try(length(rule.override_action[0].none), 0) == 1]) == 4
    error_message = "a managed group is missing or only counts"
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this.resource_arn == aws_lb.this.arn && startswith(aws_s3_bucket.logs.bucket, "aws-waf-logs-") && aws_wafv2_web_acl_logging_configuration.this.log_destination_configs == toset([aws_s3_bucket.logs.arn])
    error_message = "the web ACL protects nothing, or does not log"
  }
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : field.single_header[0].name]) == toset(["authorization", "cookie"])
    error_message = "what proves who somebody is stands in the log"
  }
}

run "logs" {
  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.access_logs[0].bucket == aws_s3_bucket.logs.id && !aws_s3_bucket.logs.force_destroy
    error_message = "the load balancer does not log, or its logs go with the bucket"
  }
  assert {
    condition = alltrue([
      for block in [aws_s3_bucket_public_access_block.logs] :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "the log bucket can be made public"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.logs.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "logs are not encrypted, or with a key that the load balancer cannot write with"
  }
}

run "a_new_group_counts_first" {
  command = plan

  variables {
    counted_groups = ["AWSManagedRulesSQLiRuleSet"]
  }

  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : rule.name if try(length(rule.override_action[0].count), 0) == 1] == ["AWSManagedRulesSQLiRuleSet"]
    error_message = "another group counts, or this one blocks"
  }
}

run "record_of_somebody_else" {
  variables {
    certificate_zone_id = null
  }

  assert {
    condition     = length(aws_route53_record.validation) == 0
    error_message = "a record is written into no zone"
  }
}

run "unprotected" {
  command = plan

  variables {
    protected = false
  }

  assert {
    condition     = !aws_lb.this.enable_deletion_protection && aws_s3_bucket.logs.force_destroy
    error_message = "a destroy stays on its way"
  }
}

run "one_priority_twice" {
  command = plan

  variables {
    services = {
      checkout = { port = 8080, paths = ["/checkout"], priority = 10 }
      catalog  = { port = 8080, paths = ["/"], priority = 10 }
    }
  }

  expect_failures = [var.services]
}

run "port_of_root" {
  command = plan

  variables {
    services = { checkout = { port = 80, paths = ["/"], priority = 10 } }
  }

  expect_failures = [var.services]
}
