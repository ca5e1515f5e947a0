//! Firewall policies, and everything they have ever said.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::request::{
    CreateFirewallPolicy, FirewallPolicy, GroupReference, List, NamedFirewallPolicy, Order,
    UpdateFirewallPolicy, read_part,
};
use super::service::{
    Service, Tags, check_description, check_name, check_token, encryption, in_use, make_tags,
    missing, over_limit, tags_json, taken, without_nulls,
};
use super::{Error, Kind};

/// As it stands in an ARN.
pub(super) const IN_ARN: &str = "firewall-policy";

/// The most stateful groups, and the most stateless ones, of a policy (guide, "quotas"; measured).
const MOST_REFERENCES: usize = 20;

/// What becomes of a packet that no stateless group decides about (model, `StatelessActions`).
const STATELESS_ACTIONS: [&str; 3] = ["aws:pass", "aws:drop", "aws:forward_to_sfe"];

/// What becomes of what no signature decides about, by family (guide, "suricata-rule-evaluation-order").
const FAMILIES: [&str; 4] =
    ["strict", "established", "established_app_layer", "established_app_layer_to_server"];

/// A firewall policy.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) arn: String,
    id: String,
    pub(super) token: String,
    name: String,
    description: Option<String>,
    /// `FirewallPolicy`, as it was sent.
    body: Arc<Value>,
    references: Vec<Referred>,
    pub(super) tags: Tags,
    encryption: Value,
    modified: u64,
    /// What the service found wrong later.
    pub(super) errors: Vec<Value>,
    /// Until when it is said to be in use.
    pub(super) held: u64,
}

/// A group in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Referred {
    kind: Kind,
    priority: Option<u32>,
    name: String,
    arn: String,
    capacity: u64,
}

/// What a policy said at a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Version {
    /// Since when.
    pub(crate) tick: u64,
    /// The ARN of the policy.
    pub(crate) policy: String,
    /// The token that the policy had.
    pub(crate) token: String,
    /// `FirewallPolicy`.
    pub(crate) body: Arc<Value>,
    /// Its groups, by priority.
    pub(crate) groups: Vec<Held>,
}

/// What a group said at that time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) priority: Option<u32>,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) token: String,
    /// `RuleGroup`.
    pub(crate) content: Arc<Value>,
}

impl Version {
    /// Every object in it with its token, the policy first.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&str, &str)> {
        let groups = self.groups.iter().map(|group| (group.arn.as_str(), group.token.as_str()));
        std::iter::once((self.policy.as_str(), self.token.as_str())).chain(groups)
    }
}

impl Policy {
    pub(super) fn refers_to(&self, arn: &str) -> bool {
        self.references.iter().any(|reference| reference.arn == arn)
    }
}

