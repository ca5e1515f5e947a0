//! Rule groups.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request::{
    CreateRuleGroup, ListRuleGroups, NamedRuleGroup, Order, RuleGroup, Scope, StatelessRules,
    UpdateRuleGroup, read_part,
};
use super::service::{
    Service, Tags, check_description, check_name, check_token, encryption, in_use, make_tags,
    missing, over_limit, tags_json, taken, without_nulls,
};
use super::signatures::{self, Sets};
use super::{Error, Kind, ReadBack};

/// The largest capacity of a group (guide, "quotas"; measured).
const LARGEST_CAPACITY: i64 = 30_000;

/// A rule group.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) arn: String,
    id: String,
    pub(super) token: String,
    pub(super) kind: Kind,
    pub(super) name: String,
    description: Option<String>,
    pub(super) capacity: u64,
    consumed: u64,
    pub(super) order: Order,
    /// `RuleGroup`, as it was sent.
    pub(super) content: Arc<Value>,
    pub(super) tags: Tags,
    encryption: Value,
    source: Option<Value>,
    summary: Option<Value>,
    modified: u64,
    /// Until when it is said to be in use.
    pub(super) held: u64,
}

impl Kind {
    /// As it stands in an ARN.
    pub(super) fn in_arn(self) -> &'static str {
        match self {
            Self::Stateless => "stateless-rulegroup",
            Self::Stateful => "stateful-rulegroup",
        }
    }
}

/// What is said about the content of a group, checked.
struct Content {
    body: Value,
    order: Order,
    consumed: u64,
}

