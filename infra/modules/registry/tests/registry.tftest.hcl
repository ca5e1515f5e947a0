# The module as it is applied, with a provider that answers everything itself.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "Shop"
  role         = "primary"
  repositories = ["catalog", "checkout"]
  replicate_to = ["us-west-2"]
}

run "repositories" {
  assert {
    condition     = { for key, repository in aws_ecr_repository.this : key => repository.name } == { catalog = "shop/catalog", checkout = "shop/checkout" }
    error_message = "a repository has another name in the other region, where its copies go"
  }
  assert {
    condition = alltrue([
      for repository in aws_ecr_repository.this :
      repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS" && repository.encryption_configuration[0].kms_key == aws_kms_key.this.arn && !repository.force_delete
    ])
    error_message = "a repository lets tags move, does not scan, or has no key"
  }
  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[1].selection.countNumber == 100])
    error_message = "a repository grows for ever"
  }
}

run "replication" {
  assert {
    condition     = [for rule in aws_ecr_replication_configuration.this[0].replication_configuration[0].rule : [rule.destination[0].region, rule.destination[0].registry_id, rule.repository_filter[0].filter]] == [["us-west-2", "123456789012", "shop/"]]
    error_message = "images are copied to somewhere else, or others' are"
  }
}

run "alone" {
  command = plan

  variables {
    replicate_to = []
  }

  assert {
    condition     = length(aws_ecr_replication_configuration.this) == 0
    error_message = "a registry without another region has a replication"
  }
}

run "unprotected" {
  command = plan

  variables {
    protected = false
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.force_delete])
    error_message = "a destroy stays on its way"
  }
}

run "name_in_upper_case" {
  command = plan

  variables {
    repositories = ["Checkout"]
  }

  expect_failures = [var.repositories]
}
