output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "key_arn" {
  description = "The KMS key of the bucket."
  value       = aws_kms_key.this.arn
}

output "region" {
  description = "The region of the bucket."
  value       = local.region
}

output "replica" {
  description = "The bucket as a destination: S3 takes it only once it keeps versions."
  value = {
    arn     = aws_s3_bucket.this.arn
    key_arn = aws_kms_key.this.arn
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

output "replication_id" {
  description = "Id of the rule that copies from here."
  value       = local.replication_id
}
