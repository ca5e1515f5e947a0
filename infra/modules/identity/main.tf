# The pool of a region, and who may sign in with it. What carries its users is in sync.tf, its mail in mail.tf.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  label     = "${var.name}-${var.role}"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
}

resource "aws_cognito_user_pool" "this" {
  name                = local.label
  deletion_protection = var.protected ? "ACTIVE" : "INACTIVE"
  tags                = merge(var.tags, { Name = local.label })

  # Users sign in with their address and have a name beside it, which the application chooses. Were the
  # address the name (`username_attributes`), Cognito would choose another name in each pool, and nothing
  # would tell that two users are one.
  alias_attributes         = ["email"]
  auto_verified_attributes = ["email"]
  mfa_configuration        = "OPTIONAL"

  username_configuration {
    case_sensitive = false
  }

  software_token_mfa_configuration {
    enabled = true
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = true
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  # The `sub` of the pool a user was born in, for services whose keys have to outlive a failover.
  schema {
    name                = "origin_sub"
    attribute_data_type = "String"
    mutable             = true

    string_attribute_constraints {
      min_length = "0"
      max_length = "64"
    }
  }

  dynamic "schema" {
    for_each = var.custom_attributes

    content {
      name                = schema.value
      attribute_data_type = "String"
      mutable             = true

      string_attribute_constraints {
        min_length = "0"
        max_length = "2048"
      }
    }
  }

  dynamic "email_configuration" {
    for_each = aws_sesv2_email_identity.this

    content {
      email_sending_account = "DEVELOPER"
      source_arn            = email_configuration.value.arn
      from_email_address    = "no-reply@${var.mail_domain}"
      configuration_set     = aws_sesv2_configuration_set.this[0].configuration_set_name
    }
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  count = var.domain_prefix == null ? 0 : 1

  domain       = var.domain_prefix
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_user_pool_client" "this" {
  for_each = var.clients

  name         = each.key
  user_pool_id = aws_cognito_user_pool.this.id

  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email", "profile"]
  supported_identity_providers         = ["COGNITO"]
  callback_urls                        = each.value.callback_urls
  logout_urls                          = each.value.logout_urls
  explicit_auth_flows                  = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
  access_token_validity                = 1
  id_token_validity                    = 1
  refresh_token_validity               = 30

  token_validity_units {
    access_token  = "hours"
    id_token      = "hours"
    refresh_token = "days"
  }
}
