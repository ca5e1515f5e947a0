output "cluster_id" {
  description = "The cluster's identifier."
  value       = aws_rds_cluster.this.id
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_rds_cluster.this.arn
}

output "endpoint" {
  description = "The endpoint of the cluster."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "The endpoint of the cluster's readers."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "replicable_cluster_id" {
  description = "The global cluster, once there is an instance here to replicate from."
  value       = var.global_cluster_id

  depends_on = [aws_rds_cluster_instance.this]
}

output "writer_name" {
  description = "The name of the writer in the VPC."
  value       = aws_route53_record.this["writer"].name
}

output "reader_name" {
  description = "The name of the readers in the VPC."
  value       = aws_route53_record.this["reader"].name
}

output "zone_id" {
  description = "The private zone of the VPC."
  value       = aws_route53_zone.this.zone_id
}

output "key_arn" {
  description = "The KMS key of the database."
  value       = aws_kms_key.this.arn
}
