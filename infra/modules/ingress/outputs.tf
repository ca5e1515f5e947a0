output "alb_arn" {
  description = "ARN of the load balancer: the endpoint of the accelerator."
  value       = aws_lb.this.arn
}

output "alb_arn_suffix" {
  description = "The load balancer's dimension in CloudWatch."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arns" {
  description = "ARN of the target group of each service, for its TargetGroupBinding."
  value       = { for service, group in aws_lb_target_group.this : service => group.arn }
}

output "target_group_arn_suffixes" {
  description = "The dimension in CloudWatch of the target group of each service."
  value       = { for service, group in aws_lb_target_group.this : service => group.arn_suffix }
}

output "security_group" {
  description = "Id of the security group of the load balancer."
  value       = aws_security_group.this.id
}

output "certificate_arn" {
  description = "ARN of the certificate of the domain."
  value       = local.certificate_arn
}

output "web_acl_arn" {
  description = "ARN of the web ACL."
  value       = aws_wafv2_web_acl.this.arn
}

output "log_bucket" {
  description = "Name of the bucket of the load balancer's and WAF's logs."
  value       = aws_s3_bucket.logs.id
}
