resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"
  tags              = merge(var.tags, { Name = "${local.label}-ingress" })

  lifecycle {
    create_before_destroy = true
  }
}

# An account proves a name with the same record in every region, so both regions write this one and the
# second finds it there.
resource "aws_route53_record" "validation" {
  for_each = var.certificate_zone_id == null ? toset([]) : toset([var.domain])

  zone_id         = var.certificate_zone_id
  name            = one(aws_acm_certificate.this.domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this.domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this.domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

# Waits until the certificate is issued: a listener takes no other.
resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = var.certificate_zone_id == null ? null : [for record in aws_route53_record.validation : record.fqdn]
}

locals {
  certificate_arn = aws_acm_certificate_validation.this.certificate_arn
}
