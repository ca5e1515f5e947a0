# By zone means: a list in the order of `zones`.

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "The addresses of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "zones" {
  description = "The Availability Zones, in the order of every list by zone."
  value       = var.zones
}

output "private_subnets" {
  description = "Subnet ids of each service network, by zone: name of the network => ids. Pods of a service live here, and only they."
  value       = { for network, _ in var.networks : network => [for zone in var.zones : aws_subnet.private["${network}/${zone}"].id] }
}

output "private_cidrs" {
  description = "The CIDRs of each service network, by zone: what a security group may name as the source of a service."
  value       = var.networks
}

output "ingress_subnets" {
  description = "Subnet ids for the load balancer, by zone: to the internet directly, to pods by the local route."
  value       = [for zone in var.zones : aws_subnet.ingress[zone].id]
}

output "ingress_cidrs" {
  description = "The CIDRs of the load balancer's subnets, by zone."
  value       = [for zone in var.zones : aws_subnet.ingress[zone].cidr_block]
}

output "internal_subnets" {
  description = "Subnet ids for databases, mount targets and agents, by zone: no route leaves the VPC, only S3 and DynamoDB by gateway."
  value       = [for zone in var.zones : aws_subnet.internal[zone].id]
}

output "internal_cidrs" {
  description = "The CIDRs of the internal subnets, by zone."
  value       = [for zone in var.zones : aws_subnet.internal[zone].cidr_block]
}

output "nat_addresses" {
  description = "The public addresses the internet sees, by zone: for allowlists of vendors."
  value       = [for zone in var.zones : aws_eip.nat[zone].public_ip]
}

output "nat_gateways" {
  description = "Ids of the NAT gateways, by zone."
  value       = [for zone in var.zones : aws_nat_gateway.this[zone].id]
}

output "firewall_name" {
  description = "The firewall, `<name>-<role>`; also its dimension in CloudWatch."
  value       = aws_networkfirewall_firewall.this.name
}

output "firewall_arn" {
  description = "ARN of the firewall."
  value       = aws_networkfirewall_firewall.this.arn
}

output "firewall_policy_name" {
  description = "The firewall policy, `<name>-<role>`, whose content `fwc push` owns."
  value       = aws_networkfirewall_firewall_policy.this.name
}

output "firewall_policy_arn" {
  description = "ARN of the firewall policy."
  value       = aws_networkfirewall_firewall_policy.this.arn
}

output "firewall_endpoints" {
  description = "The firewall endpoint of each zone: zone => id of the VPC endpoint."
  value       = local.firewall_endpoints
}

output "alert_log_group" {
  description = "Name of the log group of the firewall's alerts."
  value       = aws_cloudwatch_log_group.alert.name
}

output "dns_log_group" {
  description = "Name of the log group of DNS queries."
  value       = aws_cloudwatch_log_group.dns.name
}

output "log_bucket" {
  description = "Name of the bucket of the firewall's logs."
  value       = aws_s3_bucket.logs.id
}

output "log_bucket_arn" {
  description = "ARN of the bucket of the firewall's logs."
  value       = aws_s3_bucket.logs.arn
}

output "logs_key_arn" {
  description = "The KMS key of everything that is logged; other log groups of the project whose name begins with `/<name>-<role>/` may use it."
  value       = aws_kms_key.logs.arn
}

output "endpoints_security_group" {
  description = "Id of the security group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "s3_prefix_list" {
  description = "Id of the prefix list of S3, for security groups; null without the gateway endpoint."
  value       = try(aws_vpc_endpoint.gateway["s3"].prefix_list_id, null)
}
