output "buckets" {
  description = "The bucket of each region: role => name."
  value       = { primary = module.primary.bucket, secondary = module.secondary.bucket }
}

output "arns" {
  description = "ARN of the bucket of each region."
  value       = { primary = module.primary.arn, secondary = module.secondary.arn }
}

output "key_arns" {
  description = "The KMS key of the bucket of each region."
  value       = { primary = module.primary.key_arn, secondary = module.secondary.key_arn }
}

output "replication" {
  description = "What CloudWatch calls the replication: role of the source => source bucket, destination bucket, id of the rule."
  value = {
    primary   = { source = module.primary.bucket, destination = module.secondary.bucket, id = module.primary.replication_id }
    secondary = { source = module.secondary.bucket, destination = module.primary.bucket, id = module.secondary.replication_id }
  }
}
