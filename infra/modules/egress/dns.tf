# The firewall never sees what is asked of the VPC's resolver. Every query is logged; with the lists of
# `fwc compile --target dns-firewall`, only names of the policy are answered. If DNS Firewall itself does
# not answer, neither does the resolver: that is the default (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-vpc-configuration.html,
# 2026-11-24), and nothing here changes it.

resource "aws_route53_resolver_query_log_config" "this" {
  name            = local.label
  destination_arn = aws_cloudwatch_log_group.dns.arn
  tags            = merge(var.tags, { Name = local.label })
}

resource "aws_route53_resolver_query_log_config_association" "this" {
  resolver_query_log_config_id = aws_route53_resolver_query_log_config.this.id
  resource_id                  = aws_vpc.this.id
}

locals {
  # In the order they are asked. What is denied to everybody lies within what is allowed at times, so it is first.
  dns_rules = var.dns_firewall == null ? {} : {
    for name, rule in {
      block    = { priority = 100, action = "BLOCK", domains = var.dns_firewall.block }
      allow    = { priority = 200, action = "ALLOW", domains = var.dns_firewall.allow }
      internal = { priority = 300, action = "ALLOW", domains = var.dns_firewall.internal }
      other    = { priority = 400, action = var.dns_firewall.otherwise, domains = ["*"] }
    } : name => rule if length(rule.domains) > 0
  }
}

resource "aws_route53_resolver_firewall_domain_list" "this" {
  for_each = local.dns_rules

  name    = "${local.label}-${each.key}"
  domains = each.value.domains
  tags    = merge(var.tags, { Name = "${local.label}-${each.key}" })
}

resource "aws_route53_resolver_firewall_rule_group" "this" {
  count = var.dns_firewall == null ? 0 : 1

  name = local.label
  tags = merge(var.tags, { Name = local.label })
}

resource "aws_route53_resolver_firewall_rule" "this" {
  for_each = local.dns_rules

  name                    = each.key
  firewall_rule_group_id  = aws_route53_resolver_firewall_rule_group.this[0].id
  firewall_domain_list_id = aws_route53_resolver_firewall_domain_list.this[each.key].id
  priority                = each.value.priority
  action                  = each.value.action
  block_response          = each.value.action == "BLOCK" ? "NODATA" : null
  # The names behind a name, which its owner changes at will, would have to be written too.
  firewall_domain_redirection_action = "TRUST_REDIRECTION_DOMAIN"
}

resource "aws_route53_resolver_firewall_rule_group_association" "this" {
  count = var.dns_firewall == null ? 0 : 1

  name                   = local.label
  firewall_rule_group_id = aws_route53_resolver_firewall_rule_group.this[0].id
  vpc_id                 = aws_vpc.this.id
  priority               = 1000
  mutation_protection    = var.protected ? "ENABLED" : "DISABLED"
  tags                   = merge(var.tags, { Name = local.label })

  # A group without its rules answers everything.
  depends_on = [aws_route53_resolver_firewall_rule.this]
}

resource "aws_route53_resolver_firewall_rule_group_association" "other" {
  for_each = var.dns_firewall_rule_groups

  name                   = "${local.label}-${each.key}"
  firewall_rule_group_id = each.value
  vpc_id                 = aws_vpc.this.id
  priority               = tonumber(each.key)
  mutation_protection    = var.protected ? "ENABLED" : "DISABLED"
  tags                   = merge(var.tags, { Name = "${local.label}-${each.key}" })
}
