# The module as it is applied, with a provider that answers everything itself.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "shop"
  role         = "primary"
  logs_key_arn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  networks = {
    checkout = ["subnet-checkout-a", "subnet-checkout-b"]
    ci       = ["subnet-ci-a", "subnet-ci-b"]
    cluster  = ["subnet-cluster-a", "subnet-cluster-b"]
  }
  api_clients       = ["10.10.86.0/24", "10.10.87.0/24"]
  workloads         = { checkout = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/one/1"]
  access = {
    operators  = { principal_arn = "arn:aws:iam::123456789012:role/operators", policy = "AmazonEKSClusterAdminPolicy" }
    deployment = { principal_arn = "arn:aws:iam::123456789012:role/deployment", policy = "AmazonEKSEditPolicy", namespaces = ["checkout"] }
  }
}

run "profiles" {
  assert {
    condition = { for network, profile in aws_eks_fargate_profile.this : network => profile.subnet_ids } == {
      checkout = toset(["subnet-checkout-a", "subnet-checkout-b"])
      ci       = toset(["subnet-ci-a", "subnet-ci-b"])
      cluster  = toset(["subnet-cluster-a", "subnet-cluster-b"])
    }
    error_message = "a profile has other subnets than its network"
  }
  assert {
    condition = jsonencode({ for network, profile in aws_eks_fargate_profile.this : network => sort(profile.selector[*].namespace) }) == jsonencode({
      checkout = ["checkout"]
      ci       = ["ci"]
      cluster  = ["cluster", "kube-system"]
    })
    error_message = "a namespace is not in the profile of its network"
  }
}

run "closed" {
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "the API of the cluster can be reached from the internet"
  }
  assert {
    condition     = { for cidr, opened in aws_vpc_security_group_ingress_rule.api : cidr => [opened.from_port, opened.to_port] } == { "10.10.86.0/24" = [443, 443], "10.10.87.0/24" = [443, 443] }
    error_message = "somebody else than the runners reaches the API, or another port"
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "whoever made the cluster is its administrator for ever"
  }
  assert {
    condition = jsonencode({ for name, grant in aws_eks_access_policy_association.this : name => [grant.policy_arn, grant.access_scope[0].type, grant.access_scope[0].namespaces] }) == jsonencode({
      operators  = ["arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "cluster", null]
      deployment = ["arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy", "namespace", ["checkout"]]
    })
    error_message = "an access entry holds where it should not"
  }
}

run "encrypted" {
  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == aws_kms_key.this.arn && aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"])
    error_message = "secrets of the cluster are not encrypted with its key"
  }
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_cloudwatch_log_group.control_plane.kms_key_id == aws_kms_key.this.arn && aws_cloudwatch_log_group.pods.kms_key_id == var.logs_key_arn
    error_message = "logs are not encrypted, or the key does not rotate"
  }
  assert {
    condition     = aws_cloudwatch_log_group.control_plane.name == "/aws/eks/${aws_eks_cluster.this.name}/cluster" && length(aws_eks_cluster.this.enabled_cluster_log_types) == 5
    error_message = "the control plane does not log, or not into the group that has a key and an end"
  }
}

run "addons" {
  assert {
    condition     = toset(keys(aws_eks_addon.this)) == toset(["coredns", "kube-proxy", "metrics-server", "vpc-cni"])
    error_message = "an add-on is missing"
  }
  assert {
    condition     = jsondecode(aws_eks_addon.this["coredns"].configuration_values).computeType == "Fargate"
    error_message = "CoreDNS waits for nodes that never come"
  }
}

# Trust and permissions, as the documents say them before they are JSON.
run "least_privilege" {
  assert {
    condition = alltrue([
      for account, trust in { checkout = "system:serviceaccount:checkout:service", load-balancer-controller = "system:serviceaccount:kube-system:aws-load-balancer-controller" } :
      contains([for condition in data.aws_iam_policy_document.workload_trust[account].statement[0].condition : join("", condition.values) if endswith(condition.variable, ":sub")], trust)
    ])
    error_message = "a role can be taken by another service account"
  }
  assert {
    condition     = toset(keys(aws_iam_role.workload)) == toset(["checkout", "load-balancer-controller"])
    error_message = "a service without policy has a role"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.controller.statement :
      !contains(statement.resources, "*") || alltrue([for action in statement.actions : can(regex(":Describe", action))])
    ])
    error_message = "the controller may change what is not the platform's"
  }
}

run "no_network_for_the_system" {
  command = plan

  variables {
    system_network = "platform"
  }

  expect_failures = [var.system_network]
}

run "api_open_to_everybody" {
  command = plan

  variables {
    api_clients = ["0.0.0.0/0"]
  }

  expect_failures = [var.api_clients]
}

run "network_named_like_a_namespace_of_kubernetes" {
  command = plan

  variables {
    networks = { cluster = ["subnet-a"], kube-system = ["subnet-b"] }
  }

  expect_failures = [var.networks]
}

run "workload_without_network" {
  command = plan

  variables {
    workloads = { basket = "{}" }
  }

  expect_failures = [var.workloads]
}
