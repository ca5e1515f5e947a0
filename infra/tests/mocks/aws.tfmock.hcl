# What a mocked provider answers where a random word will not do: ARNs, which the provider checks, what
# the network's routes are made of, and the endpoints of the firewall.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { name = "us-east-1" }
}

# As the service answers when nobody asked for IPv6.
mock_resource "aws_vpc" {
  defaults = { ipv6_cidr_block = "" }
}

# The service answers what a route was given, and nothing else.
mock_resource "aws_route" {
  defaults = { network_interface_id = "", instance_id = "" }
}

mock_resource "aws_networkfirewall_firewall_policy" {
  defaults = { arn = "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/mock" }
}

# Not in the order of the zones, as the service's answer is not, and with those of both regions: a zone
# that is not asked for is not read.
mock_resource "aws_networkfirewall_firewall" {
  defaults = {
    arn = "arn:aws:network-firewall:us-east-1:123456789012:firewall/mock"
    firewall_status = [{
      sync_states = [
        { availability_zone = "us-east-1b", attachment = [{ endpoint_id = "vpce-0000000000000001b", subnet_id = "" }] },
        { availability_zone = "us-east-1a", attachment = [{ endpoint_id = "vpce-0000000000000001a", subnet_id = "" }] },
        { availability_zone = "us-west-2b", attachment = [{ endpoint_id = "vpce-0000000000000002b", subnet_id = "" }] },
        { availability_zone = "us-west-2a", attachment = [{ endpoint_id = "vpce-0000000000000002a", subnet_id = "" }] },
      ]
    }]
  }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mock" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::mock" }
}
