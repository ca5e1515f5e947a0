output "table_name" {
  description = "Name of the table, the same in both regions: `<name>-directory`."
  value       = aws_dynamodb_table.this.name
}

output "table_arn" {
  description = "ARN of the table in the primary region."
  value       = aws_dynamodb_table.this.arn
}