impl Service<'_> {
    pub(super) fn create_policy(&mut self, request: CreateFirewallPolicy) -> Result<Value, Error> {
        let name = request.firewall_policy_name;
        check_name("FirewallPolicyName", &name)?;
        check_description(request.description.as_deref())?;
        let tags = make_tags(request.tags)?;
        let references = self.check_policy(&request.firewall_policy)?;
        if self.region.policies.contains_key(&name) {
            return Err(taken());
        }
        let count = self.region.policies.len();
        if count >= self.settings.policies {
            return Err(over_limit("FirewallPolicies", count));
        }
        let policy = Policy {
            arn: self.arn(IN_ARN, &name),
            id: self.random.uuid(),
            token: self.random.uuid(),
            name: name.clone(),
            description: request.description,
            body: Arc::new(request.firewall_policy),
            references,
            tags,
            encryption: encryption(request.encryption_configuration),
            modified: self.time(),
            errors: Vec::new(),
            held: 0,
        };
        let answer = json!({
            "UpdateToken": policy.token,
            "FirewallPolicyResponse": self.policy_response(&policy),
        });
        if !request.dry_run {
            self.region.policies.insert(name.clone(), policy);
            self.record(&name);
        }
        Ok(answer)
    }

    pub(super) fn update_policy(&mut self, request: UpdateFirewallPolicy) -> Result<Value, Error> {
        let arn = request.firewall_policy_arn.as_deref();
        let name = self.name_of(IN_ARN, request.firewall_policy_name.as_deref(), arn)?;
        let mut policy = self.region.policies.get(&name).ok_or_else(missing)?.clone();
        check_token(&request.update_token, &policy.token)?;
        check_description(request.description.as_deref())?;
        let references = self.check_policy(&request.firewall_policy)?;
        let order = |body: &Value| body["StatefulEngineOptions"]["RuleOrder"].clone();
        // Its groups could not stay (guide, "stateful-rule-groups-ips"); without groups it is assumed.
        if order(&request.firewall_policy) != order(&policy.body) {
            return Err(Error::invalid("StatefulEngineOptions.RuleOrder cannot be updated"));
        }
        let left = std::mem::replace(&mut policy.references, references);
        policy.body = Arc::new(request.firewall_policy);
        policy.description = request.description;
        if let Some(configuration) = request.encryption_configuration {
            policy.encryption = configuration;
        }
        policy.modified = self.time();
        if !request.dry_run {
            policy.token = self.random.uuid();
        }
        let answer = json!({
            "UpdateToken": policy.token,
            "FirewallPolicyResponse": self.policy_response(&policy),
        });
        if !request.dry_run {
            for old in left.into_iter().filter(|old| !policy.refers_to(&old.arn)) {
                if let Some(group) = self.region.groups.get_mut(&(old.kind, old.name)) {
                    group.held = self.now + self.settings.release;
                }
            }
            self.region.policies.insert(name.clone(), policy);
            self.record(&name);
        }
        Ok(answer)
    }

    pub(super) fn describe_policy(
        &mut self,
        request: &NamedFirewallPolicy,
    ) -> Result<Value, Error> {
        let policy = self.named_policy(request)?;
        Ok(json!({
            "UpdateToken": policy.token,
            "FirewallPolicy": *policy.body,
            "FirewallPolicyResponse": self.policy_response(policy),
        }))
    }

    pub(super) fn delete_policy(&mut self, request: &NamedFirewallPolicy) -> Result<Value, Error> {
        let policy = self.named_policy(request)?;
        if policy.held > self.now || self.users(&policy.arn) > 0 {
            return Err(in_use());
        }
        let mut response = self.policy_response(policy);
        response["FirewallPolicyStatus"] = "DELETING".into();
        let name = policy.name.clone();
        if let Some(policy) = self.region.policies.remove(&name) {
            for old in policy.references {
                if let Some(group) = self.region.groups.get_mut(&(old.kind, old.name)) {
                    group.held = self.now + self.settings.release;
                }
            }
        }
        Ok(json!({ "FirewallPolicyResponse": response }))
    }

    pub(super) fn list_policies(&mut self, request: &List) -> Result<Value, Error> {
        let policies = self.region.policies.values();
        let policies = policies.map(|policy| json!({ "Name": policy.name, "Arn": policy.arn }));
        let (token, size) = (request.next_token.as_deref(), request.max_results);
        self.page("FirewallPolicies", policies.collect(), token, size)
    }

    fn named_policy(&self, request: &NamedFirewallPolicy) -> Result<&Policy, Error> {
        let arn = request.firewall_policy_arn.as_deref();
        let name = self.name_of(IN_ARN, request.firewall_policy_name.as_deref(), arn)?;
        self.region.policies.get(&name).ok_or_else(missing)
    }

    /// How many firewalls use a policy.
    fn users(&self, arn: &str) -> usize {
        self.region.firewalls.values().filter(|firewall| firewall.policy == arn).count()
    }

    fn policy_response(&self, policy: &Policy) -> Value {
        let reserved = |kind: Kind| -> u64 {
            let references = policy.references.iter();
            references.filter(|it| it.kind == kind).map(|it| it.capacity).sum()
        };
        let errors = (!policy.errors.is_empty()).then_some(&policy.errors);
        without_nulls(json!({
            "FirewallPolicyArn": policy.arn,
            "FirewallPolicyName": policy.name,
            "FirewallPolicyId": policy.id,
            "Description": policy.description,
            "FirewallPolicyStatus": "ACTIVE",
            "Tags": tags_json(&policy.tags),
            // What groups declare, not what they use (model, `Capacity`).
            "ConsumedStatelessRuleCapacity": reserved(Kind::Stateless),
            "ConsumedStatefulRuleCapacity": reserved(Kind::Stateful),
            "NumberOfAssociations": self.users(&policy.arn),
            "EncryptionConfiguration": policy.encryption,
            "Errors": errors,
            "LastModifiedTime": policy.modified,
        }))
    }

    /// Writes down what a policy says now, and tells the zones that enforce it.
    fn record(&mut self, name: &str) {
        let Some(policy) = self.region.policies.get(name) else { return };
        let held = |reference: &Referred| {
            let group = self.region.groups.get(&(reference.kind, reference.name.clone()))?;
            Some(Held {
                priority: reference.priority,
                name: group.name.clone(),
                arn: group.arn.clone(),
                token: group.token.clone(),
                content: Arc::clone(&group.content),
            })
        };
        let mut groups: Vec<Held> = policy.references.iter().filter_map(held).collect();
        groups.sort_by_key(|group| group.priority);
        let version = Version {
            tick: self.now,
            policy: policy.arn.clone(),
            token: policy.token.clone(),
            body: Arc::clone(&policy.body),
            groups,
        };
        let arn = policy.arn.clone();
        self.region.versions.entry(name.to_owned()).or_default().push(Arc::new(version));
        self.tell_zones(&arn);
    }

    /// The same for every policy that is meant.
    pub(super) fn record_all(&mut self, is_meant: impl Fn(&Policy) -> bool) {
        let policies = self.region.policies.values().filter(|policy| is_meant(policy));
        let names: Vec<String> = policies.map(|policy| policy.name.clone()).collect();
        for name in names {
            self.record(&name);
        }
    }

    /// Checks what a policy should say; gives its groups.
    fn check_policy(&self, body: &Value) -> Result<Vec<Referred>, Error> {
        let policy: FirewallPolicy<'_> = read_part(body)?;
        for (member, actions) in [
            ("StatelessDefaultActions", &policy.stateless_default_actions),
            ("StatelessFragmentDefaultActions", &policy.stateless_fragment_default_actions),
        ] {
            // Measured: one of them, whatever custom ones stand beside it.
            let standard = actions.iter().filter(|action| STATELESS_ACTIONS.contains(action));
            match standard.count() {
                0 => return Err(Error::invalid(format!("{member} cannot be null or empty"))),
                1 => {}
                _ => return Err(Error::invalid(format!("{member} cannot exist together"))),
            }
        }
        let options = policy.stateful_engine_options.as_ref();
        let order = options.map_or(Order::DefaultActionOrder, |options| options.rule_order);
        if let Some(options) = options {
            check_engine(options)?;
        }
        check_stateful_actions(&policy, order)?;
        check_variables(&policy)?;
        let mut references = Vec::new();
        for (kind, list) in [
            (Kind::Stateless, &policy.stateless_rule_group_references),
            (Kind::Stateful, &policy.stateful_rule_group_references),
        ] {
            references.extend(self.check_references(kind, order, list)?);
        }
        let stateful = references.iter().filter(|it| it.kind == Kind::Stateful);
        let reserved: u64 = stateful.map(|it| it.capacity).sum();
        // Guide, "quotas"; the words are assumed.
        if reserved > self.settings.capacity {
            return Err(Error::invalid(format!(
                "StatefulRules capacity exceeded, parameter: [{reserved}], context: \
                 StatefulRuleGroupReferences"
            )));
        }
        Ok(references)
    }

    fn check_references(
        &self,
        kind: Kind,
        order: Order,
        list: &[GroupReference<'_>],
    ) -> Result<Vec<Referred>, Error> {
        // Measured, as are all the texts below.
        if list.len() > MOST_REFERENCES {
            let (count, kind) = (list.len(), if kind == Kind::Stateful { "ful" } else { "less" });
            return Err(Error::invalid(format!(
                "State{kind}RuleGroupReferences limit exceeded, parameter: [{count}]"
            )));
        }
        let (mut priorities, mut arns) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Vec::new();
        for reference in list {
            let is_ordered = kind == Kind::Stateless || order == Order::StrictOrder;
            match reference.priority {
                None if is_ordered => return Err(Error::invalid("Priority cannot be null")),
                Some(_) if !is_ordered => {
                    return Err(Error::invalid("Priority cannot be provided"));
                }
                // Model, `Priority`.
                Some(priority) if !(1..=65_535).contains(&priority) => {
                    return Err(Error::invalid(format!(
                        "Priority is invalid, parameter: [{priority}]"
                    )));
                }
                Some(priority) if !priorities.insert(priority) => {
                    return Err(Error::invalid("Priority has duplicate values"));
                }
                _ => {}
            }
            // Assumed.
            if !arns.insert(reference.resource_arn) {
                return Err(Error::invalid("ResourceArn has duplicate values"));
            }
            if reference.overridden.is_some() {
                return Err(Error::invalid("rule group must be a managed resource"));
            }
            let group = self.referred_group(kind, reference.resource_arn)?;
            if kind == Kind::Stateful && group.order != order {
                return Err(Error::invalid("ResourceArn has invalid rule order"));
            }
            found.push(Referred {
                kind,
                priority: reference.priority.and_then(|priority| u32::try_from(priority).ok()),
                name: group.name.clone(),
                arn: group.arn.clone(),
                capacity: group.capacity,
            });
        }
        Ok(found)
    }

    fn referred_group(&self, kind: Kind, arn: &str) -> Result<&super::groups::Group, Error> {
        let of = |kind: Kind| {
            let name = arn.strip_prefix(&self.arn(kind.in_arn(), ""))?;
            Some((kind, name.to_owned()))
        };
        let Some(key) = of(Kind::Stateful).or_else(|| of(Kind::Stateless)) else {
            return Err(Error::invalid("rule group ARN is invalid"));
        };
        if key.0 != kind {
            return Err(Error::invalid("rule group ARN is of incorrect entity type"));
        }
        let group = self.region.groups.get(&key);
        group.ok_or_else(|| Error::invalid("rule group ARN does not exist"))
    }
}

