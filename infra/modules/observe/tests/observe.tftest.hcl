mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = data.aws_region.this
  values = { name = "us-west-2" }
}

variables {
  name          = "shop-prod"
  role          = "secondary"
  functions     = "versions.tf"
  logs_key_arn  = "arn:aws:kms:us-west-2:123456789012:key/33333333-3333-3333-3333-333333333333"
  subscriptions = { "oncall@shop.example" = "email" }
  peer          = { role = "primary", region = "us-east-1" }
  firewall_name = "shop-prod-secondary"
  nat_gateways  = { "us-west-2a" = "nat-0a", "us-west-2b" = "nat-0b" }

  load_balancer = {
    arn_suffix    = "app/shop-prod-secondary/0123456789abcdef"
    target_groups = { checkout = "targetgroup/checkout/0123456789abcdef" }
  }
  database_cluster    = "shop-prod-secondary"
  file_systems        = { media = "fs-0123456789abcdef0" }
  sync_tasks          = ["arn:aws:datasync:us-west-2:123456789012:task/task-0123456789abcdef0"]
  bucket_replications = { logs = { source = "a", destination = "b", rule_id = "all" } }
  global_tables       = ["shop-prod-directory"]
  directory           = "shop-prod-secondary-directory-unfinished"
  mail                = true
  accelerator_id      = "01234567-89ab-cdef-0123-456789abcdef"
  budget              = 4000
}

run "every_alarm_tells_somebody" {
  assert {
    condition = (
      alltrue([for it in aws_cloudwatch_metric_alarm.this : tolist(it.alarm_actions) == tolist([aws_sns_topic.this.arn])])
      && alltrue([for it in aws_cloudwatch_metric_alarm.anomaly : tolist(it.alarm_actions) == tolist([aws_sns_topic.this.arn])])
    )
    error_message = "An alarm that tells nobody."
  }

  assert {
    condition     = alltrue([for it in aws_cloudwatch_metric_alarm.this : length(it.alarm_description) > 20])
    error_message = "An alarm without a word on what it means."
  }

  assert {
    condition = toset([for it in values(aws_cloudwatch_metric_alarm.this) : it.namespace]) == toset([
      "AWS/ApplicationELB", "AWS/DynamoDB", "AWS/EFS", "AWS/GlobalAccelerator", "AWS/NATGateway", "AWS/NetworkFirewall",
      "AWS/RDS", "AWS/S3", "AWS/SES", "AWS/SQS", "fwc/directory", "fwc/watch",
    ])
    error_message = "A part of the stack has no alarm."
  }
}

run "each_zone_is_looked_at" {
  assert {
    condition = alltrue([
      for zone in ["us-west-2a", "us-west-2b"] : alltrue([
        for kind in ["firewall-exceptions", "nat-ports", "nat-drops"] :
        contains(keys(aws_cloudwatch_metric_alarm.this), "${kind}-${zone}")
      ]) && contains(keys(aws_cloudwatch_metric_alarm.anomaly), "firewall-drops-${zone}")
    ])
    error_message = "A zone has no alarm of its firewall or its NAT gateway."
  }
}

run "silence_is_an_alarm_where_it_means_failure" {
  assert {
    condition = toset([for name, it in aws_cloudwatch_metric_alarm.this : name if it.treat_missing_data == "breaching"]) == toset([
      "directory-silent", "nobody-checkout", "peer-unreachable",
    ])
    error_message = "Whoever says nothing has to be heard: the directory, a service without pods, the watch."
  }
}

run "what_users_notice_is_one_alarm" {
  assert {
    condition = alltrue([
      for it in ["alb-errors", "target-errors", "latency", "nobody-checkout", "nat-ports-us-west-2a", "accelerator-endpoints"] :
      strcontains(aws_cloudwatch_composite_alarm.impaired.alarm_rule, "ALARM(\"shop-prod-secondary-${it}\")")
    ])
    error_message = "The composite alarm misses something that users notice."
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_composite_alarm.impaired.alarm_rule, "peer-")
    error_message = "A region that looks at the other must not be impaired by what it sees: the two would hold each other."
  }
}

run "the_other_region_is_watched_from_here" {
  assert {
    condition = (
      aws_lambda_function.watch.environment[0].variables.PEER_REGION == "us-east-1"
      && aws_lambda_function.watch.environment[0].variables.PEER_ALARM == "shop-prod-primary-impaired"
      && aws_cloudwatch_metric_alarm.this["peer-unreachable"].dimensions["Watch"] == aws_lambda_function.watch.environment[0].variables.WATCH
    )
    error_message = "The watch looks at the composite alarm of the peer, and its alarm reads what the watch says."
  }
}

run "the_topic_is_encrypted_and_hears_this_account_only" {
  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this.arn
    error_message = "The topic needs a key of the project."
  }

  assert {
    condition = alltrue([
      for it in concat(jsondecode(aws_sns_topic_policy.this.policy).Statement, slice(jsondecode(aws_kms_key.this.policy).Statement, 1, 2)) :
      it.Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    ])
    error_message = "A service may speak for this account only."
  }
}

run "accelerator_has_its_alarm_where_its_metrics_are" {
  override_data {
    target = data.aws_region.this
    values = { name = "us-east-1" }
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "accelerator-endpoints")
    error_message = "Metrics of an accelerator are in us-west-2 only: an alarm elsewhere would never ring."
  }
}

run "a_region_without_a_workload_has_its_network_watched" {
  variables {
    load_balancer       = null
    database_cluster    = null
    file_systems        = {}
    sync_tasks          = []
    bucket_replications = {}
    global_tables       = []
    directory           = null
    mail                = false
    accelerator_id      = null
    budget              = null
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 8 && length(aws_budgets_budget.this) == 0 && length(aws_cloudwatch_event_rule.sync) == 0
    error_message = "Three alarms for each zone and two for the peer."
  }
}
