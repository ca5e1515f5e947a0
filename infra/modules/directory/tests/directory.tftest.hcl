mock_provider "aws" {
  alias = "primary"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }
}

mock_provider "aws" {
  alias = "secondary"

  mock_data "aws_region" {
    defaults = { name = "us-west-2" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-west-2:123456789012:key/22222222-2222-2222-2222-222222222222" }
  }
}

variables {
  name = "shop-prod"
}

run "table_is_in_both_regions" {
  assert {
    condition     = [for it in aws_dynamodb_table.this.replica : it.region_name] == ["us-west-2"]
    error_message = "The table has to have one replica, in the secondary region."
  }

  assert {
    condition = (
      aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == aws_kms_key.primary.arn
      && [for it in aws_dynamodb_table.this.replica : it.kms_key_arn] == [aws_kms_key.secondary.arn]
    )
    error_message = "Each copy is encrypted with the key of its region."
  }

  assert {
    condition = (
      aws_dynamodb_table.this.point_in_time_recovery[0].enabled
      && alltrue([for it in aws_dynamodb_table.this.replica : it.point_in_time_recovery])
      && aws_dynamodb_table.this.ttl[0].attribute_name == "expires"
      && aws_dynamodb_table.this.deletion_protection_enabled
    )
    error_message = "The table can be restored in both regions, forgets tombstones, and refuses to be deleted."
  }
}

run "keys_are_used_by_way_of_dynamodb_only" {
  assert {
    condition = alltrue([
      for key, region in { (aws_kms_key.primary.policy) = "us-east-1", (aws_kms_key.secondary.policy) = "us-west-2" } :
      alltrue([
        for it in jsondecode(key).Statement :
        it.Principal.AWS != "*" || try(
          it.Condition.StringEquals["kms:ViaService"] == "dynamodb.${region}.amazonaws.com"
          && it.Condition.StringEquals["kms:CallerAccount"] == "123456789012"
        , false)
      ])
    ])
    error_message = "A statement for everybody has to be bound to this account and to DynamoDB of the key's region."
  }
}

run "name_of_another_kind_is_refused" {
  command = plan

  variables {
    name = "shop_prod"
  }

  expect_failures = [var.name]
}
