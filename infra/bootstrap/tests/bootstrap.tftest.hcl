mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::state" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

mock_provider "aws" {
  alias = "secondary"

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-west-2:123456789012:key/22222222-2222-2222-2222-222222222222" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::state-copy" }
  }
}

variables {
  repository = "shop/egress"
  operators  = ["arn:aws:iam::123456789012:role/oncall"]
}

run "who_changes_something_waits_for_an_environment" {
  assert {
    condition = {
      for workflow, role in aws_iam_role.workflow :
      workflow => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]
      } == {
      plan   = ["repo:shop/egress:pull_request", "repo:shop/egress:ref:refs/heads/main"]
      apply  = ["repo:shop/egress:environment:infrastructure"]
      status = ["repo:shop/egress:pull_request", "repo:shop/egress:ref:refs/heads/main"]
      push   = ["repo:shop/egress:environment:egress"]
    }
    error_message = "A role can be taken by a workflow that should not have it."
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.workflow :
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    ])
    error_message = "A token for somebody else must not open a role."
  }
}

run "policies_have_no_term_left_open" {
  assert {
    condition = alltrue([
      for it in concat(values(aws_iam_role_policy.workflow), values(aws_iam_role_policy.failover)) :
      can(jsondecode(it.policy)) && !strcontains(it.policy, "$${")
    ])
    error_message = "A policy is no JSON, or has a term that was not filled in."
  }

  assert {
    condition = [
      for it in jsondecode(aws_iam_role_policy.workflow["push"].policy).Statement : it.Resource if it.Sid == "Switch"
      ] == [[
        "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/shop-prod-primary",
        "arn:aws:network-firewall:us-east-1:123456789012:stateful-rulegroup/shop-prod-*",
        "arn:aws:network-firewall:us-west-2:123456789012:firewall-policy/shop-prod-secondary",
        "arn:aws:network-firewall:us-west-2:123456789012:stateful-rulegroup/shop-prod-*",
    ]]
    error_message = "A push may switch the two policies of the project and nothing else."
  }
}

run "the_state_is_kept" {
  assert {
    condition = (
      aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
      && aws_s3_bucket_versioning.copy.versioning_configuration[0].status == "Enabled"
      && one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.state.arn
      && one(one(aws_s3_bucket_server_side_encryption_configuration.copy.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.copy.arn
      && aws_s3_bucket_replication_configuration.state.rule[0].destination[0].encryption_configuration[0].replica_kms_key_id == aws_kms_key.copy.arn
    )
    error_message = "Both buckets keep versions and are encrypted with the key of their region."
  }

  assert {
    condition = alltrue([
      for it in [aws_s3_bucket_public_access_block.state, aws_s3_bucket_public_access_block.copy] :
      it.block_public_acls && it.block_public_policy && it.ignore_public_acls && it.restrict_public_buckets
    ])
    error_message = "Nobody outside reads a state."
  }
}

run "without_operators_there_is_no_failover_role" {
  variables {
    operators = []
  }

  assert {
    condition     = length(aws_iam_role.failover) == 0 && length(aws_iam_role_policy.failover) == 0 && output.failover_role == null
    error_message = "A role that nobody may take."
  }
}

run "a_pattern_is_no_repository" {
  command = plan

  variables {
    repository = "shop/*"
  }

  expect_failures = [var.repository]
}
