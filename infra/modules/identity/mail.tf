# The mail of a region: SES verifies a domain, keeps its reputation and its sandbox per region, so both have all of it.

locals {
  mail = var.mail_domain == null ? 0 : 1

  # MAIL FROM has an MX record that names the region, so each region has a domain of its own for it.
  mail_from = var.mail_domain == null ? null : "${var.role}-bounce.${var.mail_domain}"

  dkim_tokens = try(aws_sesv2_email_identity.this[0].dkim_signing_attributes[0].tokens, [])

  # Easy DKIM has three tokens (https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html,
  # 2026-11-24); which ones is known after the identity is made, so they are counted and not looped over.
  mail_records = var.mail_domain == null ? {} : merge(
    {
      for it in range(3) : "dkim-${it}" => {
        name  = "${try(local.dkim_tokens[it], "")}._domainkey.${var.mail_domain}"
        type  = "CNAME"
        value = "${try(local.dkim_tokens[it], "")}.dkim.amazonses.com"
      }
    },
    {
      mx  = { name = local.mail_from, type = "MX", value = "10 feedback-smtp.${local.region}.amazonses.com" }
      spf = { name = local.mail_from, type = "TXT", value = "v=spf1 include:amazonses.com -all" }
    },
  )
}

resource "aws_sesv2_configuration_set" "this" {
  count = local.mail

  configuration_set_name = local.label
  tags                   = merge(var.tags, { Name = local.label })

  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  sending_options {
    sending_enabled = true
  }

  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

resource "aws_sesv2_account_suppression_attributes" "this" {
  count = local.mail

  suppressed_reasons = ["BOUNCE", "COMPLAINT"]
}

resource "aws_sesv2_email_identity" "this" {
  count = local.mail

  email_identity         = var.mail_domain
  configuration_set_name = aws_sesv2_configuration_set.this[0].configuration_set_name
  tags                   = merge(var.tags, { Name = "${local.label}-mail" })

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}

resource "aws_sesv2_email_identity_mail_from_attributes" "this" {
  count = local.mail

  email_identity         = aws_sesv2_email_identity.this[0].email_identity
  mail_from_domain       = local.mail_from
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

resource "aws_route53_record" "mail" {
  for_each = var.mail_zone_id == null ? toset([]) : toset(keys(local.mail_records))

  zone_id = var.mail_zone_id
  name    = local.mail_records[each.key].name
  type    = local.mail_records[each.key].type
  ttl     = 600
  records = [local.mail_records[each.key].value]
}

resource "aws_sns_topic" "mail" {
  count = local.mail

  name              = "${local.label}-mail"
  kms_master_key_id = aws_kms_key.this.arn
  tags              = merge(var.tags, { Name = "${local.label}-mail" })
}

resource "aws_sns_topic_policy" "mail" {
  count = local.mail

  arn = aws_sns_topic.mail[0].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "MailEvents"
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.mail[0].arn
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          "aws:SourceArn"     = aws_sesv2_configuration_set.this[0].arn
        }
      }
    }]
  })
}

# What somebody has to act on goes to a topic; what is only counted goes to CloudWatch.
resource "aws_sesv2_configuration_set_event_destination" "topic" {
  count = local.mail

  configuration_set_name = aws_sesv2_configuration_set.this[0].configuration_set_name
  event_destination_name = "topic"

  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"]

    sns_destination {
      topic_arn = aws_sns_topic.mail[0].arn
    }
  }

  depends_on = [aws_sns_topic_policy.mail]
}

resource "aws_sesv2_configuration_set_event_destination" "metrics" {
  count = local.mail

  configuration_set_name = aws_sesv2_configuration_set.this[0].configuration_set_name
  event_destination_name = "metrics"

  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"]

    cloud_watch_destination {
      dimension_configuration {
        default_dimension_value = local.label
        dimension_name          = "ses:configuration-set"
        dimension_value_source  = "MESSAGE_TAG"
      }
    }
  }
}