impl Service<'_> {
    pub(super) fn create_group(&mut self, request: CreateRuleGroup) -> Result<Value, Error> {
        let (kind, name) = (request.r#type, request.rule_group_name);
        check_name("RuleGroupName", &name)?;
        check_description(request.description.as_deref())?;
        let tags = make_tags(request.tags)?;
        // Measured.
        if !(1..=LARGEST_CAPACITY).contains(&request.capacity) {
            let capacity = request.capacity;
            return Err(Error::invalid(format!(
                "Capacity capacity exceeded, parameter: [{capacity}]"
            )));
        }
        let content = self.content(kind, request.rule_group, request.rules)?;
        let capacity = request.capacity.unsigned_abs();
        check_capacity(&content, capacity)?;
        if self.region.groups.contains_key(&(kind, name.clone())) {
            return Err(taken());
        }
        // Stateless groups have as many places of their own.
        let count = self.region.groups.keys().filter(|(other, _)| *other == kind).count();
        if count >= self.settings.groups {
            return Err(over_limit("RuleGroups", count));
        }
        let group = Group {
            arn: self.arn(kind.in_arn(), &name),
            id: self.random.uuid(),
            token: self.random.uuid(),
            kind,
            name: name.clone(),
            description: request.description,
            capacity,
            consumed: content.consumed,
            order: content.order,
            content: Arc::new(content.body),
            tags,
            encryption: encryption(request.encryption_configuration),
            source: request.source_metadata,
            summary: request.summary_configuration,
            modified: self.time(),
            held: 0,
        };
        let answer = json!({
            "UpdateToken": group.token,
            "RuleGroupResponse": self.group_response(&group),
        });
        if !request.dry_run {
            self.region.groups.insert((kind, name), group);
        }
        Ok(answer)
    }

    pub(super) fn update_group(&mut self, request: UpdateRuleGroup) -> Result<Value, Error> {
        let (name, arn) = (request.rule_group_name.as_deref(), request.rule_group_arn.as_deref());
        let key = self.group_key(name, arn, request.r#type)?;
        let mut group = self.region.groups.get(&key).ok_or_else(missing)?.clone();
        check_token(&request.update_token, &group.token)?;
        check_description(request.description.as_deref())?;
        let content = self.content(group.kind, request.rule_group, request.rules)?;
        // <https://github.com/aws/aws-cli/issues/7301> (2022-10): with `Rules` there is no order to send,
        // and a group in strict order is refused. That an order stays: guide, "stateful-rule-groups-ips".
        if content.order != group.order {
            let order = content.order.as_str();
            return Err(Error::invalid(format!("parameter is invalid, parameter: [{order}]")));
        }
        check_capacity(&content, group.capacity)?;
        // All of it is replaced (guide, "context-aware-rules-writing").
        group.content = Arc::new(content.body);
        group.consumed = content.consumed;
        group.description = request.description;
        group.source = request.source_metadata;
        group.summary = request.summary_configuration;
        if let Some(configuration) = request.encryption_configuration {
            group.encryption = configuration;
        }
        group.modified = self.time();
        if !request.dry_run {
            group.token = self.random.uuid();
        }
        let answer = json!({
            "UpdateToken": group.token,
            "RuleGroupResponse": self.group_response(&group),
        });
        if !request.dry_run {
            let arn = group.arn.clone();
            self.region.groups.insert(key, group);
            self.record_all(|policy| policy.refers_to(&arn));
        }
        Ok(answer)
    }

    pub(super) fn describe_group(&mut self, request: &NamedRuleGroup) -> Result<Value, Error> {
        let group = self.named_group(request)?;
        let mut content = Value::clone(&group.content);
        if self.settings.read_back == ReadBack::Trimmed
            && let Some(text) = content["RulesSource"]["RulesString"].as_str()
        {
            let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
            content["RulesSource"]["RulesString"] = lines.collect::<Vec<_>>().join("\n").into();
        }
        Ok(json!({
            "UpdateToken": group.token,
            "RuleGroup": content,
            "RuleGroupResponse": self.group_response(group),
        }))
    }

    pub(super) fn describe_group_metadata(
        &mut self,
        request: &NamedRuleGroup,
    ) -> Result<Value, Error> {
        let group = self.named_group(request)?;
        let options =
            (group.kind == Kind::Stateful).then(|| json!({ "RuleOrder": group.order.as_str() }));
        Ok(without_nulls(json!({
            "RuleGroupArn": group.arn,
            "RuleGroupName": group.name,
            "Description": group.description,
            "Type": group.kind,
            "Capacity": group.capacity,
            "StatefulRuleOptions": options,
            "LastModifiedTime": group.modified,
        })))
    }

    pub(super) fn delete_group(&mut self, request: &NamedRuleGroup) -> Result<Value, Error> {
        let group = self.named_group(request)?;
        let is_in_use = group.held > self.now || self.associations(&group.arn) > 0;
        if is_in_use {
            return Err(in_use());
        }
        let mut response = self.group_response(group);
        response["RuleGroupStatus"] = "DELETING".into();
        let key = (group.kind, group.name.clone());
        self.region.groups.remove(&key);
        Ok(json!({ "RuleGroupResponse": response }))
    }

    pub(super) fn list_groups(&mut self, request: &ListRuleGroups) -> Result<Value, Error> {
        // Nobody has managed groups here.
        let groups = self.region.groups.values().filter(|group| {
            request.scope != Some(Scope::Managed)
                && request.r#type.is_none_or(|kind| kind == group.kind)
        });
        let groups = groups.map(|group| json!({ "Name": group.name, "Arn": group.arn })).collect();
        self.page("RuleGroups", groups, request.next_token.as_deref(), request.max_results)
    }

    fn group_key(
        &self,
        name: Option<&str>,
        arn: Option<&str>,
        kind: Option<Kind>,
    ) -> Result<(Kind, String), Error> {
        let in_arn =
            |kind: Kind| arn.is_some_and(|it| it.starts_with(&self.arn(kind.in_arn(), "")));
        let by_arn = [Kind::Stateful, Kind::Stateless].into_iter().find(|kind| in_arn(*kind));
        // A name without its type is not enough (model, `DescribeRuleGroupRequest`).
        let kind = kind.or(by_arn).ok_or_else(|| Error::invalid("Type cannot be null"))?;
        Ok((kind, self.name_of(kind.in_arn(), name, arn)?))
    }

    fn named_group(&self, request: &NamedRuleGroup) -> Result<&Group, Error> {
        let (name, arn) = (request.rule_group_name.as_deref(), request.rule_group_arn.as_deref());
        let key = self.group_key(name, arn, request.r#type)?;
        self.region.groups.get(&key).ok_or_else(missing)
    }

    /// How many policies refer to a group.
    fn associations(&self, arn: &str) -> usize {
        self.region.policies.values().filter(|policy| policy.refers_to(arn)).count()
    }

    fn group_response(&self, group: &Group) -> Value {
        without_nulls(json!({
            "RuleGroupArn": group.arn,
            "RuleGroupName": group.name,
            "RuleGroupId": group.id,
            "Description": group.description,
            "Type": group.kind,
            "Capacity": group.capacity,
            "RuleGroupStatus": "ACTIVE",
            "Tags": tags_json(&group.tags),
            "ConsumedCapacity": group.consumed,
            "NumberOfAssociations": self.associations(&group.arn),
            "EncryptionConfiguration": group.encryption,
            "SourceMetadata": group.source,
            "SummaryConfiguration": group.summary,
            "LastModifiedTime": group.modified,
        }))
    }

    /// Checks what a group should hold.
    fn content(
        &self,
        kind: Kind,
        group: Option<Value>,
        rules: Option<String>,
    ) -> Result<Content, Error> {
        // <https://github.com/hashicorp/terraform-provider-aws/issues/27951> (2022-11).
        let body = match (group, rules) {
            (Some(body), None) => body,
            (None, Some(rules)) => json!({ "RulesSource": { "RulesString": rules } }),
            _ => return Err(Error::invalid("Exactly one of Rules or RuleGroup must be set")),
        };
        let group: RuleGroup<'_> = read_part(&body)?;
        let order = group.stateful_rule_options.as_ref().map(|options| options.rule_order);
        let (order, source) = (order.unwrap_or_default(), &group.rules_source);
        let sets = Sets::read(group.rule_variables.as_ref(), group.reference_sets.as_ref())?;
        let loader = self.settings.loader.as_ref();
        let consumed = match (
            source.rules_string,
            &source.rules_source_list,
            &source.stateful_rules,
            &source.stateless_rules_and_custom_actions,
        ) {
            (Some(text), None, None, None) if kind == Kind::Stateful => {
                signatures::check_text(text, order, &sets, loader)?
            }
            (None, Some(list), None, None) if kind == Kind::Stateful => {
                signatures::check_names(list)?
            }
            (None, None, Some(list), None) if kind == Kind::Stateful => {
                signatures::check_text(&signatures::as_text(list), order, &sets, loader)?
            }
            (None, None, None, Some(list)) if kind == Kind::Stateless => check_stateless(list)?,
            // Measured.
            _ => {
                return Err(Error::invalid(
                    "RulesString, RulesSourceList, StatefulRules must set exactly one of them, \
                     context: RulesSource",
                ));
            }
        };
        Ok(Content { order, consumed, body })
    }
}

/// The number is what it would take
/// (<https://github.com/aws/aws-security-services-best-practices>, "customer-managed-rules", 2026-07).
fn check_capacity(content: &Content, capacity: u64) -> Result<(), Error> {
    let needed = content.consumed;
    if needed <= capacity {
        return Ok(());
    }
    let source = content.body["RulesSource"].as_object().and_then(|it| it.keys().next());
    let source = source.map_or("RulesString", String::as_str);
    Err(Error::invalid(format!(
        "StatefulRules capacity exceeded, parameter: [{needed}], context: RulesSource.{source}"
    )))
}

/// The product of how many of each there are, summed (model, `Capacity`).
fn check_stateless(list: &StatelessRules<'_>) -> Result<u64, Error> {
    let mut priorities = std::collections::BTreeSet::new();
    let mut sum = 0;
    for one in &list.stateless_rules {
        // Measured.
        if !priorities.insert(one.priority) {
            return Err(Error::invalid("Priority has duplicate values"));
        }
        let attributes = &one.rule_definition.match_attributes;
        let counted = ["Sources", "Destinations", "SourcePorts", "DestinationPorts", "Protocols"];
        let counts =
            counted.iter().map(|name| attributes.get(name).map_or(1, |all| all.len().max(1)));
        sum += counts.product::<usize>() as u64;
    }
    Ok(sum)
}
