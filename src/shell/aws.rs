//! The firewall service of one region, as the SDK of AWS reaches it.
//!
//! The SDK drops members of a reply that it does not know, and a new one of them in a firewall policy
//! would be lost with the next update. So what has to go back as it came is taken from the bytes of
//! the reply: a firewall policy is changed as JSON, and a rule group with a member unknown to fwc is
//! none that fwc has written.

mod reply;

use std::cell::RefCell;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_networkfirewall::config::ProvideCredentials as _;
use aws_sdk_networkfirewall::config::timeout::TimeoutConfig;
use aws_sdk_networkfirewall::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_networkfirewall::types;
use aws_sdk_networkfirewall::{Client, Config};
use fwc::deploy::{
    Error, Firewall, FirewallState, GroupState, NewGroup, NewPolicy, PolicyState, Reference, Shell,
    Sync, Zone,
};
use serde_json::{Value, json};

use reply::{Reply, Whole};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one call may take: the service reads up to 2 MB of signatures before it answers.
const CALL: Duration = Duration::from_secs(30);

/// How much is asked for at once: the most there may be (`PaginationMaxResults`).
const PAGE: i32 = 100;

/// Whose account is asked, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    /// A profile of the files that the tools of AWS share.
    pub(crate) profile: Option<&'a str>,
    /// Another address than AWS's.
    pub(crate) endpoint: Option<&'a str>,
    /// How long to wait before the service is asked again how far it is.
    pub(crate) poll: Duration,
}

/// The service in one region.
pub(crate) struct Aws {
    client: Client,
    poll: Duration,
    /// The policy that was described last; what a switch sends back.
    described: RefCell<Option<Described>>,
}

/// A firewall policy as the service gave it.
struct Described {
    name: String,
    token: String,
    policy: Value,
    response: Value,
}

impl Account<'_> {
    /// The service in each of these regions. `retries` is told the region whenever a call is made once
    /// more because it had no answer, or was throttled.
    ///
    /// # Errors
    ///
    /// There are no credentials, and why.
    pub(crate) async fn connect(
        &self,
        regions: &[&str],
        retries: impl Fn(&str) + Clone + Send + std::marker::Sync + 'static,
    ) -> Result<Vec<Aws>, String> {
        // Where credentials come from a service of AWS, it is asked in a region that is needed anyway.
        let first = regions.first().map(|region| Region::new((*region).to_owned()));
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(first.clone());
        if let Some(profile) = self.profile {
            // By default the environment comes before any profile; who names one means it.
            let provider = ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .configure(&ProviderConfig::without_region().with_region(first))
                .build();
            loader = loader.profile_name(profile).credentials_provider(provider);
        }
        let shared = loader.load().await;
        // Asked for once before anything else, so that what is missing is said once, and as what it is.
        let credentials = shared.credentials_provider().ok_or("no credentials")?;
        let credentials = credentials.provide_credentials().await;
        credentials.map_err(|error| match self.profile {
            Some(profile) => format!("no credentials: profile `{profile}`: {}", chain(&error)),
            None => format!("no credentials: {}", chain(&error)),
        })?;
        let client = |region: &&str| {
            let mut config = aws_sdk_networkfirewall::config::Builder::from(&shared)
                .region(Region::new((*region).to_owned()))
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(CONNECT)
                        .operation_attempt_timeout(CALL)
                        .build(),
                )
                .interceptor(Whole)
                .interceptor(reply::Retries::new(region, retries.clone()));
            if let Some(endpoint) = self.endpoint {
                config = config.endpoint_url(endpoint);
            }
            Aws::new(config.build(), self.poll)
        };
        Ok(regions.iter().map(client).collect())
    }
}

impl Aws {
    fn new(config: Config, poll: Duration) -> Self {
        Self { client: Client::from_conf(config), poll, described: RefCell::new(None) }
    }

