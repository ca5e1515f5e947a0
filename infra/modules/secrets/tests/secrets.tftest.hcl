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

  override_resource {
    target = aws_kms_key.secondary
    values = { arn = "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }
}

variables {
  name    = "shop"
  secrets = { "checkout/payments" = "Keys of the payment providers" }
}

run "secrets" {
  assert {
    condition     = { for key, secret in aws_secretsmanager_secret.this : key => secret.name } == { "checkout/payments" = "shop/checkout/payments" }
    error_message = "a service does not find its secret"
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == aws_kms_key.primary.arn && secret.recovery_window_in_days == 30])
    error_message = "a secret is not encrypted with the project's key, or is lost at once"
  }
  assert {
    condition     = [for replica in aws_secretsmanager_secret.this["checkout/payments"].replica : [replica.region, replica.kms_key_id]] == [["us-west-2", "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111"]]
    error_message = "the other region does not have the secret, or not with its own key"
  }
}

run "secret_of_nobody" {
  command = plan

  variables {
    secrets = { payments = "Keys of the payment providers" }
  }

  expect_failures = [var.secrets]
}
