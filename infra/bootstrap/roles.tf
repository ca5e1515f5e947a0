# Who may take which role, and what it may: policies/*.json, told in docs/iam.md.

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]

  # AWS trusts GitHub's certificate by its own list and asks for no thumbprint any more; the argument is optional.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html (2026-11-24)
}

locals {
  # What a policy file may leave open.
  terms = {
    partition      = local.partition
    account        = local.account
    name           = local.name
    primary        = local.primary
    secondary      = local.secondary
    state_bucket   = module.state.buckets.primary
    state_key      = module.state.key_arns.primary
    state_copy     = module.state.buckets.secondary
    state_copy_key = module.state.key_arns.secondary
  }

  pull_request = "repo:${var.repository}:pull_request"
  branch       = "repo:${var.repository}:ref:refs/heads/${var.default_branch}"

  # A pull request may look, and so may a night on the default branch; what changes something waits for an
  # environment, and so for the people who are its reviewers. A fork's pull request gets no token at all.
  workflows = {
    plan   = [local.pull_request, local.branch]
    apply  = ["repo:${var.repository}:environment:${var.infrastructure_environment}"]
    status = [local.pull_request, local.branch]
    push   = ["repo:${var.repository}:environment:${var.egress_environment}"]
  }
}

resource "aws_iam_role" "workflow" {
  for_each = local.workflows

  name                 = "${local.name}-github-${each.key}"
  description          = "Taken by workflows of ${var.repository}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = each.value
        }
      }
    }]
  })
}

# Who pushes looks first.
resource "aws_iam_role_policy" "workflow" {
  for_each = merge(
    { for workflow in keys(local.workflows) : workflow => { role = workflow, policy = workflow } },
    { push-status = { role = "push", policy = "status" } },
  )

  name   = each.value.policy
  role   = aws_iam_role.workflow[each.value.role].id
  policy = templatefile("${path.module}/policies/${each.value.policy}.json", local.terms)
}

# To plan is to read every setting there is; what is in the data stays closed (policies/plan.json).
resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.workflow["plan"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role" "failover" {
  count = length(var.operators) > 0 ? 1 : 0

  name                 = "${local.name}-failover"
  description          = "Taken by people who run scripts/failover"
  max_session_duration = 14400

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.operators }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "failover" {
  for_each = length(var.operators) > 0 ? toset(["failover", "status", "push"]) : toset([])

  name   = each.key
  role   = aws_iam_role.failover[0].id
  policy = templatefile("${path.module}/policies/${each.key}.json", local.terms)
}
