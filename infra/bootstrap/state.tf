# The state: every version kept, encrypted, and in both regions, each copying to the other. A lock is a file beside
# the state. When the primary is lost, roots are initialised with the bucket of the secondary (README.md).
module "state" {
  source    = "../modules/bucket"
  providers = { aws.primary = aws, aws.secondary = aws.secondary }

  name              = local.name
  purpose           = "state"
  old_versions_days = 365
}
