# What need not cross the firewall. An endpoint is a way around it, so each has a policy: through it
# our identities reach our resources, and nobody's bucket elsewhere.
# https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html (2026-11-24)
locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  ours = {
    Sid       = "OurIdentities"
    Effect    = "Allow"
    Principal = "*"
    Action    = "*"
    Resource  = "*"
    Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
  }

  gateway_statements = {
    s3 = [
      {
        Sid       = "OurBuckets"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
      },
      {
        # ECR keeps the layers of images in a bucket of its own:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html (2026-11-24).
        Sid       = "LayersOfImages"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:GetObject"
        Resource  = "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"
      },
    ]
    dynamodb = [
      {
        Sid       = "OurTables"
        Effect    = "Allow"
        Principal = "*"
        Action    = "dynamodb:*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
      },
    ]
  }

  # A pod has no identity yet when it asks for the one of its service account.
  interface_statements = {
    sts = [
      {
        Sid       = "OurRolesForServiceAccounts"
        Effect    = "Allow"
        Principal = "*"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Resource  = "arn:${local.partition}:iam::${local.account}:role/*"
      },
    ]
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = var.gateway_endpoints

  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.${each.key}"
  route_table_ids   = concat([for zone in var.zones : aws_route_table.private[zone].id], [aws_route_table.internal.id])
  policy            = jsonencode({ Version = "2012-10-17", Statement = local.gateway_statements[each.key] })
  tags              = merge(var.tags, { Name = "${local.label}-${each.key}" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  private_dns_enabled = true
  subnet_ids          = [for zone in var.zones : aws_subnet.internal[zone].id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = jsonencode({ Version = "2012-10-17", Statement = concat([local.ours], lookup(local.interface_statements, each.key, [])) })
  tags                = merge(var.tags, { Name = "${local.label}-${each.key}" })
}

resource "aws_security_group" "endpoints" {
  name        = "${local.label}-endpoints"
  description = "Interface endpoints: HTTPS from the VPC"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${local.label}-endpoints" })
}

# An endpoint answers and never calls, so it needs no way out.
resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}
