output "repository_urls" {
  description = "Where to push to and pull from in this region: repository => URL."
  value       = { for repository, made in aws_ecr_repository.this : repository => made.repository_url }
}

output "repository_arns" {
  description = "ARN of each repository, for the role that pushes."
  value       = { for repository, made in aws_ecr_repository.this : repository => made.arn }
}

output "key_arn" {
  description = "The KMS key of the images."
  value       = aws_kms_key.this.arn
}
