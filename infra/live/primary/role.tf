# All that this root and its twin do not share.
locals {
  role = "primary"
}
