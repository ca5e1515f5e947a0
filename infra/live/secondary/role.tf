# All that this root and its twin do not share.
locals {
  role = "secondary"
}

# Bucket and region are given with -backend-config: they differ from one account to the next.
terraform {
  backend "s3" {
    key          = "secondary/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
