locals {
  addons = {
    # Told that there are no nodes; its pods stay pending without.
    coredns        = jsonencode({ computeType = "Fargate" })
    kube-proxy     = null
    metrics-server = null
    vpc-cni        = null
  }
}

# Those that have pods wait for the profile that takes them, else they are made for nodes that never come.
resource "aws_eks_addon" "this" {
  for_each = local.addons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  configuration_values        = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.tags

  depends_on = [aws_eks_fargate_profile.this]
}