    /// Describes a policy and remembers it; `None` if there is none.
    async fn describe(&self, name: &str) -> Result<Option<PolicyState>, Error> {
        *self.described.borrow_mut() = None;
        let reply = Reply::default();
        let call = self.client.describe_firewall_policy().firewall_policy_name(name);
        let sent = call.customize().interceptor(reply.clone()).send().await;
        let Some(output) = found(sent)? else { return Ok(None) };
        let token = output.update_token;
        let policy = output.firewall_policy.ok_or_else(|| lacks("FirewallPolicy"))?;
        let response =
            output.firewall_policy_response.ok_or_else(|| lacks("FirewallPolicyResponse"))?;
        if token.is_empty() {
            return Err(lacks("UpdateToken"));
        }
        let state = PolicyState {
            arn: response.firewall_policy_arn.clone(),
            token: token.clone(),
            shell: shell(&policy),
            references: references(&policy),
            associations: count(response.number_of_associations),
            errors: errors(&response),
        };
        let mut whole = reply.json()?;
        let mut member = |name: &str| whole.get_mut(name).map(Value::take).unwrap_or_default();
        *self.described.borrow_mut() = Some(Described {
            name: name.to_owned(),
            token,
            policy: member("FirewallPolicy"),
            response: member("FirewallPolicyResponse"),
        });
        Ok(Some(state))
    }

    /// The body of an update that changes the references of a policy and nothing else; described
    /// again unless what was described has this token.
    async fn update(&self, name: &str, token: &str, to: &[Reference]) -> Result<Vec<u8>, Error> {
        let is_known = |it: &Described| it.name == name && it.token == token;
        if !self.described.borrow().as_ref().is_some_and(is_known) {
            self.describe(name).await?.ok_or(Error::Missing)?;
        }
        let described = self.described.borrow();
        let described = described.as_ref().filter(|it| is_known(it)).ok_or(Error::Stale)?;
        serde_json::to_vec(&updated(described, to)).map_err(|it| Error::Refused(it.to_string()))
    }

    /// Asks for a group, to be made or only to be checked.
    async fn make(
        &self,
        group: &NewGroup,
        dry_run: bool,
    ) -> Result<types::RuleGroupResponse, Error> {
        let content = &group.sized.content;
        let mut variables = types::RuleVariables::builder();
        for (name, set) in &content.ip_sets {
            let set = types::IpSet::builder().set_definition(Some(set.clone())).build();
            variables = variables.ip_sets(name, set.map_err(wrong)?);
        }
        let mut sets = types::ReferenceSets::builder();
        for (name, arn) in &content.references {
            let reference = types::IpSetReference::builder().reference_arn(arn).build();
            sets = sets.ip_set_references(name, reference);
        }
        let source = types::RulesSource::builder().rules_string(&content.rules).build();
        let order =
            types::StatefulRuleOptions::builder().rule_order(types::RuleOrder::StrictOrder).build();
        let body = types::RuleGroup::builder()
            .set_rule_variables((!content.ip_sets.is_empty()).then(|| variables.build()))
            .set_reference_sets((!content.references.is_empty()).then(|| sets.build()))
            .rules_source(source)
            .stateful_rule_options(order)
            .build();
        // So that the service lists ids, messages and metadata without the signatures themselves.
        let summary = [
            types::SummaryRuleOption::Sid,
            types::SummaryRuleOption::Msg,
            types::SummaryRuleOption::Metadata,
        ];
        let summary = types::SummaryConfiguration::builder().set_rule_options(Some(summary.into()));
        let call = self
            .client
            .create_rule_group()
            .rule_group_name(&group.name)
            .r#type(types::RuleGroupType::Stateful)
            .capacity(number(group.sized.capacity)?)
            .description(&group.description)
            .rule_group(body)
            .summary_configuration(summary.build())
            .set_tags(Some(tags(&group.tags)?))
            .dry_run(dry_run);
        let output = call.send().await.map_err(told)?;
        output.rule_group_response.ok_or_else(|| lacks("RuleGroupResponse"))
    }
}

impl Firewall for Aws {
    async fn policy(&self, name: &str) -> Result<Option<PolicyState>, Error> {
        self.describe(name).await
    }

