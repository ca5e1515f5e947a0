output "user_pool_id" {
  description = "The pool. Its issuer is https://cognito-idp.<region>.amazonaws.com/<id>, and so another one in each region."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "ARN of the pool."
  value       = aws_cognito_user_pool.this.arn
}

output "client_ids" {
  description = "App client => its id, another one in each region."
  value       = { for client, it in aws_cognito_user_pool_client.this : client => it.id }
}

output "directory_machine_arn" {
  description = "The state machine that carries users: exports here if this region is active, else imports."
  value       = aws_sfn_state_machine.directory.arn
}

output "directory_queue_name" {
  description = "The queue of runs that were not finished."
  value       = aws_sqs_queue.unfinished.name
}

output "mail_identity_arn" {
  description = "ARN of the SES identity; null without a mail domain."
  value       = one(aws_sesv2_email_identity.this[*].arn)
}

output "mail_configuration_set" {
  description = "The configuration set that services send with; null without a mail domain."
  value       = one(aws_sesv2_configuration_set.this[*].configuration_set_name)
}

output "mail_topic_arn" {
  description = "The topic of bounces, complaints and rejects; null without a mail domain."
  value       = one(aws_sns_topic.mail[*].arn)
}

output "mail_records" {
  description = "DNS records that the mail domain needs for this region, by name; made by the module if it was given the zone."
  value       = local.mail_records
}
