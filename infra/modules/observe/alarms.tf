# Every alarm as a row: which metric, from when on, and what to do. `users` marks what users notice; these
# together are "impaired", the one alarm that the other region looks at.

locals {
  # A metric that comes once a minute, over five minutes, unless a row says otherwise.
  usual = {
    statistic = "Sum"
    period    = 300
    periods   = 1
    above     = 0
    below     = null
    missing   = "notBreaching"
    users     = false
  }

  nat_rows = merge([
    for zone, gateway in var.nat_gateways : {
      "nat-ports-${zone}" = {
        what       = "The NAT gateway of ${zone} has no port left for a destination: connections fail. Add addresses to it, or spread the clients."
        namespace  = "AWS/NATGateway"
        metric     = "ErrorPortAllocation"
        dimensions = { NatGatewayId = gateway }
        users      = true
      }
      "nat-drops-${zone}" = {
        what       = "The NAT gateway of ${zone} drops packets."
        namespace  = "AWS/NATGateway"
        metric     = "PacketsDropCount"
        dimensions = { NatGatewayId = gateway }
        above      = 100
        periods    = 3
      }
    }
  ]...)

  firewall_rows = {
    for zone in keys(var.nat_gateways) : "firewall-exceptions-${zone}" => {
      what       = "The firewall of ${zone} sees connections whose beginning it has missed: a route that goes one way only, or a failover of its host."
      namespace  = "AWS/NetworkFirewall"
      metric     = "StreamExceptionPolicyPackets"
      dimensions = { FirewallName = var.firewall_name, AvailabilityZone = zone, Engine = "Stateful" }
      above      = 100
      periods    = 3
    }
  }

  # Not `try`: of a value that is not known yet it makes nothing known, and the rows are keys.
  load_balancer = var.load_balancer == null ? "" : var.load_balancer.arn_suffix
  target_groups = var.load_balancer == null ? {} : var.load_balancer.target_groups

  load_balancer_rows = merge(
    { for name, row in {
      "alb-errors" = {
        what       = "The load balancer itself answers 5xx: no target, or none that takes a connection."
        namespace  = "AWS/ApplicationELB"
        metric     = "HTTPCode_ELB_5XX_Count"
        dimensions = { LoadBalancer = local.load_balancer }
        above      = 10
        users      = true
      }
      "target-errors" = {
        what       = "Services answer 5xx: their logs say why, and the target of each request is in the access log."
        namespace  = "AWS/ApplicationELB"
        metric     = "HTTPCode_Target_5XX_Count"
        dimensions = { LoadBalancer = local.load_balancer }
        above      = 50
        users      = true
      }
      "latency" = {
        what       = "One request of a hundred takes longer than ${var.latency_seconds} s."
        namespace  = "AWS/ApplicationELB"
        metric     = "TargetResponseTime"
        dimensions = { LoadBalancer = local.load_balancer }
        statistic  = "p99"
        above      = var.latency_seconds
        periods    = 3
        users      = true
      }
    } : name => row if var.load_balancer != null },
    merge([
      for service, group in local.target_groups : {
        "unhealthy-${service}" = {
          what       = "Pods of ${service} fail their health check."
          namespace  = "AWS/ApplicationELB"
          metric     = "UnHealthyHostCount"
          dimensions = { LoadBalancer = local.load_balancer, TargetGroup = group }
          statistic  = "Maximum"
          periods    = 3
        }
        "nobody-${service}" = {
          what       = "No pod of ${service} is healthy."
          namespace  = "AWS/ApplicationELB"
          metric     = "HealthyHostCount"
          dimensions = { LoadBalancer = local.load_balancer, TargetGroup = group }
          statistic  = "Minimum"
          below      = 1
          missing    = "breaching"
          users      = true
        }
      }
    ]...),
  )

  database_rows = { for name, row in {
    "database-lag" = {
      # Aurora tells it where the reading copy is, so where the writer is there is none.
      what       = "The copy of the database is behind the writer: an unplanned failover would lose that much."
      namespace  = "AWS/RDS"
      metric     = "AuroraGlobalDBReplicationLag"
      dimensions = { DBClusterIdentifier = var.database_cluster }
      statistic  = "Average"
      period     = 60
      periods    = 5
      above      = var.replication_seconds * 1000
    }
    "database-load" = {
      what       = "The database has no processor time left."
      namespace  = "AWS/RDS"
      metric     = "CPUUtilization"
      dimensions = { DBClusterIdentifier = var.database_cluster }
      statistic  = "Average"
      periods    = 3
      above      = 85
    }
  } : name => row if var.database_cluster != null }

  file_rows = merge([
    for use, id in var.file_systems : {
      "files-credits-${use}" = {
        # Bursting throughput starts with 2.1 TiB of credits; elastic throughput has none and tells none.
        # https://docs.aws.amazon.com/efs/latest/ug/performance.html (2026-11-24)
        what       = "The file system ${use} runs out of burst credits, and then gets slow."
        namespace  = "AWS/EFS"
        metric     = "BurstCreditBalance"
        dimensions = { FileSystemId = id }
        statistic  = "Minimum"
        below      = 192 * pow(1024, 3)
      }
      "files-limit-${use}" = {
        what       = "The file system ${use} is close to the most operations that it can do."
        namespace  = "AWS/EFS"
        metric     = "PercentIOLimit"
        dimensions = { FileSystemId = id }
        statistic  = "Maximum"
        periods    = 3
        above      = 90
      }
    }
  ]...)

  bucket_rows = merge([
    for use, it in var.bucket_replications : {
      "bucket-lag-${use}" = {
        what       = "Objects of ${use} reach the other region late."
        namespace  = "AWS/S3"
        metric     = "ReplicationLatency"
        dimensions = { SourceBucket = it.source, DestinationBucket = it.destination, RuleId = it.rule_id }
        statistic  = "Maximum"
        above      = 900
      }
      "bucket-failed-${use}" = {
        what       = "Objects of ${use} do not reach the other region: S3 does not try again by itself."
        namespace  = "AWS/S3"
        metric     = "OperationsFailedReplication"
        dimensions = { SourceBucket = it.source, DestinationBucket = it.destination, RuleId = it.rule_id }
      }
    }
  ]...)

  table_rows = {
    for table in var.global_tables : "table-lag-${table}" => {
      what       = "Writes to ${table} reach the other region late."
      namespace  = "AWS/DynamoDB"
      metric     = "ReplicationLatency"
      dimensions = { TableName = table, ReceivingRegion = var.peer.region }
      statistic  = "Average"
      periods    = 3
      above      = var.replication_seconds * 1000
    }
  }

  directory_rows = { for name, row in {
    "directory-silent" = {
      what       = "No run of the directory has ended for an hour: users of the standby pool grow old."
      namespace  = "fwc/directory"
      metric     = "Completed"
      dimensions = { Directory = local.label }
      period     = 3600
      below      = 1
      missing    = "breaching"
    }
    "directory-age" = {
      what       = "Users of this pool are as they were ${var.directory_seconds} s ago, and older: the export of the active region does not end."
      namespace  = "fwc/directory"
      metric     = "Age"
      dimensions = { Directory = local.label }
      statistic  = "Maximum"
      period     = 900
      above      = var.directory_seconds
    }
    "directory-wrong" = {
      what       = "Some users cannot be carried: the log has which call says why."
      namespace  = "fwc/directory"
      metric     = "Wrong"
      dimensions = { Directory = local.label }
      statistic  = "Maximum"
      period     = 900
    }
    "directory-unfinished" = {
      what       = "A run of the directory has failed; its state is in the queue: docs/failover.md."
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = var.directory }
      statistic  = "Maximum"
    }
  } : name => row if var.directory != null }

  # SES looks at an account from 5 % bounces and 0.1 % complaints on
  # (https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-dg.html, 2026-11-24).
  mail_rows = { for name, row in {
    "mail-bounces" = {
      what       = "Too much mail bounces; from 10 % on SES stops sending."
      namespace  = "AWS/SES"
      metric     = "Reputation.BounceRate"
      dimensions = {}
      statistic  = "Maximum"
      period     = 3600
      above      = 0.05
    }
    "mail-complaints" = {
      what       = "Too many complain about mail; from 0.5 % on SES stops sending."
      namespace  = "AWS/SES"
      metric     = "Reputation.ComplaintRate"
      dimensions = {}
      statistic  = "Maximum"
      period     = 3600
      above      = 0.001
    }
  } : name => row if var.mail }

  accelerator_rows = { for name, row in {
    "accelerator-endpoints" = {
      what       = "The accelerator finds an endpoint unhealthy. If it is the last one of the active region, all traffic goes to the other, whatever its dial says."
      namespace  = "AWS/GlobalAccelerator"
      metric     = "UnhealthyEndpointCount"
      dimensions = { Accelerator = var.accelerator_id }
      statistic  = "Maximum"
      period     = 60
      periods    = 3
      users      = true
    }
  } : name => row if var.accelerator_id != null && local.region == "us-west-2" }

  watch_rows = {
    "peer-unreachable" = {
      what       = "The ${var.peer.role} region (${var.peer.region}) does not answer, or nobody asks it: docs/failover.md."
      namespace  = "fwc/watch"
      metric     = "Unreachable"
      dimensions = { Watch = "${var.name}-${var.peer.role}" }
      statistic  = "Minimum"
      period     = 60
      periods    = 5
      missing    = "breaching"
    }
    "peer-impaired" = {
      what       = "The ${var.peer.role} region (${var.peer.region}) says that users notice something there: docs/failover.md."
      namespace  = "fwc/watch"
      metric     = "Impaired"
      dimensions = { Watch = "${var.name}-${var.peer.role}" }
      statistic  = "Minimum"
      period     = 60
      periods    = 3
    }
  }

  groups = {
    firewall      = local.firewall_rows
    nat           = local.nat_rows
    load_balancer = local.load_balancer_rows
    database      = local.database_rows
    files         = local.file_rows
    buckets       = local.bucket_rows
    tables        = local.table_rows
    directory     = local.directory_rows
    mail          = local.mail_rows
    accelerator   = local.accelerator_rows
    peer          = local.watch_rows
  }

  alarms = { for name, row in merge(values(local.groups)...) : name => merge(local.usual, row) }
  users  = sort([for name, row in local.alarms : name if row.users])

  # How much is dropped is the policy's matter, so the alarm is that it changes.
  anomalies = {
    for it in setproduct(["DroppedPackets", "RejectedPackets"], keys(var.nat_gateways)) :
    "firewall-${it[0] == "DroppedPackets" ? "drops" : "rejects"}-${it[1]}" => { metric = it[0], zone = it[1] }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.label}-${each.key}"
  alarm_description   = each.value.what
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.below == null ? each.value.above : each.value.below
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
  tags                = merge(var.tags, { Name = "${local.label}-${each.key}" })
}

