# Each VPC has a zone of its own with the same names: `writer` is wherever the writer is, since AWS moves
# the global endpoint with it, and `reader` is always the VPC's own region. So a failover changes no
# record, and services have one configuration in both regions.

resource "aws_route53_zone" "this" {
  name    = "db.${lower(var.name)}.internal"
  comment = "Database names of ${local.label}"
  tags    = var.tags

  # With what others wrote into it.
  force_destroy = !var.protected

  vpc {
    vpc_id = var.network.vpc_id
  }
}

resource "aws_route53_record" "this" {
  for_each = {
    writer = var.writer_endpoint
    reader = aws_rds_cluster.this.reader_endpoint
  }

  zone_id = aws_route53_zone.this.zone_id
  name    = "${each.key}.${aws_route53_zone.this.name}"
  type    = "CNAME"
  ttl     = 5
  records = [each.value]
}
