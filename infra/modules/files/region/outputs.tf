output "file_system_id" {
  description = "The file system."
  value       = aws_efs_file_system.this.id
}

output "access_points" {
  description = "The access point of each network."
  value       = { for network, point in aws_efs_access_point.this : network => point.id }
}

output "location_arn" {
  description = "The file system as DataSync knows it."
  value       = aws_datasync_location_efs.this.arn
}

output "log_group_arn" {
  description = "The log group of tasks of this region."
  value       = aws_cloudwatch_log_group.datasync.arn

  depends_on = [aws_cloudwatch_log_resource_policy.datasync]
}