resource "aws_cloudwatch_metric_alarm" "anomaly" {
  for_each = local.anomalies

  alarm_name          = "${local.label}-${each.key}"
  alarm_description   = "The firewall of ${each.value.zone} refuses more than it used to: a service that lost its entry, or one that does what it never did. `fwc explain SID` says which."
  comparison_operator = "GreaterThanUpperThreshold"
  evaluation_periods  = 3
  threshold_metric_id = "band"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
  tags                = merge(var.tags, { Name = "${local.label}-${each.key}" })

  metric_query {
    id          = "band"
    expression  = "ANOMALY_DETECTION_BAND(packets, 4)"
    label       = "as usual"
    return_data = true
  }

  metric_query {
    id          = "packets"
    return_data = true

    metric {
      namespace   = "AWS/NetworkFirewall"
      metric_name = each.value.metric
      period      = 300
      stat        = "Sum"
      dimensions  = { FirewallName = var.firewall_name, AvailabilityZone = each.value.zone, Engine = "Stateful" }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "impaired" {
  alarm_name        = "${local.label}-impaired"
  alarm_description = "Users notice something in the ${var.role} region: docs/failover.md says what to look at, and when to move."
  alarm_rule        = join(" OR ", [for name in local.users : "ALARM(\"${aws_cloudwatch_metric_alarm.this[name].alarm_name}\")"])
  alarm_actions     = [aws_sns_topic.this.arn]
  ok_actions        = [aws_sns_topic.this.arn]
  tags              = merge(var.tags, { Name = "${local.label}-impaired" })
}

# The rows again, as pictures: a graph a group, with every metric that an alarm looks at.
resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.label

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 4
        properties = {
          title = "${local.label}: alarms"
          alarms = concat(
            [aws_cloudwatch_composite_alarm.impaired.arn],
            [for name in keys(local.alarms) : aws_cloudwatch_metric_alarm.this[name].arn],
            [for name in keys(local.anomalies) : aws_cloudwatch_metric_alarm.anomaly[name].arn],
          )
        }
      }],
      [
        for at, group in [for group, rows in local.groups : group if length(rows) > 0] : {
          type   = "metric"
          x      = 12 * (at % 2)
          y      = 4 + 6 * floor(at / 2)
          width  = 12
          height = 6
          properties = {
            title  = replace(group, "_", " ")
            region = local.region
            view   = "timeSeries"
            metrics = [
              for name in sort(keys(local.groups[group])) : concat(
                [local.alarms[name].namespace, local.alarms[name].metric],
                flatten([for key, value in local.alarms[name].dimensions : [key, value]]),
                [{ label = name, stat = local.alarms[name].statistic, period = local.alarms[name].period }],
              )
            ]
          }
        }
      ],
    )
  })
}
