//! Firewalls: an endpoint a zone, and how far each of them is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::policies::{self, Version};
use super::request::{
    ChangeFirewall, CreateFirewall, DescribeLoggingConfiguration, ListFirewalls, LogDestination,
    LogType, NamedFirewall, SubnetMapping, UpdateLoggingConfiguration,
};
use super::service::{
    Service, Tags, check_description, check_name, check_token, encryption, make_tags, missing,
    over_limit, tags_json, taken, without_nulls,
};
use super::{Error, Keys};

/// As it stands in an ARN.
const IN_ARN: &str = "firewall";

/// How an endpoint takes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endpoint {
    /// After a while.
    #[default]
    Ready,
    /// Never.
    NeverSyncs,
    /// Never, and it says why.
    CapacityConstrained,
}

/// A firewall.
#[derive(Clone)]
pub(super) struct Firewall {
    pub(super) arn: String,
    id: String,
    token: String,
    name: String,
    description: Option<String>,
    /// The ARN of its policy.
    pub(super) policy: String,
    vpc: String,
    is_delete_protected: bool,
    is_policy_protected: bool,
    is_subnet_protected: bool,
    pub(super) tags: Tags,
    encryption: Value,
    analysis: Option<Value>,
    logs: Vec<LogDestination>,
    has_dashboard: bool,
    /// By zone.
    pub(super) zones: BTreeMap<String, Zone>,
    /// When it is gone, if it goes.
    pub(super) gone: Option<u64>,
}

/// The endpoint of a zone.
#[derive(Clone)]
pub(super) struct Zone {
    subnet: String,
    address_type: String,
    endpoint: String,
    /// When the endpoint is made.
    pub(super) ready: u64,
    /// When it enforces what the policy says now.
    pub(super) due: u64,
    /// What it enforces.
    pub(super) enforced: Option<Arc<Version>>,
}

impl Firewall {
    pub(super) fn policy_name(&self) -> &str {
        self.policy.rsplit_once('/').map_or(&self.policy, |(_, name)| name)
    }
}