/// Model, `StreamExceptionPolicy` and `TcpIdleTimeoutRangeBound`.
fn check_engine(options: &super::request::EngineOptions<'_>) -> Result<(), Error> {
    let known = ["DROP", "CONTINUE", "REJECT"];
    if let Some(other) = options.stream_exception_policy.filter(|it| !known.contains(it)) {
        return Err(Error::invalid(format!(
            "StreamExceptionPolicy is invalid, parameter: [{other}]"
        )));
    }
    let idle = options.flow_timeouts.as_ref().and_then(|it| it.tcp_idle_timeout_seconds);
    if let Some(seconds) = idle.filter(|seconds| !(60..=6_000).contains(seconds)) {
        return Err(Error::invalid(format!(
            "TcpIdleTimeoutSeconds is invalid, parameter: [{seconds}]"
        )));
    }
    Ok(())
}

/// Guide, "suricata-rule-evaluation-order"; measured but for what goes to the server only, which is
/// assumed to be of the app layer's family.
fn check_stateful_actions(policy: &FirewallPolicy<'_>, order: Order) -> Result<(), Error> {
    let actions = &policy.stateful_default_actions;
    if actions.is_empty() {
        return Ok(());
    }
    if order != Order::StrictOrder {
        return Err(Error::invalid(
            "StatefulDefaultActions has invalid rule order, parameter: [DEFAULT_ACTION_ORDER]",
        ));
    }
    let mut drops = 0;
    let mut families = BTreeSet::new();
    for action in actions {
        let verb = action.strip_prefix("aws:").and_then(|it| it.split_once('_'));
        match verb {
            Some((verb @ ("drop" | "alert"), family)) if FAMILIES.contains(&family) => {
                drops += usize::from(verb == "drop");
                families.insert(family);
            }
            _ => {
                return Err(Error::invalid(format!(
                    "StatefulDefaultActions is invalid, parameter: [{action}]"
                )));
            }
        }
    }
    families.remove("strict");
    if drops > 1 || families.len() > 1 {
        return Err(Error::invalid("StatefulDefaultActions cannot exist together"));
    }
    // Measured: there is no configuration of TLS here that it could go with.
    if policy.enable_tls_session_holding {
        return Err(Error::invalid(
            "EnableTLSSessionHolding requires a TLS inspection configuration",
        ));
    }
    Ok(())
}

/// Only `HOME_NET` (measured).
fn check_variables(policy: &FirewallPolicy<'_>) -> Result<(), Error> {
    let variables = policy.policy_variables.iter().flat_map(|it| &it.rule_variables);
    for (name, set) in variables {
        if *name != "HOME_NET" {
            return Err(Error::invalid(format!("RuleVariables is invalid, parameter: [{name}]")));
        }
        let is_network = |value: &&str| value.parse::<ipnet::IpNet>().is_ok();
        if set.definition.is_empty() || !set.definition.iter().all(is_network) {
            return Err(Error::invalid("HOME_NET cannot be null or empty"));
        }
    }
    Ok(())
}
