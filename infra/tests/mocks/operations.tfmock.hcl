# ARNs of what signs users in, carries them, sends mail and rings.

mock_resource "aws_cognito_user_pool" {
  defaults = {
    id  = "us-east-1_000000000"
    arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_000000000"
  }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:mock" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:us-east-1:123456789012:stateMachine:mock" }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:us-east-1:123456789012:mock"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/mock"
  }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:us-east-1:123456789012:mock" }
}

mock_resource "aws_sesv2_configuration_set" {
  defaults = { arn = "arn:aws:ses:us-east-1:123456789012:configuration-set/mock" }
}

mock_resource "aws_sesv2_email_identity" {
  defaults = { arn = "arn:aws:ses:us-east-1:123456789012:identity/mock" }
}
