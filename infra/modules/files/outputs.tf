output "file_system_ids" {
  description = "The file system of each region: role => id."
  value       = { primary = module.primary.file_system_id, secondary = module.secondary.file_system_id }
}

output "access_points" {
  description = "The access points of each region: role => network => id."
  value       = { primary = module.primary.access_points, secondary = module.secondary.access_points }
}

output "datasync_tasks" {
  description = "ARN of the task of each direction."
  value = {
    primary-to-secondary = aws_datasync_task.forward.arn
    secondary-to-primary = aws_datasync_task.back.arn
  }
}
