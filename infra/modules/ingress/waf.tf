# Shield Standard is on for every load balancer and accelerator, costs nothing and has nothing to create:
# https://docs.aws.amazon.com/waf/latest/developerguide/ddos-standard-summary.html (2026-11-24).

locals {
  # In the order they are asked. The first two cost the least to evaluate and refuse the most.
  managed_groups = [
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesSQLiRuleSet",
  ]
}

resource "aws_wafv2_web_acl" "this" {
  name        = local.label
  description = "What reaches the load balancer of ${local.label}"
  scope       = "REGIONAL"
  tags        = merge(var.tags, { Name = local.label })

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.rate_limit
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
      }
    }

    visibility_config {
      metric_name                = "rate"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = { for position, group in local.managed_groups : group => position + 1 }

    content {
      name     = rule.key
      priority = rule.value

      override_action {
        dynamic "count" {
          for_each = contains(var.counted_groups, rule.key) ? [true] : []
          content {}
        }

        dynamic "none" {
          for_each = contains(var.counted_groups, rule.key) ? [] : [true]
          content {}
        }
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key
        }
      }

      visibility_config {
        metric_name                = rule.key
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    metric_name                = local.label
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_s3_bucket.logs.arn]

  # What proves who somebody is does not belong in a log.
  dynamic "redacted_fields" {
    for_each = ["authorization", "cookie"]

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  depends_on = [aws_s3_bucket_policy.logs]
}
