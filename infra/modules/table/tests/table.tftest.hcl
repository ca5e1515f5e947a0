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
  name          = "shop"
  table         = "sessions"
  hash_key      = "id"
  ttl_attribute = "expires"
}

run "table" {
  assert {
    condition     = [for replica in aws_dynamodb_table.this.replica : [replica.region_name, replica.kms_key_arn, replica.point_in_time_recovery]] == [["us-west-2", "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111", true]]
    error_message = "there is no replica, or not with a key of its own region"
  }
  assert {
    condition     = one(aws_dynamodb_table.this.server_side_encryption).kms_key_arn == aws_kms_key.primary.arn && one(aws_dynamodb_table.this.point_in_time_recovery).enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "the table is not encrypted with its key, or can be lost"
  }
  assert {
    condition     = aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "a global table is refused without its stream"
  }
  assert {
    condition     = [for attribute in aws_dynamodb_table.this.attribute : attribute.name] == ["id"] && one(aws_dynamodb_table.this.ttl).attribute_name == "expires"
    error_message = "the table has other keys than asked for"
  }
}

run "sorted_and_kept" {
  variables {
    range_key     = "at"
    ttl_attribute = null
  }

  assert {
    condition     = toset([for attribute in aws_dynamodb_table.this.attribute : attribute.name]) == toset(["at", "id"]) && length(aws_dynamodb_table.this.ttl) == 0
    error_message = "the table has no sort key, or its entries go"
  }
}

run "unprotected" {
  variables {
    protected = false
  }

  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled && aws_kms_key.primary.deletion_window_in_days == 7
    error_message = "a destroy stays on its way"
  }
}