    async fn groups(&self) -> Result<Vec<String>, Error> {
        let call = self
            .client
            .list_rule_groups()
            .r#type(types::RuleGroupType::Stateful)
            .scope(types::ResourceManagedStatus::Account)
            .max_results(PAGE);
        let mut pages = call.into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(told)?;
            let groups = page.rule_groups.ok_or_else(|| lacks("RuleGroups"))?;
            arns.extend(groups.into_iter().filter_map(|group| group.arn));
        }
        Ok(arns)
    }

    async fn group(&self, name: &str) -> Result<Option<GroupState>, Error> {
        let reply = Reply::default();
        let call = self
            .client
            .describe_rule_group()
            .rule_group_name(name)
            .r#type(types::RuleGroupType::Stateful);
        let sent = call.customize().interceptor(reply.clone()).send().await;
        let Some(output) = found(sent)? else { return Ok(None) };
        let response = output.rule_group_response.ok_or_else(|| lacks("RuleGroupResponse"))?;
        if response.rule_group_status == Some(types::ResourceStatus::Deleting) {
            return Ok(None);
        }
        Ok(Some(GroupState {
            arn: response.rule_group_arn,
            capacity: count(response.capacity),
            content: reply::content(&reply.json()?),
            tags: response
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect(),
        }))
    }

    async fn firewall(&self, name: &str) -> Result<Option<FirewallState>, Error> {
        let sent = self.client.describe_firewall().firewall_name(name).send().await;
        let Some(output) = found(sent)? else { return Ok(None) };
        let firewall = output.firewall.ok_or_else(|| lacks("Firewall"))?;
        let status = output.firewall_status.ok_or_else(|| lacks("FirewallStatus"))?;
        let policy = firewall.firewall_policy_arn;
        let states = status.sync_states.unwrap_or_default();
        let mut zones: Vec<_> =
            states.into_iter().map(|(zone, state)| in_zone(name, zone, &policy, state)).collect();
        zones.sort_by(|a, b| a.zone.cmp(&b.zone));
        Ok(Some(FirewallState { name: name.to_owned(), policy, zones }))
    }

    async fn check_group(&self, group: &NewGroup) -> Result<(), Error> {
        self.make(group, true).await.map(|_| ())
    }

    async fn create_group(&self, group: &NewGroup) -> Result<String, Error> {
        self.make(group, false).await.map(|response| response.rule_group_arn)
    }

    async fn create_policy(&self, policy: &NewPolicy, to: &[Reference]) -> Result<(), Error> {
        let call = self
            .client
            .create_firewall_policy()
            .firewall_policy_name(&policy.name)
            .description(&policy.description)
            .firewall_policy(settings(&policy.shell, to)?)
            .set_tags(Some(tags(&policy.tags)?));
        call.send().await.map_err(told).map(|_| ())
    }

    async fn switch(&self, policy: &str, token: &str, to: &[Reference]) -> Result<String, Error> {
        let body = self.update(policy, token, to).await?;
        let call =
            self.client.update_firewall_policy().customize().mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = body.clone().into();
            });
        let output = call.send().await.map_err(told)?;
        // What was described is not what holds any more.
        *self.described.borrow_mut() = None;
        if output.update_token.is_empty() {
            return Err(lacks("UpdateToken"));
        }
        Ok(output.update_token)
    }

    async fn delete_group(&self, name: &str) -> Result<(), Error> {
        let call = self
            .client
            .delete_rule_group()
            .rule_group_name(name)
            .r#type(types::RuleGroupType::Stateful);
        call.send().await.map(|_| ()).map_err(|error| match error.code() {
            // "You can't delete a rule group that's in use": what a policy referred to a moment ago.
            Some("InvalidOperationException") => Error::InUse,
            _ => told(error),
        })
    }

    async fn pause(&self) {
        tokio::time::sleep(self.poll).await;
    }
}

// What is read.

fn shell(policy: &types::FirewallPolicy) -> Shell {
    let engine = policy.stateful_engine_options.as_ref();
    let order = engine.and_then(|engine| engine.rule_order.as_ref());
    let exceptions = engine.and_then(|engine| engine.stream_exception_policy.as_ref());
    let timeouts = engine.and_then(|engine| engine.flow_timeouts.as_ref());
    let idle = timeouts.and_then(|timeouts| timeouts.tcp_idle_timeout_seconds);
    let variables =
        policy.policy_variables.as_ref().and_then(|variables| variables.rule_variables.as_ref());
    let home_net = variables.and_then(|variables| variables.get("HOME_NET"));
    let mut stateless = policy.stateless_rule_group_references().to_vec();
    stateless.sort_by_key(|reference| reference.priority);
    Shell {
        // What the service takes where nothing is said (`StatefulEngineOptions`, `FlowTimeouts`).
        rule_order: order.map_or("DEFAULT_ACTION_ORDER", |it| it.as_str()).to_owned(),
        stream_exceptions: exceptions.map_or("DROP", |it| it.as_str()).to_owned(),
        idle_seconds: idle.map_or(350, |seconds| count(Some(seconds))),
        stateless_actions: policy.stateless_default_actions.clone(),
        fragment_actions: policy.stateless_fragment_default_actions.clone(),
        stateless_groups: stateless.into_iter().map(|reference| reference.resource_arn).collect(),
        stateful_actions: policy.stateful_default_actions().to_vec(),
        home_net: home_net.map(|set| set.definition.clone()).unwrap_or_default(),
    }
    .sorted()
}

