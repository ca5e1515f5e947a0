mock_provider "aws" {
  source = "../tests/mocks"
}

mock_provider "aws" {
  alias  = "secondary"
  source = "../tests/mocks"
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
        "arn:aws:network-firewall:*:123456789012:firewall-policy/shop-prod-*",
        "arn:aws:network-firewall:*:123456789012:stateful-rulegroup/*",
        "arn:aws:network-firewall:*:123456789012:stateless-rulegroup/*",
    ]]
    error_message = "A push may switch the policies of the project, and only read what else they refer to."
  }
}

run "the_state_is_in_both_regions" {
  assert {
    condition     = keys(output.state_buckets) == ["primary", "secondary"] && length(distinct(values(output.state_buckets))) == 2
    error_message = "Each region has a bucket of the state; that each copies to the other is what module bucket is tested for."
  }

  assert {
    condition = alltrue([
      for it in jsondecode(aws_iam_role_policy.workflow["apply"].policy).Statement :
      alltrue([for bucket in output.state_buckets : contains(it.Resource, "arn:aws:s3:::${bucket}")]) if it.Sid == "NotTheState"
    ])
    error_message = "Who applies must not touch the history of either copy."
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
