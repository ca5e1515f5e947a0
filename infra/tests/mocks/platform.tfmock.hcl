# The same for what runs in the network. Statements are checked by the tests that read them; a policy only
# has to be JSON here.

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/mock" }
}

mock_resource "aws_eks_cluster" {
  defaults = {
    arn      = "arn:aws:eks:us-east-1:123456789012:cluster/mock"
    identity = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/MOCK" }] }]
    vpc_config = {
      cluster_security_group_id = "sg-00000000000000001"
    }
  }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/mock/0000000000000000"
    arn_suffix = "app/mock/0000000000000000"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/mock/0000000000000000" }
}

mock_resource "aws_lb_listener" {
  defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/mock/0000000000000000/0000000000000000" }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    domain_validation_options = [{
      domain_name           = "shop.example"
      resource_record_name  = "_0.shop.example."
      resource_record_type  = "CNAME"
      resource_record_value = "_0.acm-validations.aws."
    }]
  }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/mock/00000000-0000-0000-0000-000000000000" }
}

mock_resource "aws_efs_file_system" {
  defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-00000000000000000" }
}

mock_resource "aws_efs_access_point" {
  defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-00000000000000000" }
}

mock_resource "aws_datasync_location_efs" {
  defaults = { arn = "arn:aws:datasync:us-east-1:123456789012:location/loc-00000000000000000" }
}

mock_resource "aws_security_group" {
  defaults = { arn = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-00000000000000000" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mock-000000" }
}

mock_resource "aws_rds_global_cluster" {
  defaults = { endpoint = "mock.global-000000000000.global.rds.amazonaws.com" }
}

mock_resource "aws_globalaccelerator_accelerator" {
  defaults = { id = "arn:aws:globalaccelerator::123456789012:accelerator/00000000-0000-0000-0000-000000000000" }
}

mock_resource "aws_globalaccelerator_listener" {
  defaults = { id = "arn:aws:globalaccelerator::123456789012:accelerator/00000000-0000-0000-0000-000000000000/listener/00000000" }
}