fn references(policy: &types::FirewallPolicy) -> Vec<Reference> {
    let references = policy.stateful_rule_group_references().iter();
    let mut references: Vec<_> = references
        .map(|reference| Reference {
            priority: count(reference.priority),
            arn: reference.resource_arn.clone(),
        })
        .collect();
    references.sort();
    references
}

/// What the service found wrong after it had accepted the policy.
fn errors(response: &types::FirewallPolicyResponse) -> Vec<String> {
    let status = response.firewall_policy_status.as_ref();
    let is_wrong = status == Some(&types::ResourceStatus::Error);
    let status = is_wrong.then(|| {
        response.status_message.clone().unwrap_or_else(|| "its status is ERROR".to_owned())
    });
    let errors = response.errors.iter().flatten().map(|error| {
        let said = [error.code.as_str(), &error.message].into_iter();
        let parts = said.chain(error.resource_id.as_deref());
        parts.collect::<Vec<_>>().join(": ")
    });
    status.into_iter().chain(errors).collect()
}

/// How far the endpoint of a zone is. Under `Config` stand the policy, with the token of the version that
/// the endpoint holds, and its rule groups: by ARN in the answers that people show, by name if the
/// pattern of the key in the model is right (`ResourceName`, model of 2026-11-17).
fn in_zone(firewall: &str, zone: String, policy: &str, state: types::SyncState) -> Zone {
    use types::PerObjectSyncStatus as Status;
    let config = state.config.unwrap_or_default();
    let attachment = state.attachment;
    let is = |wanted: &Status| config.values().any(|it| it.sync_status.as_ref() == Some(wanted));
    let name = policy.rsplit('/').next().unwrap_or(policy);
    let held = config.get(policy).or_else(|| config.get(name));
    let attached = attachment.as_ref().and_then(|attachment| attachment.status.as_ref());
    let is_up = attached.is_none_or(|status| {
        matches!(status, types::AttachmentStatus::Ready | types::AttachmentStatus::Scaling)
    });
    let policy_status = held.and_then(|held| held.sync_status.as_ref());
    let sync = if is(&Status::CapacityConstrained) {
        Sync::CapacityConstrained
    } else if is(&Status::Pending) {
        Sync::Pending
    } else if is_up && policy_status == Some(&Status::InSync) {
        // Groups of sellers may have other states, which say nothing about the endpoint.
        Sync::InSync
    } else if attached == Some(&types::AttachmentStatus::Creating) {
        Sync::Pending
    } else {
        Sync::Unknown
    };
    let said = attachment.as_ref().and_then(|attachment| attachment.status_message.clone());
    let attached = attached.filter(|_| !is_up);
    let message = said.or_else(|| attached.map(|it| format!("its endpoint is {}", it.as_str())));
    Zone {
        firewall: firewall.to_owned(),
        zone,
        sync,
        token: held.and_then(|held| held.update_token.clone()),
        message,
    }
}

/// A number that is never negative.
fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

// What is sent.

/// The body of `UpdateFirewallPolicy`: what was described with other references. What is said about a
/// reference that stays, and about the policy as a whole, is sent back: an update replaces the object.
fn updated(described: &Described, to: &[Reference]) -> Value {
    let Described { token, policy, response, .. } = described;
    let before = policy.get("StatefulRuleGroupReferences").and_then(Value::as_array);
    let references = to.iter().map(|Reference { arn, priority }| {
        let is_it = |reference: &&Value| {
            reference.get("ResourceArn").and_then(Value::as_str) == Some(arn.as_str())
        };
        let known = before.and_then(|before| before.iter().find(is_it));
        with(
            known.cloned().unwrap_or_else(|| json!({})),
            [("ResourceArn", json!(arn)), ("Priority", json!(priority))],
        )
    });
    let references = Value::Array(references.collect());
    let policy = with(policy.clone(), [("StatefulRuleGroupReferences", references)]);
    let body = json!({
        "FirewallPolicyArn": response.get("FirewallPolicyArn"),
        "UpdateToken": token,
        "FirewallPolicy": policy,
    });
    let kept = ["Description", "EncryptionConfiguration"];
    let kept = kept.map(|member| (member, response.get(member).cloned().unwrap_or_default()));
    with(body, kept.into_iter().filter(|(_, value)| !value.is_null()))
}

