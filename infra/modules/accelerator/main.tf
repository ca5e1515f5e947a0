resource "aws_globalaccelerator_accelerator" "this" {
  name            = var.name
  ip_address_type = "IPV4"
  enabled         = true
  tags            = merge(var.tags, { Name = var.name })

  attributes {
    flow_logs_enabled   = true
    flow_logs_s3_bucket = var.flow_log_bucket
    flow_logs_s3_prefix = "accelerator"
  }
}

resource "aws_globalaccelerator_listener" "this" {
  accelerator_arn = aws_globalaccelerator_accelerator.this.id
  protocol        = "TCP"
  client_affinity = "NONE"

  # 80 answers with a redirect to 443.
  dynamic "port_range" {
    for_each = [80, 443]

    content {
      from_port = port_range.value
      to_port   = port_range.value
    }
  }
}

# The dial says what share of new connections a region takes while both are healthy. It is no switch: when
# no endpoint of the active region is healthy, the accelerator ignores the dial and sends everybody to
# the other one, also at 0:
# https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints-endpoint-weights.unhealthy-endpoints.html (2026-11-24).
# Its database is then still one that reads only, so the passive region has to answer safely by itself.
resource "aws_globalaccelerator_endpoint_group" "this" {
  for_each = var.endpoints

  listener_arn            = aws_globalaccelerator_listener.this.id
  endpoint_group_region   = each.value.region
  traffic_dial_percentage = each.key == var.active ? 100 : 0

  # For a load balancer the accelerator asks the load balancer, whose target groups say what healthy is;
  # what is said here is for other kinds of endpoints, and for whoever reads it.
  health_check_protocol         = "TCP"
  health_check_port             = 443
  health_check_interval_seconds = 10
  threshold_count               = 3

  endpoint_configuration {
    endpoint_id                    = each.value.alb_arn
    weight                         = 128
    client_ip_preservation_enabled = true
  }

  # The runbook turns the dials, on a day when a plan may not be possible.
  lifecycle {
    ignore_changes = [traffic_dial_percentage]
  }
}

resource "aws_route53_record" "this" {
  count = var.zone_id == null ? 0 : 1

  zone_id = var.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_globalaccelerator_accelerator.this.dns_name
    zone_id                = aws_globalaccelerator_accelerator.this.hosted_zone_id
    evaluate_target_health = false
  }
}
