data "aws_region" "secondary" {
  provider = aws.secondary
}

resource "aws_kms_key" "primary" {
  provider = aws.primary

  description             = "Secrets of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = "${var.name}-secrets" })
}

resource "aws_kms_alias" "primary" {
  provider = aws.primary

  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.primary.key_id
}

resource "aws_kms_key" "secondary" {
  provider = aws.secondary

  description             = "Secrets of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.protected ? 30 : 7
  tags                    = merge(var.tags, { Name = "${var.name}-secrets" })
}

resource "aws_kms_alias" "secondary" {
  provider = aws.secondary

  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.secondary.key_id
}

# Names alone: a value that Terraform wrote would stand in its state.
resource "aws_secretsmanager_secret" "this" {
  provider = aws.primary
  for_each = var.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.primary.arn
  recovery_window_in_days = var.protected ? 30 : 0
  tags                    = var.tags

  replica {
    region     = data.aws_region.secondary.name
    kms_key_id = aws_kms_key.secondary.arn
  }
}