/// An object with other members.
fn with<'m>(mut object: Value, members: impl IntoIterator<Item = (&'m str, Value)>) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

/// The settings of a new policy.
fn settings(shell: &Shell, to: &[Reference]) -> Result<types::FirewallPolicy, Error> {
    let seconds = number(shell.idle_seconds)?;
    let timeouts = types::FlowTimeouts::builder().tcp_idle_timeout_seconds(seconds).build();
    let engine = types::StatefulEngineOptions::builder()
        .rule_order(shell.rule_order.as_str().into())
        .stream_exception_policy(shell.stream_exceptions.as_str().into())
        .flow_timeouts(timeouts)
        .build();
    let mut policy = types::FirewallPolicy::builder()
        .set_stateless_default_actions(Some(shell.stateless_actions.clone()))
        .set_stateless_fragment_default_actions(Some(shell.fragment_actions.clone()))
        .set_stateful_default_actions(Some(shell.stateful_actions.clone()))
        .stateful_engine_options(engine);
    for Reference { arn, priority } in to {
        let reference = types::StatefulRuleGroupReference::builder().resource_arn(arn);
        let reference = reference.priority(number(*priority)?).build().map_err(wrong)?;
        policy = policy.stateful_rule_group_references(reference);
    }
    if !shell.home_net.is_empty() {
        let set = types::IpSet::builder().set_definition(Some(shell.home_net.clone())).build();
        let variables =
            types::PolicyVariables::builder().rule_variables("HOME_NET", set.map_err(wrong)?);
        policy = policy.policy_variables(variables.build());
    }
    policy.build().map_err(wrong)
}

fn tags(tags: &std::collections::BTreeMap<String, String>) -> Result<Vec<types::Tag>, Error> {
    let tag =
        |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().map_err(wrong)
}

fn number(number: u32) -> Result<i32, Error> {
    i32::try_from(number).map_err(|_| Error::Refused(format!("{number} is too large")))
}

fn wrong(error: BuildError) -> Error {
    Error::Refused(error.to_string())
}

// What goes wrong.

/// What was found; `None` if there is no such object.
fn found<T, E>(sent: Result<T, SdkError<E>>) -> Result<Option<T>, Error>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match sent.map_err(told) {
        Ok(output) => Ok(Some(output)),
        Err(Error::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A reply that does not say what it has to.
fn lacks(member: &str) -> Error {
    Error::Unavailable(format!("the reply has no {member}"))
}

/// What an error means to a push, once the SDK has given up.
fn told<E>(error: SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match &error {
        SdkError::ServiceError(context) => {
            let (code, status) = (error.code(), context.raw().status().as_u16());
            let said = error.message().unwrap_or("it does not say why");
            match code {
                Some("InvalidTokenException") => Error::Stale,
                Some("ResourceNotFoundException") => Error::Missing,
                Some(code) if status >= 500 || is_passing(code) => {
                    Error::Unavailable(format!("{said} ({code})"))
                }
                Some(code) => Error::Refused(format!("{said} ({code})")),
                // A reply that cannot be read may be one to a call that was obeyed.
                None => {
                    let why = format!("status {status}, {}", root(&error));
                    let is_no = (400..500).contains(&status);
                    if is_no { Error::Refused(why) } else { Error::Unavailable(why) }
                }
            }
        }
        SdkError::ConstructionFailure(_) => Error::Refused(root(&error)),
        SdkError::TimeoutError(_) => {
            Error::Unavailable(format!("none within {} s", CALL.as_secs()))
        }
        _ => Error::Unavailable(root(&error)),
    }
}

/// Whether the service would not say so of the same call later.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "InternalServerError"
            | "InternalFailure"
            | "InsufficientCapacityException"
            | "RequestLimitExceeded"
            | "ServiceUnavailable"
            | "TooManyRequestsException"
    ) || code.starts_with("Throttl")
}

/// What the error below all others says: what happened, where those above it say how that was noticed.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut root = error;
    while let Some(below) = root.source() {
        root = below;
    }
    root.to_string()
}

