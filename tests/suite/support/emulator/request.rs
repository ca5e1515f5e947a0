//! What clients send, as far as this emulator knows it (model; the names of the types are those of its
//! operations).
//!
//! The service overlooks what it does not know; here it is an error, since it is a mistake of the client
//! or something that this emulator should learn.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Error, Kind};

/// Reads the body of a request.
pub(super) fn read<T: for<'b> Deserialize<'b>>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(|error| unreadable(&error))
}

/// Reads a part of it.
pub(super) fn read_part<'b, T: Deserialize<'b>>(part: &'b Value) -> Result<T, Error> {
    T::deserialize(part).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::new("SerializationException", format!("the emulator cannot read this: {error}"))
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $member:ident: $type:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$attribute])* pub(super) $member: $type,)*
        }
    )* };
}

requests! {
    CreateRuleGroup {
        rule_group_name: String,
        rule_group: Option<Value>,
        rules: Option<String>,
        r#type: Kind,
        description: Option<String>,
        capacity: i64,
        tags: Option<Vec<Tag>>,
        #[serde(default)]
        dry_run: bool,
        encryption_configuration: Option<Value>,
        source_metadata: Option<Value>,
        #[expect(dead_code, reason = "of stateless groups only, which nobody has analysed")]
        analyze_rule_group: Option<bool>,
        summary_configuration: Option<Value>,
    }
    UpdateRuleGroup {
        update_token: String,
        rule_group_arn: Option<String>,
        rule_group_name: Option<String>,
        rule_group: Option<Value>,
        rules: Option<String>,
        r#type: Option<Kind>,
        description: Option<String>,
        #[serde(default)]
        dry_run: bool,
        encryption_configuration: Option<Value>,
        source_metadata: Option<Value>,
        #[expect(dead_code, reason = "of stateless groups only, which nobody has analysed")]
        analyze_rule_group: Option<bool>,
        summary_configuration: Option<Value>,
    }
    /// `DescribeRuleGroup`, `DescribeRuleGroupMetadata` and `DeleteRuleGroup`.
    NamedRuleGroup {
        rule_group_arn: Option<String>,
        rule_group_name: Option<String>,
        r#type: Option<Kind>,
        #[expect(dead_code, reason = "of stateless groups only, which nobody has analysed")]
        analyze_rule_group: Option<bool>,
    }
    ListRuleGroups {
        next_token: Option<String>,
        max_results: Option<usize>,
        scope: Option<Scope>,
        r#type: Option<Kind>,
    }
    CreateFirewallPolicy {
        firewall_policy_name: String,
        firewall_policy: Value,
        description: Option<String>,
        tags: Option<Vec<Tag>>,
        #[serde(default)]
        dry_run: bool,
        encryption_configuration: Option<Value>,
    }
    UpdateFirewallPolicy {
        update_token: String,
        firewall_policy_arn: Option<String>,
        firewall_policy_name: Option<String>,
        firewall_policy: Value,
        description: Option<String>,
        #[serde(default)]
        dry_run: bool,
        encryption_configuration: Option<Value>,
    }
    /// `DescribeFirewallPolicy` and `DeleteFirewallPolicy`.
    NamedFirewallPolicy {
        firewall_policy_arn: Option<String>,
        firewall_policy_name: Option<String>,
    }
    /// `ListFirewallPolicies`.
    List {
        next_token: Option<String>,
        max_results: Option<usize>,
    }
    CreateFirewall {
        firewall_name: String,
        firewall_policy_arn: String,
        vpc_id: String,
        subnet_mappings: Vec<SubnetMapping>,
        // What CreateFirewall sets where nobody says otherwise: see `Firewall` in the model.
        #[serde(default)]
        delete_protection: bool,
        #[serde(default)]
        subnet_change_protection: bool,
        #[serde(default)]
        firewall_policy_change_protection: bool,
        description: Option<String>,
        tags: Option<Vec<Tag>>,
        encryption_configuration: Option<Value>,
        enabled_analysis_types: Option<Value>,
    }
    /// `DescribeFirewall` and `DeleteFirewall`.
    NamedFirewall {
        firewall_arn: Option<String>,
        firewall_name: Option<String>,
    }
    ListFirewalls {
        next_token: Option<String>,
        max_results: Option<usize>,
        vpc_ids: Option<BTreeSet<String>>,
    }
    /// Every call that changes one thing about a firewall; which one, its operation says.
    ChangeFirewall {
        update_token: Option<String>,
        firewall_arn: Option<String>,
        firewall_name: Option<String>,
        firewall_policy_arn: Option<String>,
        subnet_mappings: Option<Vec<SubnetMapping>>,
        subnet_ids: Option<Vec<String>>,
        delete_protection: Option<bool>,
        subnet_change_protection: Option<bool>,
        firewall_policy_change_protection: Option<bool>,
        description: Option<String>,
        encryption_configuration: Option<Value>,
    }
    DescribeLoggingConfiguration {
        firewall_arn: Option<String>,
        firewall_name: Option<String>,
    }
    UpdateLoggingConfiguration {
        firewall_arn: Option<String>,
        firewall_name: Option<String>,
        logging_configuration: Option<LoggingConfiguration>,
        enable_monitoring_dashboard: Option<bool>,
    }
    LoggingConfiguration {
        log_destination_configs: Vec<LogDestination>,
    }
    TagResource {
        resource_arn: String,
        tags: Vec<Tag>,
    }
    UntagResource {
        resource_arn: String,
        tag_keys: Vec<String>,
    }
    ListTagsForResource {
        resource_arn: String,
        next_token: Option<String>,
        max_results: Option<usize>,
    }
    Tag {
        key: String,
        value: String,
    }
    SubnetMapping {
        subnet_id: String,
        #[serde(rename = "IPAddressType")]
        ip_address_type: Option<String>,
    }
}

