# The module as it is applied, with providers that answer everything themselves.

mock_provider "aws" {
  alias  = "primary"
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "secondary"
  source = "../../tests/mocks"

  override_data {
    target = data.aws_region.secondary
    values = { name = "us-west-2" }
  }
}

variables {
  name            = "Shop"
  master_password = "never-in-a-state"
  primary         = { vpc_id = "vpc-1", subnets = ["subnet-1a", "subnet-1b"], clients = ["10.10.64.0/23", "10.10.66.0/23"] }
  secondary       = { vpc_id = "vpc-2", subnets = ["subnet-2a", "subnet-2b"], clients = ["10.20.64.0/23"] }
}

run "global" {
  assert {
    condition     = aws_rds_global_cluster.this.global_cluster_identifier == "shop" && aws_rds_global_cluster.this.storage_encrypted && aws_rds_global_cluster.this.deletion_protection && !aws_rds_global_cluster.this.force_destroy
    error_message = "the global cluster is not encrypted or not protected"
  }
  assert {
    condition     = output.cluster_ids.primary != output.cluster_ids.secondary && output.writer_name == "writer.db.shop.internal" && output.reader_name == "reader.db.shop.internal"
    error_message = "services have other names for the database than they were given"
  }
  assert {
    condition     = aws_secretsmanager_secret.master.name == "Shop/database" && one(aws_secretsmanager_secret.master.replica).region == "us-west-2"
    error_message = "after a failover nobody can read the master user's password"
  }
  assert {
    condition     = aws_secretsmanager_secret_version.master.secret_string == null && aws_secretsmanager_secret_version.master.secret_string_wo_version == 1
    error_message = "the password is in the state"
  }
}

run "writer" {
  module {
    source = "./region"
  }
  providers = { aws = aws.primary }

  variables {
    role              = "primary"
    global_cluster_id = "shop"
    writer_endpoint   = "shop.global-0.global.rds.amazonaws.com"
    engine_version    = "16.11"
    family            = "aurora-postgresql16"
    instance_class    = "db.r6g.large"
    backup_days       = 35
    protected         = true
    network           = { vpc_id = "vpc-1", subnets = ["subnet-1a", "subnet-1b"], clients = ["10.10.64.0/23", "10.10.66.0/23"], instances = 2 }
    writer            = { database_name = "shop", master_username = "fwc_master", password_version = 1 }
  }

  assert {
    condition     = aws_rds_cluster.this.cluster_identifier == "shop-primary" && aws_rds_cluster.this.global_cluster_identifier == "shop" && length(aws_rds_cluster_instance.this) == 2
    error_message = "the writer is not in the global database, or is alone"
  }
  assert {
    condition     = aws_rds_cluster.this.master_username == "fwc_master" && aws_rds_cluster.this.master_password == null && aws_rds_cluster.this.master_password_wo_version == 1
    error_message = "the writer has no master user, or a password in the state"
  }
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.kms_key_id == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation && aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.backup_retention_period == 35
    error_message = "the cluster is not encrypted with its key, or can be lost"
  }
  assert {
    condition     = alltrue([for instance in aws_rds_cluster_instance.this : !instance.publicly_accessible && instance.performance_insights_kms_key_id == aws_kms_key.this.arn && instance.monitoring_interval == 60])
    error_message = "an instance is public or not watched"
  }
  assert {
    condition     = [for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"] == ["1"]
    error_message = "a client may come without TLS"
  }
  assert {
    condition     = jsonencode({ for cidr, opened in aws_vpc_security_group_ingress_rule.client : cidr => [opened.cidr_ipv4, opened.from_port, opened.to_port, opened.ip_protocol] }) == jsonencode({ for cidr in ["10.10.64.0/23", "10.10.66.0/23"] : cidr => [cidr, 5432, 5432, "tcp"] })
    error_message = "somebody else reaches the database, or another port"
  }
  assert {
    condition     = jsonencode({ for name, record in aws_route53_record.this : name => record.records }) == jsonencode({ reader = [aws_rds_cluster.this.reader_endpoint], writer = ["shop.global-0.global.rds.amazonaws.com"] }) && one(aws_route53_zone.this.vpc).vpc_id == "vpc-1"
    error_message = "a name leads elsewhere, or stands in another VPC"
  }
}

run "replica" {
  module {
    source = "./region"
  }
  providers = { aws = aws.secondary }

  variables {
    role              = "secondary"
    global_cluster_id = "shop"
    writer_endpoint   = "shop.global-0.global.rds.amazonaws.com"
    engine_version    = "16.11"
    family            = "aurora-postgresql16"
    instance_class    = "db.r6g.large"
    backup_days       = 35
    protected         = true
    network           = { vpc_id = "vpc-2", subnets = ["subnet-2a", "subnet-2b"], clients = ["10.20.64.0/23"], instances = 1 }
  }

  # The provider's own answers for what is computed, so what was asked is read from what was given.
  assert {
    condition     = var.writer == null && aws_rds_cluster.this.master_password == null && aws_rds_cluster.this.master_password_wo_version == null
    error_message = "a cluster that replicates is refused with credentials"
  }
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.kms_key_id == aws_kms_key.this.arn
    error_message = "an encrypted replica needs a key of its own region"
  }
}

run "unprotected" {
  variables {
    protected = false
  }

  assert {
    condition     = !aws_rds_global_cluster.this.deletion_protection && aws_rds_global_cluster.this.force_destroy && aws_secretsmanager_secret.master.recovery_window_in_days == 0
    error_message = "a destroy stays on its way"
  }
}

run "writer_alone" {
  command = plan

  variables {
    primary = { vpc_id = "vpc-1", subnets = ["subnet-1a", "subnet-1b"], clients = [], instances = 1 }
  }

  expect_failures = [var.primary]
}

run "burstable" {
  command = plan

  variables {
    instance_class = "db.t4g.medium"
  }

  expect_failures = [var.instance_class]
}
