output "topic_arn" {
  description = "The topic of all alarms of the region."
  value       = aws_sns_topic.this.arn
}

output "impaired_alarm" {
  description = "Name of the composite alarm that the other region looks at."
  value       = aws_cloudwatch_composite_alarm.impaired.alarm_name
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