/// Where a log goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct LogDestination {
    pub(super) log_type: LogType,
    pub(super) log_destination_type: LogDestinationType,
    pub(super) log_destination: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LogType {
    Alert,
    Flow,
    Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(super) enum LogDestinationType {
    S3,
    CloudWatchLogs,
    KinesisDataFirehose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Scope {
    Account,
    Managed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Order {
    #[default]
    DefaultActionOrder,
    StrictOrder,
}

impl Order {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::DefaultActionOrder => "DEFAULT_ACTION_ORDER",
            Self::StrictOrder => "STRICT_ORDER",
        }
    }
}

macro_rules! parts {
    ($($(#[$on:meta])* $name:ident { $($(#[$attribute:meta])* $member:ident: $type:ty,)* })*) => { $(
        $(#[$on])*
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub(super) struct $name<'r> {
            $($(#[$attribute])* pub(super) $member: $type,)*
        }
    )* };
}

parts! {
    RuleGroup {
        #[serde(borrow)]
        rules_source: RulesSource<'r>,
        #[serde(borrow)]
        rule_variables: Option<RuleVariables<'r>>,
        #[serde(borrow)]
        reference_sets: Option<ReferenceSets<'r>>,
        stateful_rule_options: Option<StatefulRuleOptions>,
    }
    RulesSource {
        #[serde(borrow)]
        rules_string: Option<&'r str>,
        #[serde(borrow)]
        rules_source_list: Option<RulesSourceList<'r>>,
        #[serde(borrow)]
        stateful_rules: Option<Vec<StatefulRule<'r>>>,
        #[serde(borrow)]
        stateless_rules_and_custom_actions: Option<StatelessRules<'r>>,
    }
    #[derive(Default)]
    RuleVariables {
        #[serde(borrow, default, rename = "IPSets")]
        ip_sets: BTreeMap<&'r str, Definition<'r>>,
        #[serde(borrow, default)]
        port_sets: BTreeMap<&'r str, Definition<'r>>,
    }
    Definition {
        #[serde(borrow)]
        definition: Vec<&'r str>,
    }
    #[derive(Default)]
    ReferenceSets {
        #[serde(borrow, default, rename = "IPSetReferences")]
        ip_set_references: BTreeMap<&'r str, SetReference<'r>>,
    }
    SetReference {
        reference_arn: &'r str,
    }
    RulesSourceList {
        #[serde(borrow)]
        targets: Vec<&'r str>,
        target_types: BTreeSet<TargetType>,
        #[serde(borrow)]
        #[expect(dead_code, reason = "what it makes of the names is not emulated")]
        generated_rules_type: &'r str,
    }
    StatefulRule {
        action: &'r str,
        #[serde(borrow)]
        header: Header<'r>,
        #[serde(borrow)]
        rule_options: Vec<RuleOption<'r>>,
    }
    Header {
        protocol: &'r str,
        source: &'r str,
        source_port: &'r str,
        direction: &'r str,
        destination: &'r str,
        destination_port: &'r str,
    }
    RuleOption {
        keyword: &'r str,
        #[serde(borrow, default)]
        settings: Vec<&'r str>,
    }
    StatelessRules {
        #[serde(borrow)]
        stateless_rules: Vec<StatelessRule<'r>>,
        #[expect(dead_code, reason = "kept as it is")]
        custom_actions: Option<Value>,
    }
    StatelessRule {
        #[serde(borrow)]
        rule_definition: RuleDefinition<'r>,
        priority: u32,
    }
    RuleDefinition {
        #[serde(borrow)]
        match_attributes: BTreeMap<&'r str, Vec<Value>>,
        #[expect(dead_code, reason = "kept as it is")]
        #[serde(borrow)]
        actions: Vec<&'r str>,
    }
    FirewallPolicy {
        #[serde(borrow)]
        stateless_default_actions: Vec<&'r str>,
        #[serde(borrow)]
        stateless_fragment_default_actions: Vec<&'r str>,
        #[serde(borrow, default)]
        stateless_rule_group_references: Vec<GroupReference<'r>>,
        #[expect(dead_code, reason = "kept as they are")]
        stateless_custom_actions: Option<Value>,
        #[serde(borrow, default)]
        stateful_rule_group_references: Vec<GroupReference<'r>>,
        #[serde(borrow, default)]
        stateful_default_actions: Vec<&'r str>,
        #[serde(borrow)]
        stateful_engine_options: Option<EngineOptions<'r>>,
        #[serde(borrow)]
        policy_variables: Option<PolicyVariables<'r>>,
        #[serde(rename = "EnableTLSSessionHolding", default)]
        enable_tls_session_holding: bool,
        #[expect(dead_code, reason = "kept as it is")]
        #[serde(rename = "Route53ResolvedIPValidation")]
        resolved_ip_validation: Option<Value>,
    }
    GroupReference {
        resource_arn: &'r str,
        priority: Option<i64>,
        #[serde(rename = "Override")]
        overridden: Option<Value>,
        #[expect(dead_code, reason = "of managed groups only, which are refused")]
        deep_threat_inspection: Option<bool>,
    }
    #[derive(Default)]
    EngineOptions {
        #[serde(default)]
        rule_order: Order,
        #[serde(borrow)]
        stream_exception_policy: Option<&'r str>,
        flow_timeouts: Option<FlowTimeouts>,
    }
    PolicyVariables {
        #[serde(borrow, default)]
        rule_variables: BTreeMap<&'r str, Definition<'r>>,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StatefulRuleOptions {
    #[serde(default)]
    pub(super) rule_order: Order,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct FlowTimeouts {
    pub(super) tcp_idle_timeout_seconds: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TargetType {
    TlsSni,
    HttpHost,
    #[serde(rename = "AWS_ROUTE_53_RESOLVED_DOMAIN")]
    ResolvedDomain,
}
