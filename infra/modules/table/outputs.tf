output "table" {
  description = "Name of the table, the same in both regions."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table in the primary; the replica's differs in the region only."
  value       = aws_dynamodb_table.this.arn
}

output "key_arns" {
  description = "The KMS key of each region."
  value       = { primary = aws_kms_key.primary.arn, secondary = aws_kms_key.secondary.arn }
}
