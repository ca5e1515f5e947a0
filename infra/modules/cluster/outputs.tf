output "cluster_name" {
  description = "The cluster, `<name>-<role>`."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "The endpoint of the cluster's API, which resolves to private addresses."
  value       = aws_eks_cluster.this.endpoint
}

output "security_group" {
  description = "Id of the security group of the control plane and of every pod."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "fargate_profiles" {
  description = "ARN of the Fargate profile of each network."
  value       = { for network, profile in aws_eks_fargate_profile.this : network => profile.arn }
}

output "workload_roles" {
  description = "ARN of the role of each workload, for the annotation `eks.amazonaws.com/role-arn` of its service account."
  value       = { for workload, role in aws_iam_role.workload : workload => role.arn }
}

output "oidc_provider_arn" {
  description = "ARN of the cluster's OIDC provider."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "pod_log_group" {
  description = "Name of the log group of the pods, for the ConfigMap `aws-logging`."
  value       = aws_cloudwatch_log_group.pods.name
}

output "key_arn" {
  description = "The KMS key of the cluster's secrets."
  value       = aws_kms_key.this.arn
}
