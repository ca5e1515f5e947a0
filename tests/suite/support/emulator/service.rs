//! One region during one call: which operation it is, and what all of them share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::firewalls::{Endpoint, Firewall};
use super::groups::Group;
use super::policies::{Policy, Version};
use super::request::{self, Tag, read};
use super::{EPOCH, Error, Kind, Settings};

/// What a region has.
#[derive(Clone, Default)]
pub(super) struct Region {
    pub(super) groups: BTreeMap<(Kind, String), Group>,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) firewalls: BTreeMap<String, Firewall>,
    /// What every policy has said, by name.
    pub(super) versions: BTreeMap<String, Vec<Arc<Version>>>,
    /// Zones whose endpoints take changes in a way of their own.
    pub(super) endpoints: BTreeMap<String, Endpoint>,
}

/// A region during a call.
pub(super) struct Service<'c> {
    pub(super) settings: &'c Settings,
    pub(super) random: &'c mut Random,
    pub(super) now: u64,
    pub(super) name: String,
    pub(super) region: &'c mut Region,
}

/// Numbers from a seed: splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `end`, or nought.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A UUID, as tokens and identifiers are (model, `UpdateToken`, `ResourceId`).
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// What stands behind `vpce-`.
    pub(super) fn endpoint(&mut self) -> String {
        format!("vpce-{:017x}", self.next() >> 4)
    }
}

/// The tags of an object.
pub(super) type Tags = BTreeMap<String, String>;

impl<'c> Service<'c> {
    pub(super) fn new(
        settings: &'c Settings,
        random: &'c mut Random,
        now: u64,
        name: String,
        region: &'c mut Region,
    ) -> Self {
        Self { settings, random, now, name, region }
    }

    /// Does what is asked for.
    pub(super) fn call(&mut self, operation: &str, body: Value) -> Result<Value, Error> {
        match operation {
            "CreateRuleGroup" => self.create_group(read(body)?),
            "UpdateRuleGroup" => self.update_group(read(body)?),
            "DescribeRuleGroup" => self.describe_group(&read(body)?),
            "DescribeRuleGroupMetadata" => self.describe_group_metadata(&read(body)?),
            "DeleteRuleGroup" => self.delete_group(&read(body)?),
            "ListRuleGroups" => self.list_groups(&read(body)?),
            "CreateFirewallPolicy" => self.create_policy(read(body)?),
            "UpdateFirewallPolicy" => self.update_policy(read(body)?),
            "DescribeFirewallPolicy" => self.describe_policy(&read(body)?),
            "DeleteFirewallPolicy" => self.delete_policy(&read(body)?),
            "ListFirewallPolicies" => self.list_policies(&read(body)?),
            "CreateFirewall" => self.create_firewall(read(body)?),
            "DescribeFirewall" => self.describe_firewall(&read(body)?),
            "DeleteFirewall" => self.delete_firewall(&read(body)?),
            "ListFirewalls" => self.list_firewalls(&read(body)?),
            "AssociateFirewallPolicy"
            | "AssociateSubnets"
            | "DisassociateSubnets"
            | "UpdateFirewallDeleteProtection"
            | "UpdateFirewallDescription"
            | "UpdateFirewallEncryptionConfiguration"
            | "UpdateFirewallPolicyChangeProtection"
            | "UpdateSubnetChangeProtection" => self.change_firewall(operation, read(body)?),
            "DescribeLoggingConfiguration" => self.describe_logging(&read(body)?),
            "UpdateLoggingConfiguration" => self.update_logging(read(body)?),
            "TagResource" => self.tag(read(body)?),
            "UntagResource" => self.untag(&read(body)?),
            "ListTagsForResource" => self.list_tags(&read(body)?),
            _ => Err(Error::new("UnknownOperationException", format!("no operation {operation}"))),
        }
    }

    /// The token of what a body speaks of.
    pub(super) fn token_of(&mut self, body: &Value) -> String {
        let describe = [
            ("DescribeRuleGroup", "RuleGroupName", "RuleGroupArn"),
            ("DescribeFirewallPolicy", "FirewallPolicyName", "FirewallPolicyArn"),
            ("DescribeFirewall", "FirewallName", "FirewallArn"),
        ];
        // A change of a firewall names the policy, too.
        let mut said = describe.iter().rev().filter_map(|(operation, name, arn)| {
            let member = [name, arn].into_iter().find(|member| body.get(member).is_some())?;
            let mut asked = json!({ *member: body[*member] });
            if let (true, Some(kind)) = (name.starts_with("Rule"), body.get("Type")) {
                asked["Type"] = kind.clone();
            }
            Some((*operation, asked))
        });
        let described = said.next().and_then(|(operation, asked)| self.call(operation, asked).ok());
        let token = described.and_then(|it| Some(it["UpdateToken"].as_str()?.to_owned()));
        token.unwrap_or_else(|| self.random.uuid())
    }

