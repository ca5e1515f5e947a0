module "accelerator" {
  source = "../../modules/accelerator"

  name            = local.name
  domain          = local.platform.domain
  zone_id         = var.public_zone_id
  flow_log_bucket = module.flow_logs.buckets.primary

  endpoints = {
    for role, region in var.regions : role => {
      region  = local.project.regions[role].aws
      alb_arn = region.alb_arn
    }
  }
}

output "accelerator" {
  description = "What module accelerator gives: ARNs of what the runbook turns, names and addresses."
  value       = module.accelerator
}