impl Service<'_> {
    pub(super) fn create_firewall(&mut self, request: CreateFirewall) -> Result<Value, Error> {
        let name = request.firewall_name;
        check_name("FirewallName", &name)?;
        check_description(request.description.as_deref())?;
        let tags = make_tags(request.tags)?;
        self.check_policy_arn(&request.firewall_policy_arn)?;
        // Model, `VpcId`.
        if !request.vpc_id.starts_with("vpc-") {
            return Err(Error::invalid(format!(
                "VpcId is invalid, parameter: [{}]",
                request.vpc_id
            )));
        }
        if request.subnet_mappings.is_empty() {
            return Err(Error::invalid("SubnetMappings cannot be null or empty"));
        }
        if self.region.firewalls.contains_key(&name) {
            return Err(taken());
        }
        let count = self.region.firewalls.len();
        if count >= self.settings.firewalls {
            return Err(over_limit("Firewalls", count));
        }
        let mut firewall = Firewall {
            arn: self.arn(IN_ARN, &name),
            id: self.random.uuid(),
            token: self.random.uuid(),
            name: name.clone(),
            description: request.description,
            policy: request.firewall_policy_arn,
            vpc: request.vpc_id,
            is_delete_protected: request.delete_protection,
            is_policy_protected: request.firewall_policy_change_protection,
            is_subnet_protected: request.subnet_change_protection,
            tags,
            encryption: encryption(request.encryption_configuration),
            analysis: request.enabled_analysis_types,
            logs: Vec::new(),
            has_dashboard: false,
            zones: BTreeMap::new(),
            gone: None,
        };
        self.add_subnets(&mut firewall, request.subnet_mappings)?;
        let answer = json!({
            "Firewall": firewall_json(&firewall),
            "FirewallStatus": self.firewall_status(&firewall),
        });
        self.region.firewalls.insert(name, firewall);
        Ok(answer)
    }

    pub(super) fn describe_firewall(&mut self, request: &NamedFirewall) -> Result<Value, Error> {
        let firewall = self.named_firewall(request)?;
        Ok(json!({
            "UpdateToken": firewall.token,
            "Firewall": firewall_json(firewall),
            "FirewallStatus": self.firewall_status(firewall),
        }))
    }

    pub(super) fn delete_firewall(&mut self, request: &NamedFirewall) -> Result<Value, Error> {
        let mut firewall = self.named_firewall(request)?.clone();
        // Model, `DeleteFirewall`; the words are assumed.
        if firewall.is_delete_protected {
            return Err(Error::new(
                "InvalidOperationException",
                "Unable to delete the firewall because its delete protection is enabled",
            ));
        }
        if firewall.gone.is_none() {
            firewall.gone = Some(self.now + self.settings.deletion);
        }
        let answer = json!({
            "Firewall": firewall_json(&firewall),
            "FirewallStatus": self.firewall_status(&firewall),
        });
        let released = self.now + self.settings.deletion + self.settings.release;
        if let Some(policy) = self.region.policies.get_mut(firewall.policy_name()) {
            policy.held = released;
        }
        self.region.firewalls.insert(firewall.name.clone(), firewall);
        Ok(answer)
    }

    pub(super) fn list_firewalls(&mut self, request: &ListFirewalls) -> Result<Value, Error> {
        let firewalls = self.region.firewalls.values().filter(|firewall| {
            request.vpc_ids.as_ref().is_none_or(|all| all.contains(&firewall.vpc))
        });
        let firewalls = firewalls
            .map(|firewall| json!({ "FirewallName": firewall.name, "FirewallArn": firewall.arn }));
        let (token, size) = (request.next_token.as_deref(), request.max_results);
        self.page("Firewalls", firewalls.collect(), token, size)
    }

    /// Changes one thing about a firewall. A token is not needed here: without one a change is
    /// unconditional (model, `AssociateFirewallPolicyRequest.UpdateToken`).
    pub(super) fn change_firewall(
        &mut self,
        operation: &str,
        request: ChangeFirewall,
    ) -> Result<Value, Error> {
        let named = NamedFirewall {
            firewall_arn: request.firewall_arn,
            firewall_name: request.firewall_name,
        };
        let mut firewall = self.named_firewall(&named)?.clone();
        if let Some(token) = &request.update_token {
            check_token(token, &firewall.token)?;
        }
        let needed = |member: &str| Error::invalid(format!("{member} cannot be null"));
        let mut answer = match operation {
            "AssociateFirewallPolicy" => {
                let arn = request.firewall_policy_arn.ok_or_else(|| needed("FirewallPolicyArn"))?;
                check_protection(firewall.is_policy_protected, "policy")?;
                self.check_policy_arn(&arn)?;
                if let Some(policy) = self.region.policies.get_mut(firewall.policy_name()) {
                    policy.held = self.now + self.settings.release;
                }
                firewall.policy.clone_from(&arn);
                for zone in firewall.zones.values_mut() {
                    zone.due = self.now + self.settings.sync;
                }
                json!({ "FirewallPolicyArn": arn })
            }
            "AssociateSubnets" => {
                let subnets = request.subnet_mappings.ok_or_else(|| needed("SubnetMappings"))?;
                check_protection(firewall.is_subnet_protected, "subnet")?;
                self.add_subnets(&mut firewall, subnets)?;
                json!({ "SubnetMappings": subnets_json(&firewall) })
            }
            "DisassociateSubnets" => {
                let subnets = request.subnet_ids.ok_or_else(|| needed("SubnetIds"))?;
                check_protection(firewall.is_subnet_protected, "subnet")?;
                let has = |subnet: &String| firewall.zones.values().any(|it| it.subnet == *subnet);
                if let Some(subnet) = subnets.iter().find(|subnet| !has(subnet)) {
                    return Err(Error::invalid(format!(
                        "SubnetIds is invalid, parameter: [{subnet}]"
                    )));
                }
                firewall.zones.retain(|_, zone| !subnets.contains(&zone.subnet));
                json!({ "SubnetMappings": subnets_json(&firewall) })
            }
            "UpdateFirewallDeleteProtection" => {
                let value = request.delete_protection.ok_or_else(|| needed("DeleteProtection"))?;
                firewall.is_delete_protected = value;
                json!({ "DeleteProtection": value })
            }
            "UpdateFirewallPolicyChangeProtection" => {
                let value = request.firewall_policy_change_protection;
                let value = value.ok_or_else(|| needed("FirewallPolicyChangeProtection"))?;
                firewall.is_policy_protected = value;
                json!({ "FirewallPolicyChangeProtection": value })
            }
            "UpdateSubnetChangeProtection" => {
                let value = request.subnet_change_protection;
                let value = value.ok_or_else(|| needed("SubnetChangeProtection"))?;
                firewall.is_subnet_protected = value;
                json!({ "SubnetChangeProtection": value })
            }
            "UpdateFirewallEncryptionConfiguration" => {
                firewall.encryption = encryption(request.encryption_configuration);
                json!({ "EncryptionConfiguration": firewall.encryption })
            }
            // `UpdateFirewallDescription`.
            _ => {
                check_description(request.description.as_deref())?;
                firewall.description = request.description;
                json!({ "Description": firewall.description })
            }
        };
        firewall.token = self.random.uuid();
        answer["FirewallArn"] = firewall.arn.clone().into();
        answer["FirewallName"] = firewall.name.clone().into();
        answer["UpdateToken"] = firewall.token.clone().into();
        self.region.firewalls.insert(firewall.name.clone(), firewall);
        Ok(without_nulls(answer))
    }

    fn named_firewall(&self, request: &NamedFirewall) -> Result<&Firewall, Error> {
        let (name, arn) = (request.firewall_name.as_deref(), request.firewall_arn.as_deref());
        let name = self.name_of(IN_ARN, name, arn)?;
        self.region.firewalls.get(&name).ok_or_else(missing)
    }

    fn check_policy_arn(&self, arn: &str) -> Result<(), Error> {
        let name = self.name_of(policies::IN_ARN, None, Some(arn))?;
        let policy = self.region.policies.get(&name);
        policy.map(|_| ()).ok_or_else(|| Error::invalid("firewall policy ARN does not exist"))
    }

    /// Puts endpoints into subnets, one a zone (model, `SubnetMapping`).
    fn add_subnets(
        &mut self,
        firewall: &mut Firewall,
        subnets: Vec<SubnetMapping>,
    ) -> Result<(), Error> {
        for mapping in subnets {
            let subnet = mapping.subnet_id;
            let invalid =
                || Error::invalid(format!("SubnetMappings is invalid, parameter: [{subnet}]"));
            if !subnet.starts_with("subnet-")
                || firewall.zones.values().any(|it| it.subnet == subnet)
            {
                return Err(invalid());
            }
            let in_turn = || ('a'..='f').map(|letter| format!("{}{letter}", self.name));
            let free = || in_turn().find(|zone| !firewall.zones.contains_key(zone));
            let zone = self.settings.subnets.get(&subnet).cloned().or_else(free);
            let zone =
                zone.filter(|zone| !firewall.zones.contains_key(zone)).ok_or_else(invalid)?;
            let endpoint = self.random.endpoint();
            let ready = self.now + self.settings.provisioning;
            let state = Zone {
                subnet,
                address_type: mapping.ip_address_type.unwrap_or_else(|| "IPV4".to_owned()),
                endpoint,
                ready,
                due: ready + self.settings.sync,
                enforced: None,
            };
            firewall.zones.insert(zone, state);
        }
        Ok(())
    }

    /// Zones that enforce a policy get to know what it says now.
    pub(super) fn tell_zones(&mut self, policy: &str) {
        let firewalls = self.region.firewalls.values_mut();
        for firewall in firewalls.filter(|firewall| firewall.policy == policy) {
            for zone in firewall.zones.values_mut() {
                zone.due = self.now + self.settings.sync;
            }
        }
        self.region.settle(self.now);
    }

    fn firewall_status(&self, firewall: &Firewall) -> Value {
        let versions = self.region.versions.get(firewall.policy_name());
        let current = versions.and_then(|versions| versions.last());
        let (mut is_in_sync, mut is_constrained, mut is_ready) = (true, false, true);
        let mut states = serde_json::Map::new();
        for (name, zone) in &firewall.zones {
            let takes = self.region.endpoints.get(name).copied().unwrap_or_default();
            let enforces = |object: &(&str, &str)| {
                zone.enforced.as_ref().is_some_and(|it| it.objects().any(|own| own == *object))
            };
            let mut config = serde_json::Map::new();
            for object in current.iter().flat_map(|version| version.objects()) {
                let status = match takes {
                    _ if enforces(&object) => "IN_SYNC",
                    Endpoint::CapacityConstrained => "CAPACITY_CONSTRAINED",
                    Endpoint::Ready | Endpoint::NeverSyncs => "PENDING",
                };
                is_in_sync &= status == "IN_SYNC";
                is_constrained |= status == "CAPACITY_CONSTRAINED";
                let (arn, token) = object;
                let key = match self.settings.keys {
                    Keys::Arn => arn,
                    Keys::Name => arn.rsplit_once('/').map_or(arn, |(_, name)| name),
                };
                // The token is the current one, in sync or not (model, `PerObjectStatus`).
                config
                    .insert(key.to_owned(), json!({ "SyncStatus": status, "UpdateToken": token }));
            }
            let attachment = match firewall.gone {
                Some(_) => "DELETING",
                None if zone.ready <= self.now => "READY",
                None => "CREATING",
            };
            is_ready &= attachment == "READY";
            // There is no endpoint to route to while it is made (assumed).
            let endpoint = (attachment != "CREATING").then_some(&zone.endpoint);
            let attachment = without_nulls(json!({
                "SubnetId": zone.subnet,
                "EndpointId": endpoint,
                "Status": attachment,
            }));
            states.insert(name.clone(), json!({ "Attachment": attachment, "Config": config }));
        }
        let summary = match (is_constrained, is_in_sync) {
            (true, _) => "CAPACITY_CONSTRAINED",
            (false, true) => "IN_SYNC",
            (false, false) => "PENDING",
        };
        // Ready is what is in sync and has all of its endpoints (reference, "API_FirewallStatus").
        let status = match firewall.gone {
            Some(_) => "DELETING",
            None if is_ready && summary == "IN_SYNC" => "READY",
            None => "PROVISIONING",
        };
        json!({
            "Status": status,
            "ConfigurationSyncStateSummary": summary,
            "SyncStates": states,
        })
    }

    // Logging.

    pub(super) fn describe_logging(
        &mut self,
        request: &DescribeLoggingConfiguration,
    ) -> Result<Value, Error> {
        let named = NamedFirewall {
            firewall_arn: request.firewall_arn.clone(),
            firewall_name: request.firewall_name.clone(),
        };
        let firewall = self.named_firewall(&named)?;
        Ok(json!({
            "FirewallArn": firewall.arn,
            "LoggingConfiguration": { "LogDestinationConfigs": firewall.logs },
            "EnableMonitoringDashboard": firewall.has_dashboard,
        }))
    }

    pub(super) fn update_logging(
        &mut self,
        request: UpdateLoggingConfiguration,
    ) -> Result<Value, Error> {
        let named = NamedFirewall {
            firewall_arn: request.firewall_arn,
            firewall_name: request.firewall_name,
        };
        let mut firewall = self.named_firewall(&named)?.clone();
        let logs = request.logging_configuration.map(|it| it.log_destination_configs);
        let logs = logs.unwrap_or_default();
        check_logs(&firewall.logs, &logs)?;
        firewall.logs = logs;
        firewall.has_dashboard = request.enable_monitoring_dashboard.unwrap_or_default();
        let answer = json!({
            "FirewallArn": firewall.arn,
            "FirewallName": firewall.name,
            "LoggingConfiguration": { "LogDestinationConfigs": firewall.logs },
            "EnableMonitoringDashboard": firewall.has_dashboard,
        });
        self.region.firewalls.insert(firewall.name.clone(), firewall);
        Ok(answer)
    }
}

