data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  label     = "${var.name}-${var.role}"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
  log_group = "/${local.label}/datasync"
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "CopyLogs"
    actions   = ["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Files of ${local.label} and the logs of their copies"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = merge(var.tags, { Name = "${local.label}-files" })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.label}-files"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_efs_file_system" "this" {
  creation_token  = local.label
  encrypted       = true
  kms_key_id      = aws_kms_key.this.arn
  throughput_mode = "elastic"
  tags            = merge(var.tags, { Name = local.label })

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_access_point" "this" {
  for_each = var.directories

  file_system_id = aws_efs_file_system.this.id
  tags           = merge(var.tags, { Name = "${local.label}-${each.key}" })

  posix_user {
    uid = each.value.uid
    gid = each.value.gid
  }

  root_directory {
    path = "/${each.key}"

    creation_info {
      owner_uid   = each.value.uid
      owner_gid   = each.value.gid
      permissions = "0750"
    }
  }
}

# Pods come through an access point, and as its user; only the copies see the whole, as root.
data "aws_iam_policy_document" "file_system" {
  statement {
    sid       = "Pods"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.this.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "elasticfilesystem:AccessedViaMountTarget"
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [for point in aws_efs_access_point.this : point.arn]
    }
  }

  statement {
    sid       = "Copies"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.this.arn]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.datasync.arn]
    }
  }

  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["*"]
    resources = [aws_efs_file_system.this.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_efs_file_system_policy" "this" {
  file_system_id = aws_efs_file_system.this.id
  policy         = data.aws_iam_policy_document.file_system.json
}

resource "aws_security_group" "files" {
  name        = "${local.label}-files"
  description = "Mount targets: in from services and copies, out to nobody"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.tags, { Name = "${local.label}-files" })
}

resource "aws_security_group" "datasync" {
  name        = "${local.label}-datasync"
  description = "DataSync: out to the mount targets, in from nobody"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.tags, { Name = "${local.label}-datasync" })
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = toset(var.network.clients)

  security_group_id = aws_security_group.files.id
  description       = "NFS from ${each.key}"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 2049
  to_port           = 2049
  tags              = merge(var.tags, { Name = "${local.label}-files" })
}

resource "aws_vpc_security_group_ingress_rule" "datasync" {
  security_group_id            = aws_security_group.files.id
  description                  = "NFS from DataSync"
  referenced_security_group_id = aws_security_group.datasync.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = merge(var.tags, { Name = "${local.label}-files" })
}

resource "aws_vpc_security_group_egress_rule" "datasync" {
  security_group_id            = aws_security_group.datasync.id
  description                  = "NFS to the mount targets"
  referenced_security_group_id = aws_security_group.files.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = merge(var.tags, { Name = "${local.label}-datasync" })
}

# One a zone. By position, since the ids of subnets may not be known yet.
resource "aws_efs_mount_target" "this" {
  count = length(var.network.subnets)

  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = var.network.subnets[count.index]
  security_groups = [aws_security_group.files.id]
}
