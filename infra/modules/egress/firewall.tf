# The firewall, and its policy as a shell: everything but the rule groups. `fwc push` owns the
# references to those and changes nothing else, so a plan after a push is empty, and an apply between
# two pushes cuts nobody off. Until the first push the policy denies everything.
#
# The values are those that the content is compiled for (src/emit/aws.rs), and `fwc push` refuses a
# shell that has others. A test compares the two.
locals {
  # For each zone its endpoint. The keys are the zones, known before the firewall exists.
  firewall_endpoints = {
    for zone in var.zones : zone => one([
      for state in one(aws_networkfirewall_firewall.this.firewall_status).sync_states :
      one(state.attachment).endpoint_id if state.availability_zone == zone
    ])
  }
}

resource "aws_networkfirewall_firewall_policy" "this" {
  #checkov:skip=CKV_AWS_346:Encrypted with a key of AWS. With a key of ours every push, of whatever tool, would have to name it again, or lose it.
  name        = local.label
  description = "${var.name} ${var.role}: settings by Terraform, rule groups by fwc push"
  tags        = merge(var.tags, { Name = local.label })

  firewall_policy {
    # Stateless signatures cannot log and bypass everything below.
    stateless_default_actions          = ["aws:forward_to_sfe"]
    stateless_fragment_default_actions = ["aws:forward_to_sfe"]
    stateful_default_actions = [
      "aws:drop_established_app_layer_to_server",
      "aws:alert_established_app_layer_to_server",
    ]

    stateful_engine_options {
      rule_order              = "STRICT_ORDER"
      stream_exception_policy = "REJECT"

      flow_timeouts {
        tcp_idle_timeout_seconds = 350 # as long as a NAT gateway remembers a connection
      }
    }

    policy_variables {
      rule_variables {
        key = "HOME_NET"

        ip_set {
          definition = coalesce(var.home_net, [var.vpc_cidr])
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [firewall_policy[0].stateful_rule_group_reference]
  }
}

# A push changes what is in the policy and not which policy it is, so the protection of the
# association does not stand in its way.
resource "aws_networkfirewall_firewall" "this" {
  #checkov:skip=CKV_AWS_345:Encrypted with a key of AWS. What it holds is in the policy, whose text is in the repository.
  name                              = local.label
  description                       = "${var.name} ${var.role}: egress of the private subnets"
  firewall_policy_arn               = aws_networkfirewall_firewall_policy.this.arn
  vpc_id                            = aws_vpc.this.id
  delete_protection                 = var.protected
  subnet_change_protection          = var.protected
  firewall_policy_change_protection = var.protected
  tags                              = merge(var.tags, { Name = local.label })

  dynamic "subnet_mapping" {
    for_each = var.zones

    content {
      subnet_id = aws_subnet.firewall[subnet_mapping.value].id
    }
  }
}

# A type of log has one destination (https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging.html,
# 2026-11-24): alerts go where alarms and people read them at once, flows, of
# which there are many more, where they are cheap.
resource "aws_networkfirewall_logging_configuration" "this" {
  firewall_arn = aws_networkfirewall_firewall.this.arn

  logging_configuration {
    log_destination_config {
      log_type             = "ALERT"
      log_destination_type = "CloudWatchLogs"
      log_destination      = { logGroup = aws_cloudwatch_log_group.alert.name }
    }

    log_destination_config {
      log_type             = "FLOW"
      log_destination_type = "S3"
      log_destination      = { bucketName = aws_s3_bucket.logs.id }
    }
  }

  # The service writes a first object to see whether it may.
  depends_on = [aws_s3_bucket_policy.logs, aws_s3_bucket_server_side_encryption_configuration.logs]
}
