output "global_cluster_id" {
  description = "The global cluster, `<name>` in lower case."
  value       = aws_rds_global_cluster.this.id
}

output "cluster_ids" {
  description = "The cluster of each region: role => identifier, `<name>-<role>` in lower case."
  value       = { primary = module.primary.cluster_id, secondary = module.secondary.cluster_id }
}

output "cluster_arns" {
  description = "ARN of the cluster of each region: what a switchover or failover names as its target."
  value       = { primary = module.primary.cluster_arn, secondary = module.secondary.cluster_arn }
}

output "cluster_endpoints" {
  description = "The endpoint of each region's own cluster. That of the reading region answers only once it is promoted."
  value       = { primary = module.primary.endpoint, secondary = module.secondary.endpoint }
}

output "reader_endpoints" {
  description = "The reader endpoint of each region's own cluster."
  value       = { primary = module.primary.reader_endpoint, secondary = module.secondary.reader_endpoint }
}

output "global_writer_endpoint" {
  description = "The endpoint that AWS moves to the writer of whichever region has it."
  value       = local.writer_endpoint
}

output "writer_name" {
  description = "The name services connect to for writing, in both VPCs."
  value       = module.primary.writer_name
}

output "reader_name" {
  description = "The name services connect to for reading, in both VPCs: each has its own region's readers behind it."
  value       = module.primary.reader_name
}

output "zone_ids" {
  description = "The private zone of each region's VPC: role => id."
  value       = { primary = module.primary.zone_id, secondary = module.secondary.zone_id }
}

output "secret_arn" {
  description = "ARN of the secret of the master user in the primary; its replica has the same name."
  value       = aws_secretsmanager_secret.master.arn
}