/// What an error says, and what the errors below it say.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if said.last().is_none_or(|last| !last.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_sends_back_what_it_does_not_know() {
        let described = Described {
            name: "shop".to_owned(),
            token: "t1".to_owned(),
            policy: json!({
                "StatefulRuleGroupReferences": [
                    { "ResourceArn": "managed", "Priority": 7, "Override": { "Action": "DROP_TO_ALERT" } },
                    { "ResourceArn": "old", "Priority": 100 },
                ],
                "StatelessDefaultActions": ["aws:forward_to_sfe"],
                "SettingOfNextYear": { "Strength": 11 },
            }),
            response: json!({
                "FirewallPolicyArn": "arn",
                "Description": "theirs",
                "EncryptionConfiguration": { "Type": "CUSTOMER_KMS", "KeyId": "k" },
                "ConsumedStatefulRuleCapacity": 400,
            }),
        };
        let to = [("managed", 7), ("new", 100)];
        let to = to.map(|(arn, priority)| Reference { priority, arn: arn.to_owned() });
        let expected = json!({
            "FirewallPolicyArn": "arn",
            "UpdateToken": "t1",
            "Description": "theirs",
            "EncryptionConfiguration": { "Type": "CUSTOMER_KMS", "KeyId": "k" },
            "FirewallPolicy": {
                "StatefulRuleGroupReferences": [
                    { "ResourceArn": "managed", "Priority": 7, "Override": { "Action": "DROP_TO_ALERT" } },
                    { "ResourceArn": "new", "Priority": 100 },
                ],
                "StatelessDefaultActions": ["aws:forward_to_sfe"],
                "SettingOfNextYear": { "Strength": 11 },
            },
        });
        assert_eq!(updated(&described, &to), expected);
    }

    #[test]
    fn a_zone_is_as_far_as_its_policy_and_groups() {
        use types::{AttachmentStatus, PerObjectStatus, PerObjectSyncStatus as Status};
        let policy = "arn:aws:network-firewall:us-east-1:1:firewall-policy/shop";
        let far = |key: &str, of_policy: Status, of_group: Status, attached: AttachmentStatus| {
            let object = |status: Status| {
                PerObjectStatus::builder().sync_status(status).update_token("t1").build()
            };
            let attachment = types::Attachment::builder().status(attached).build();
            let state = types::SyncState::builder()
                .attachment(attachment)
                .config(key, object(of_policy))
                .config("group", object(of_group))
                .build();
            let zone = in_zone("shop", "us-east-1a".to_owned(), policy, state);
            (zone.sync, zone.token)
        };
        let ready = || AttachmentStatus::Ready;
        let held = Some("t1".to_owned());
        for (found, expected) in [
            (far(policy, Status::InSync, Status::InSync, ready()), (Sync::InSync, held.clone())),
            (far("shop", Status::InSync, Status::InSync, ready()), (Sync::InSync, held.clone())),
            (far("other", Status::InSync, Status::InSync, ready()), (Sync::Unknown, None)),
            (far(policy, Status::InSync, Status::Pending, ready()), (Sync::Pending, held.clone())),
            (
                far(policy, Status::Pending, Status::CapacityConstrained, ready()),
                (Sync::CapacityConstrained, held.clone()),
            ),
            (
                far(policy, Status::InSync, Status::Deprecated, ready()),
                (Sync::InSync, held.clone()),
            ),
            (
                far(policy, Status::InSync, Status::InSync, AttachmentStatus::Creating),
                (Sync::Pending, held.clone()),
            ),
            (
                far(policy, Status::InSync, Status::InSync, AttachmentStatus::Failed),
                (Sync::Unknown, held.clone()),
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_group_with_anything_unknown_is_none_of_ours() {
        let group = json!({
            "RulesSource": { "RulesString": "pass ..." },
            "RuleVariables": {
                "IPSets": { "WEB": { "Definition": ["10.0.0.0/8"] } },
                "PortSets": {},
            },
            "ReferenceSets": null,
            "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
        });
        let content = |group: &Value| reply::content(&json!({ "RuleGroup": group }));
        let known = content(&group).unwrap();
        assert_eq!(known.ip_sets["WEB"], ["10.0.0.0/8"]);
        for (pointer, value) in [
            ("", ("Extra", json!(1))),
            ("/RuleVariables", ("ContextSets", json!({ "A": {} , "B": { "C": 1 } }))),
            ("/RuleVariables", ("PortSets", json!({ "P": { "Definition": ["1"] } }))),
            ("/StatefulRuleOptions", ("RuleOrder", json!("DEFAULT_ACTION_ORDER"))),
        ] {
            let mut group = group.clone();
            let part = group.pointer_mut(pointer).unwrap();
            *part = with(part.take(), [value]);
            assert_eq!(content(&group), None, "{group}");
        }
    }
}
