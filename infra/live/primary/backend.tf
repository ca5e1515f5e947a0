# `terraform init -backend-config=bucket=NAME`: the bucket is versioned, encrypted and copied to the
# other region; nothing but its name differs from one account to the next.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
