data "aws_partition" "this" {}

locals {
  label = lower("${var.name}-${var.role}")
}

resource "aws_kms_key" "this" {
  description             = "Database of ${local.label}: storage, snapshots, insights and the master user's secret"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = "${local.label}-database" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.label}-database"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_db_subnet_group" "this" {
  name        = local.label
  description = "Subnets that no route leaves the VPC from"
  subnet_ids  = var.network.subnets
  tags        = var.tags
}

resource "aws_security_group" "this" {
  name        = "${local.label}-database"
  description = "Database: in from the services that use it, out to nobody"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.tags, { Name = "${local.label}-database" })
}

# By CIDR: pods on Fargate share one security group, and only their subnets tell services apart.
resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = toset(var.network.clients)

  security_group_id = aws_security_group.this.id
  description       = "PostgreSQL from ${each.key}"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  tags              = merge(var.tags, { Name = "${local.label}-database" })
}

resource "aws_rds_cluster_parameter_group" "this" {
  name        = "${local.label}-${replace(var.family, ".", "-")}"
  family      = var.family
  description = "TLS only, statements that change the schema in the log"
  tags        = var.tags

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "monitoring" {
  name = "${local.label}-database-monitoring"
  tags = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_rds_cluster" "this" {
  cluster_identifier        = local.label
  global_cluster_identifier = var.global_cluster_id
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version

  # A cluster that replicates has all of this from the writer, and is refused with it.
  database_name              = one(var.writer[*].database_name)
  master_username            = one(var.writer[*].master_username)
  master_password_wo         = var.writer == null ? null : var.master_password
  master_password_wo_version = one(var.writer[*].password_version)

  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [aws_security_group.this.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name

  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.this.arn
  iam_database_authentication_enabled = true

  backup_retention_period         = var.backup_days
  copy_tags_to_snapshot           = true
  deletion_protection             = var.protected
  skip_final_snapshot             = !var.protected
  final_snapshot_identifier       = var.protected ? "${local.label}-final" : null
  enabled_cloudwatch_logs_exports = ["postgresql"]
  tags                            = merge(var.tags, { Name = local.label })

  # A failover turns the direction of replication and may take a cluster out of the global database;
  # versions go through the global cluster. None of it is undone by the next apply.
  lifecycle {
    ignore_changes = [engine_version, global_cluster_identifier, replication_source_identifier]
  }
}

resource "aws_rds_cluster_instance" "this" {
  count = var.network.instances

  identifier                      = "${local.label}-${count.index + 1}"
  cluster_identifier              = aws_rds_cluster.this.id
  engine                          = aws_rds_cluster.this.engine
  engine_version                  = aws_rds_cluster.this.engine_version
  instance_class                  = var.instance_class
  db_subnet_group_name            = aws_db_subnet_group.this.name
  publicly_accessible             = false
  auto_minor_version_upgrade      = true
  copy_tags_to_snapshot           = true
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
  tags                            = merge(var.tags, { Name = "${local.label}-${count.index + 1}" })

  lifecycle {
    ignore_changes = [engine_version]
  }
}