    /// The ARN of an object.
    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        let partition = match self.name.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.name.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let (region, account) = (&self.name, &self.settings.account);
        format!("arn:{partition}:network-firewall:{region}:{account}:{kind}/{name}")
    }

    /// The name of what is asked for, by name or by ARN; an ARN is of this region and account, and of
    /// this kind.
    pub(super) fn name_of(
        &self,
        kind: &str,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<String, Error> {
        let by_arn = arn.map(|arn| {
            let prefix = self.arn(kind, "");
            let name = arn.strip_prefix(&prefix);
            name.ok_or_else(|| Error::invalid(format!("ARN is invalid, parameter: [{arn}]")))
        });
        match (name, by_arn.transpose()?) {
            (Some(name), Some(by_arn)) if name != by_arn => {
                Err(Error::invalid(format!("name and ARN differ, parameter: [{name}]")))
            }
            (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
            (None, None) => Err(Error::invalid("either a name or an ARN has to be specified")),
        }
    }

    /// Seconds since 1970, as timestamps are sent.
    pub(super) fn time(&self) -> u64 {
        EPOCH + self.now
    }

    // Tags.

    fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, Error> {
        let groups = self.region.groups.values_mut().map(|it| (&it.arn, &mut it.tags));
        let policies = self.region.policies.values_mut().map(|it| (&it.arn, &mut it.tags));
        let firewalls = self.region.firewalls.values_mut().map(|it| (&it.arn, &mut it.tags));
        let mut all = groups.chain(policies).chain(firewalls);
        all.find(|(own, _)| *own == arn).map(|(_, tags)| tags).ok_or_else(missing)
    }

    fn tag(&mut self, request: request::TagResource) -> Result<Value, Error> {
        let tags = self.tags_of(&request.resource_arn)?;
        let old = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        *tags = add_tags(old, request.tags)?;
        Ok(json!({}))
    }

    fn untag(&mut self, request: &request::UntagResource) -> Result<Value, Error> {
        let tags = self.tags_of(&request.resource_arn)?;
        tags.retain(|key, _| !request.tag_keys.contains(key));
        Ok(json!({}))
    }

    fn list_tags(&mut self, request: &request::ListTagsForResource) -> Result<Value, Error> {
        // Here, and only here, nought is a page (model).
        let size = request.max_results.filter(|size| *size > 0);
        let tags = self.tags_of(&request.resource_arn)?.clone();
        let tags = tags_json(&tags).unwrap_or_default();
        self.page("Tags", tags, request.next_token.as_deref(), size)
    }

    /// A page of a list.
    pub(super) fn page(
        &self,
        member: &str,
        all: Vec<Value>,
        token: Option<&str>,
        size: Option<usize>,
    ) -> Result<Value, Error> {
        // Model, `PaginationMaxResults`.
        if size.is_some_and(|size| !(1..=100).contains(&size)) {
            return Err(Error::invalid("MaxResults is invalid"));
        }
        let size = size.unwrap_or(100).min(self.settings.page);
        let start =
            match token.map(|token| token.strip_prefix("at:").and_then(|it| it.parse().ok())) {
                None => 0,
                Some(Some(start)) if start <= all.len() => start,
                Some(_) => return Err(Error::invalid("NextToken is invalid")),
            };
        let end = start.saturating_add(size);
        let next = (end < all.len()).then(|| format!("at:{end}"));
        let page: Vec<_> = all.into_iter().skip(start).take(size).collect();
        Ok(without_nulls(json!({ member: page, "NextToken": next })))
    }
}

impl Region {
    /// Does what was only a matter of time.
    pub(super) fn settle(&mut self, now: u64) {
        self.firewalls.retain(|_, firewall| firewall.gone.is_none_or(|gone| now < gone));
        for firewall in self.firewalls.values_mut() {
            let policy = firewall.policy_name();
            let current = self.versions.get(policy).and_then(|versions| versions.last());
            for (name, zone) in &mut firewall.zones {
                let takes = self.endpoints.get(name).copied().unwrap_or_default();
                if takes == Endpoint::Ready && zone.ready <= now && zone.due <= now {
                    zone.enforced = current.cloned();
                }
            }
        }
    }
}

/// There is no such object (model, `ResourceNotFoundException`).
pub(super) fn missing() -> Error {
    Error::new("ResourceNotFoundException", "Resource not found")
}

/// There is one already. No exception is modelled for it, see
/// <https://github.com/floci-io/floci/pull/3198> (2026-09).
pub(super) fn taken() -> Error {
    Error::invalid("A resource with the specified name already exists")
}

/// What is in use cannot be deleted. The provider of Terraform waits for this very text:
/// <https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/networkfirewall/rule_group.go>
/// (2025-06).
pub(super) fn in_use() -> Error {
    Error::new(
        "InvalidOperationException",
        "Unable to delete the object because it is still in use",
    )
}

/// More than the account may have (model, `LimitExceededException`).
pub(super) fn over_limit(what: &str, limit: usize) -> Error {
    Error::new("LimitExceededException", format!("{what} limit exceeded, parameter: [{limit}]"))
}

/// What an object may be called: letters, digits and hyphens (model, `ResourceName`), none of the hyphens
/// at an end or beside another (assumed: the console says so).
pub(super) fn check_name(member: &str, name: &str) -> Result<(), Error> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_name = (1..=128).contains(&name.len())
        && name.bytes().all(is_part)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    if is_name {
        return Ok(());
    }
    Err(Error::invalid(format!("{member} is invalid, parameter: [{name}]")))
}

