# The module as it is applied, with providers that answer everything themselves.

mock_provider "aws" {
  alias  = "primary"
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "secondary"
  source = "../../tests/mocks"
}

variables {
  name        = "shop"
  directories = { catalog = { uid = 2001, gid = 2001 }, shipping = { uid = 2002, gid = 2002 } }
  primary     = { vpc_id = "vpc-1", subnets = ["subnet-1a", "subnet-1b"], clients = ["10.10.68.0/23", "10.10.76.0/24"] }
  secondary   = { vpc_id = "vpc-2", subnets = ["subnet-2a", "subnet-2b"], clients = ["10.20.68.0/23"] }
}

run "copies" {
  assert {
    condition     = aws_datasync_task.forward.name == "shop-primary-to-secondary" && one(aws_datasync_task.forward.schedule).schedule_expression == "rate(1 hour)" && one(aws_datasync_task.forward.options).preserve_deleted_files == "REMOVE"
    error_message = "files are not copied, or what was deleted comes back after a failover"
  }
  assert {
    condition     = aws_datasync_task.back.name == "shop-secondary-to-primary" && length(aws_datasync_task.back.schedule) == 0 && one(aws_datasync_task.back.options).preserve_deleted_files == "PRESERVE"
    error_message = "the way back runs by itself, over what is newer"
  }
  assert {
    condition     = alltrue([for task in [aws_datasync_task.forward, aws_datasync_task.back] : one(task.options).posix_permissions == "PRESERVE" && one(task.options).uid == "INT_VALUE" && one(task.options).verify_mode == "ONLY_FILES_TRANSFERRED"])
    error_message = "a copy belongs to another user, or is not verified"
  }
  assert {
    condition     = toset(keys(output.datasync_tasks)) == toset(["primary-to-secondary", "secondary-to-primary"]) && toset(keys(output.access_points.secondary)) == toset(["catalog", "shipping"])
    error_message = "the runbook does not find its tasks, or a directory is missing in the secondary"
  }
}

run "region" {
  module {
    source = "./region"
  }
  providers = { aws = aws.primary }

  variables {
    role               = "primary"
    log_retention_days = 365
    protected          = true
    network            = { vpc_id = "vpc-1", subnets = ["subnet-1a", "subnet-1b"], clients = ["10.10.68.0/23", "10.10.76.0/24"] }
  }

  assert {
    condition     = aws_efs_file_system.this.encrypted && aws_efs_file_system.this.kms_key_id == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation && one(aws_efs_backup_policy.this.backup_policy).status == "ENABLED"
    error_message = "files are not encrypted with their key, or not backed up"
  }
  assert {
    condition     = [for target in aws_efs_mount_target.this : target.subnet_id] == ["subnet-1a", "subnet-1b"] && alltrue([for target in aws_efs_mount_target.this : target.security_groups == toset([aws_security_group.files.id])])
    error_message = "a zone has no mount target, or one that everybody reaches"
  }
  assert {
    condition     = jsonencode({ for network, point in aws_efs_access_point.this : network => [one(point.posix_user).uid, one(point.root_directory).path] }) == jsonencode({ catalog = [2001, "/catalog"], shipping = [2002, "/shipping"] })
    error_message = "a service sees another's directory, or comes as another user"
  }
  assert {
    condition     = jsonencode({ for cidr, opened in aws_vpc_security_group_ingress_rule.client : cidr => [opened.security_group_id, opened.from_port, opened.to_port] }) == jsonencode({ for cidr in ["10.10.68.0/23", "10.10.76.0/24"] : cidr => [aws_security_group.files.id, 2049, 2049] })
    error_message = "somebody else mounts, or another port is open"
  }
  assert {
    condition     = aws_datasync_location_efs.this.in_transit_encryption == "TLS1_2" && aws_datasync_location_efs.this.file_system_access_role_arn == aws_iam_role.datasync.arn
    error_message = "copies cross the network in the clear, or as anybody"
  }
  # Root is for the copies; pods come through an access point.
  assert {
    condition     = [for statement in data.aws_iam_policy_document.file_system.statement : statement.sid if statement.effect != "Deny" && contains(statement.actions, "elasticfilesystem:ClientRootAccess")] == ["Copies"]
    error_message = "a pod may be root in the file system"
  }
  assert {
    condition     = [for statement in data.aws_iam_policy_document.file_system.statement : toset([for condition in statement.condition : condition.variable]) if statement.sid == "Pods"] == [toset(["elasticfilesystem:AccessPointArn", "elasticfilesystem:AccessedViaMountTarget"])]
    error_message = "a pod may mount past its access point"
  }
}

run "more_often_than_datasync_can" {
  command = plan

  variables {
    schedule = "rate(15 minutes)"
  }

  expect_failures = [var.schedule]
}

run "directory_of_root" {
  command = plan

  variables {
    directories = { catalog = { uid = 0, gid = 0 } }
  }

  expect_failures = [var.directories]
}
