output "arns" {
  description = "ARN of each secret in the primary; a replica has the same name in its own region."
  value       = { for secret, made in aws_secretsmanager_secret.this : secret => made.arn }
}

output "key_arns" {
  description = "The KMS key of each region."
  value       = { primary = aws_kms_key.primary.arn, secondary = aws_kms_key.secondary.arn }
}
