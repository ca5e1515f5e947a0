mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = data.aws_region.this
  values = { name = "us-west-2" }
}

variables {
  name          = "shop-prod"
  role          = "secondary"
  active_region = "us-east-1"
  # Any file will do: what is in the package is not Terraform's matter.
  functions    = "versions.tf"
  logs_key_arn = "arn:aws:kms:us-west-2:123456789012:key/33333333-3333-3333-3333-333333333333"
  mail_domain  = "shop.example"
  mail_zone_id = "Z0123456789ABCDEFGHIJ"
  clients      = { web = { callback_urls = ["https://shop.example/signed-in"] } }
}

run "users_can_be_recognised_in_both_pools" {
  assert {
    condition     = aws_cognito_user_pool.this.username_attributes == null && contains(aws_cognito_user_pool.this.alias_attributes, "email")
    error_message = "An address as the name of a user would give a user another name in each pool."
  }

  assert {
    condition     = contains([for it in aws_cognito_user_pool.this.schema : it.name], "origin_sub")
    error_message = "The pool needs the attribute that keeps the first `sub`."
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "The pool has to refuse to be deleted."
  }
}

run "no_secret_is_in_the_state" {
  assert {
    condition     = alltrue([for it in aws_cognito_user_pool_client.this : !it.generate_secret])
    error_message = "A client secret would be in the state."
  }
}

run "function_may_touch_its_own_pool_and_table_only" {
  assert {
    condition = alltrue([
      for it in jsondecode(aws_iam_role_policy.function.policy).Statement :
      it.Resource != "*" || it.Sid == "Trace"
    ])
    error_message = "Only tracing has no resource to name."
  }

  assert {
    condition = [
      for it in jsondecode(aws_iam_role_policy.function.policy).Statement : it.Resource if contains(["Table", "Lease"], it.Sid)
    ] == ["arn:aws:dynamodb:us-west-2:123456789012:table/shop-prod-directory", "arn:aws:dynamodb:us-west-2:123456789012:table/shop-prod-directory"]
    error_message = "The table is the replica of the function's own region."
  }
}

run "a_run_that_fails_is_kept_and_a_refusal_is_not_retried" {
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.directory.definition).States.Pages.Retry[0].ErrorEquals == ["TooManyRemovals"]
      && jsondecode(aws_sfn_state_machine.directory.definition).States.Pages.Retry[0].MaxAttempts == 0
      && jsondecode(aws_sfn_state_machine.directory.definition).States.Pages.Catch[0].Next == "Keep"
    )
    error_message = "A refusal goes to a person at once; everything else is tried again, then kept."
  }

  assert {
    condition     = aws_scheduler_schedule.directory.target[0].dead_letter_config[0].arn == aws_sqs_queue.unfinished.arn
    error_message = "A start that did not happen has to be kept."
  }
}

run "mail_of_a_region_is_its_own" {
  assert {
    condition     = aws_sesv2_email_identity_mail_from_attributes.this[0].mail_from_domain == "secondary-bounce.shop.example"
    error_message = "Two regions with one MAIL FROM domain would fight over its MX record."
  }

  assert {
    condition     = length(aws_route53_record.mail) == 5
    error_message = "Three records for DKIM, two for MAIL FROM."
  }

  assert {
    condition     = toset(aws_sesv2_configuration_set_event_destination.topic[0].event_destination[0].matching_event_types) == toset(["BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"])
    error_message = "Bounces and complaints have to reach somebody."
  }
}

run "without_a_domain_there_is_no_mail" {
  variables {
    mail_domain  = null
    mail_zone_id = null
  }

  assert {
    condition     = length(aws_sesv2_email_identity.this) == 0 && length(aws_sns_topic.mail) == 0 && length(aws_route53_record.mail) == 0
    error_message = "Nothing of SES without a domain."
  }
}

run "missing_package_says_what_to_run" {
  command = plan

  variables {
    functions = "no-such-file.zip"
  }

  expect_failures = [var.functions]
}

run "sign_in_returns_over_https" {
  command = plan

  variables {
    clients = { web = { callback_urls = ["http://shop.example/signed-in"] } }
  }

  expect_failures = [var.clients]
}
