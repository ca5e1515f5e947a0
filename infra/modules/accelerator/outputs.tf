output "accelerator_arn" {
  description = "ARN of the accelerator."
  value       = aws_globalaccelerator_accelerator.this.id
}

output "listener_arn" {
  description = "ARN of the listener."
  value       = aws_globalaccelerator_listener.this.id
}

output "endpoint_group_arns" {
  description = "ARN of the endpoint group of each region: what the runbook turns the dial of."
  value       = { for role, group in aws_globalaccelerator_endpoint_group.this : role => group.id }
}

output "dns_name" {
  description = "The accelerator's own name."
  value       = aws_globalaccelerator_accelerator.this.dns_name
}

output "addresses" {
  description = "The two addresses of the accelerator, the same on every continent."
  value       = flatten(aws_globalaccelerator_accelerator.this.ip_sets[*].ip_addresses)
}
