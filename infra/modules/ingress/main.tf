data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  label     = "${var.name}-${var.role}"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
}

resource "aws_security_group" "this" {
  name        = "${local.label}-ingress"
  description = "Load balancer: in from users, out to the pods of published services"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${local.label}-ingress" })
}

# The one 0.0.0.0/0 of the platform. The accelerator keeps the address of the client, so the source is
# whoever uses the shop; its own security group is AWS's, and not to be named in others:
# https://docs.aws.amazon.com/global-accelerator/latest/dg/best-practices-aga.html (2026-11-24).
# 80 answers with a redirect only.
resource "aws_vpc_security_group_ingress_rule" "users" {
  for_each = toset(["80", "443"])

  security_group_id = aws_security_group.this.id
  description       = "Users, through the accelerator"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  tags              = merge(var.tags, { Name = "${local.label}-ingress-${each.key}" })
}

locals {
  # Services may share a port; a rule of a security group may not stand twice.
  pod_ports = toset([for service in var.services : tostring(service.port)])
}

resource "aws_vpc_security_group_egress_rule" "pods" {
  for_each = local.pod_ports

  security_group_id            = aws_security_group.this.id
  description                  = "Pods of published services"
  referenced_security_group_id = var.pod_security_group
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
  tags                         = merge(var.tags, { Name = "${local.label}-pods-${each.key}" })
}

resource "aws_vpc_security_group_ingress_rule" "pods" {
  for_each = local.pod_ports

  security_group_id            = var.pod_security_group
  description                  = "Requests and health checks of the load balancer"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
  tags                         = merge(var.tags, { Name = "${local.label}-pods-${each.key}" })
}

resource "aws_lb" "this" {
  name                       = local.label
  load_balancer_type         = "application"
  internal                   = var.internal
  subnets                    = var.subnets
  security_groups            = [aws_security_group.this.id]
  enable_deletion_protection = var.protected
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  tags                       = merge(var.tags, { Name = local.label })

  access_logs {
    bucket  = aws_s3_bucket.logs.id
    prefix  = "alb"
    enabled = true
  }

  # AWS tries the bucket before it says yes.
  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_lb_target_group" "this" {
  for_each = var.services

  # A name has 32 characters, less than project, role and service may need.
  name_prefix          = substr(each.key, 0, 6)
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = each.value.port
  deregistration_delay = 30
  tags                 = merge(var.tags, { Name = "${local.label}-${each.key}" })

  health_check {
    path                = each.value.health
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 80
  tags              = var.tags

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = local.certificate_arn
  tags              = var.tags

  # What no service has asked for is nobody's.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Not found"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "service" {
  for_each = var.services

  listener_arn = aws_lb_listener.https.arn
  priority     = each.value.priority
  tags         = merge(var.tags, { Name = "${local.label}-${each.key}" })

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    host_header {
      values = [var.domain]
    }
  }

  condition {
    path_pattern {
      values = each.value.paths
    }
  }
}
