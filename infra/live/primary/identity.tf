# Who signs in, and the mail of the region.
module "identity" {
  source = "../../modules/identity"

  name              = local.name
  role              = local.role
  active_region     = local.project.regions.primary.aws
  functions         = var.functions
  logs_key_arn      = module.egress.logs_key_arn
  clients           = try(local.platform.identity.clients, {})
  custom_attributes = try(local.platform.identity.attributes, [])
  domain_prefix     = try(local.platform.identity.sign_in, null)
  mail_domain       = try(local.platform.mail.domain, null)
  mail_zone_id      = try(local.platform.mail.domain, null) == null ? null : var.public_zone_id
  protected         = var.protected
}

variable "functions" {
  description = "The package of the functions: infra/lambda/build makes it."
  type        = string
  default     = "../../../target/lambda/functions.zip"
}

output "identity" {
  description = "What module identity gives: the pool, its clients, what mail needs in DNS."
  value       = module.identity
}