/// Up to 512 characters in one line (model, `Description`).
pub(super) fn check_description(description: Option<&str>) -> Result<(), Error> {
    let is_wrong = |text: &str| text.chars().count() > 512 || text.contains('\n');
    if description.is_some_and(is_wrong) {
        return Err(Error::invalid("Description is invalid"));
    }
    Ok(())
}

/// A token is a UUID (model, `UpdateToken`), and the one the object has.
pub(super) fn check_token(given: &str, own: &str) -> Result<(), Error> {
    let groups: Vec<&str> = given.split('-').collect();
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths != [8, 4, 4, 4, 12] || !groups.iter().all(|group| group.bytes().all(is_hex)) {
        return Err(Error::invalid(format!("UpdateToken is invalid, parameter: [{given}]")));
    }
    if given == own { Ok(()) } else { Err(super::faults::stale()) }
}

/// The tags an object is made with.
pub(super) fn make_tags(tags: Option<Vec<Tag>>) -> Result<Tags, Error> {
    match tags {
        None => Ok(Tags::new()),
        // Model, `TagList`.
        Some(tags) if tags.is_empty() => Err(Error::invalid("Tags cannot be empty")),
        Some(tags) => add_tags(Tags::new(), tags),
    }
}

/// Keys of 1 to 128 characters, values of up to 256 (model, `TagKey`, `TagValue`); 50 tags an object (model,
/// `TagResource`); letters, digits, blanks and `_.:/=+-@`, and none of AWS's own
/// (<https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>, 2026-11).
fn add_tags(mut tags: Tags, more: Vec<Tag>) -> Result<Tags, Error> {
    let mut keys = BTreeSet::new();
    for tag in more {
        let (key, value) = (tag.key.chars().count(), tag.value.chars().count());
        let is_wrong = !(1..=128).contains(&key)
            || value > 256
            || tag.key.starts_with("aws:")
            || tag
                .key
                .chars()
                .chain(tag.value.chars())
                .any(|part| !part.is_alphanumeric() && !" _.:/=+-@".contains(part));
        if is_wrong {
            return Err(Error::invalid(format!("Tags is invalid, parameter: [{}]", tag.key)));
        }
        if !keys.insert(tag.key.clone()) {
            return Err(Error::invalid(format!("Tags has duplicate keys: [{}]", tag.key)));
        }
        tags.insert(tag.key, tag.value);
    }
    if tags.len() > 50 {
        return Err(Error::invalid(format!("Tags limit exceeded, parameter: [{}]", tags.len())));
    }
    Ok(tags)
}

/// Tags as they are sent; nothing if there are none.
pub(super) fn tags_json(tags: &Tags) -> Option<Vec<Value>> {
    let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    let tags: Vec<_> = tags.collect();
    (!tags.is_empty()).then_some(tags)
}

/// An object without the members that have no value.
pub(super) fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// What an object is encrypted with; AWS's own key unless somebody says otherwise (model).
pub(super) fn encryption(configuration: Option<Value>) -> Value {
    configuration
        .unwrap_or_else(|| json!({ "KeyId": "AWS_OWNED_KMS_KEY", "Type": "AWS_OWNED_KMS_KEY" }))
}
