output "state_buckets" {
  description = "For `terraform init -backend-config=bucket=…`: role => bucket. That of the primary is the variable STATE_BUCKET of the repository."
  value       = module.state.buckets
}

output "roles" {
  description = "The roles of the workflows, for the variables of the repository: docs/iam.md."
  value       = { for workflow, role in aws_iam_role.workflow : workflow => role.arn }
}

output "failover_role" {
  description = "The role of scripts/failover; null without operators."
  value       = one(aws_iam_role.failover[*].arn)
}