/// Model, `AssociateFirewallPolicy`, `AssociateSubnets`; the words are assumed.
fn check_protection(is_protected: bool, what: &str) -> Result<(), Error> {
    if !is_protected {
        return Ok(());
    }
    let message =
        format!("Unable to change the firewall because {what} change protection is enabled");
    Err(Error::new("InvalidOperationException", message))
}

/// One destination a type, and one change a call: one more, one less, or another place of one; what kind
/// of place it is cannot change (model, `UpdateLoggingConfiguration`). The words are assumed.
fn check_logs(old: &[LogDestination], new: &[LogDestination]) -> Result<(), Error> {
    let by_type = |logs: &[LogDestination]| -> BTreeMap<LogType, LogDestination> {
        logs.iter().map(|log| (log.log_type, log.clone())).collect()
    };
    let (before, after) = (by_type(old), by_type(new));
    if after.len() < new.len() {
        return Err(Error::invalid("LogDestinationConfigs has duplicate log types"));
    }
    let types = before.keys().chain(after.keys().filter(|kind| !before.contains_key(kind)));
    let changes = types.filter(|kind| before.get(kind) != after.get(kind)).count();
    if changes > 1 {
        return Err(Error::invalid("only one LogDestinationConfig can be changed at a time"));
    }
    let is_moved = |log: &LogDestination| {
        let old = before.get(&log.log_type);
        old.is_some_and(|old| old.log_destination_type != log.log_destination_type)
    };
    if new.iter().any(is_moved) {
        return Err(Error::invalid("LogDestinationType cannot be changed"));
    }
    Ok(())
}

fn subnets_json(firewall: &Firewall) -> Vec<Value> {
    let zones = firewall.zones.values();
    let subnet = |it: &Zone| json!({ "SubnetId": it.subnet, "IPAddressType": it.address_type });
    zones.map(subnet).collect()
}

fn firewall_json(firewall: &Firewall) -> Value {
    without_nulls(json!({
        "FirewallName": firewall.name,
        "FirewallArn": firewall.arn,
        "FirewallId": firewall.id,
        "FirewallPolicyArn": firewall.policy,
        "VpcId": firewall.vpc,
        "SubnetMappings": subnets_json(firewall),
        "DeleteProtection": firewall.is_delete_protected,
        "SubnetChangeProtection": firewall.is_subnet_protected,
        "FirewallPolicyChangeProtection": firewall.is_policy_protected,
        "Description": firewall.description,
        "Tags": tags_json(&firewall.tags),
        "EncryptionConfiguration": firewall.encryption,
        "NumberOfAssociations": 0,
        "EnabledAnalysisTypes": firewall.analysis,
    }))
}
