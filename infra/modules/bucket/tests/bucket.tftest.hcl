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
  name    = "Shop"
  purpose = "media"
}

run "pair" {
  assert {
    condition     = jsonencode(keys(output.buckets)) == jsonencode(["primary", "secondary"]) && output.replication.primary.destination == output.buckets.secondary && output.replication.secondary.destination == output.buckets.primary
    error_message = "a bucket is copied to itself"
  }
  # One role for both ways, which writes objects and nothing else, with the keys of these buckets.
  assert {
    condition     = toset([for action in flatten(data.aws_iam_policy_document.replication.statement[*].actions) : action if !contains(["s3", "kms"], split(":", action)[0]) || can(regex("\\*", action))]) == toset([])
    error_message = "the role of the replication may do more than copy"
  }
  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.replication.statement : !contains(statement.resources, "*")])
    error_message = "the role of the replication reads other buckets, or uses other keys"
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.replication.statement : statement if length(statement.condition) == 2]) == 2
    error_message = "a key can be used for something else than its bucket"
  }
}

run "region" {
  module {
    source = "./region"
  }
  providers = { aws = aws.primary }

  variables {
    role                 = "primary"
    expire_after_days    = 400
    old_versions_days    = 90
    log_writers          = true
    protected            = true
    replication_role_arn = "arn:aws:iam::123456789012:role/replication"
    replica = {
      arn     = "arn:aws:s3:::other"
      key_arn = "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111"
    }
  }

  assert {
    condition     = aws_s3_bucket.this.bucket == "shop-primary-media-123456789012" && !aws_s3_bucket.this.force_destroy && one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "the bucket has another name, keeps no versions, or goes with what it holds"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation
    error_message = "objects are not encrypted with the bucket's key"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "the bucket can be made public"
  }
  assert {
    condition     = aws_s3_bucket_replication_configuration.this.role == "arn:aws:iam::123456789012:role/replication"
    error_message = "copies are made by another role"
  }
  assert {
    condition = [
      for rule in aws_s3_bucket_replication_configuration.this.rule :
      [one(rule.destination).bucket, one(one(rule.destination).encryption_configuration).replica_kms_key_id, one(one(rule.source_selection_criteria).sse_kms_encrypted_objects).status, one(rule.delete_marker_replication).status, rule.status]
    ] == [["arn:aws:s3:::other", "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111", "Enabled", "Enabled", "Enabled"]]
    error_message = "encrypted objects are not copied, or not with the other region's key"
  }
  assert {
    condition     = toset([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id]) == toset(["expire", "old-versions"])
    error_message = "nothing ever goes"
  }
}

run "kept" {
  module {
    source = "./region"
  }
  providers = { aws = aws.primary }

  variables {
    role                 = "primary"
    expire_after_days    = null
    old_versions_days    = 90
    log_writers          = false
    protected            = false
    replication_role_arn = "arn:aws:iam::123456789012:role/replication"
    replica              = { arn = "arn:aws:s3:::other", key_arn = "arn:aws:kms:us-west-2:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id] == ["old-versions"] && aws_s3_bucket.this.force_destroy
    error_message = "objects go that were to stay, or a destroy stays on its way"
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.bucket.statement : statement if statement.effect != "Deny"]) == 0
    error_message = "log delivery writes into a bucket that is not for logs"
  }
}

run "no_bucket_of_that_length" {
  command = plan

  variables {
    name = "a-project-whose-name-is-too-long-for-s3"
  }

  expect_failures = [var.purpose]
}
