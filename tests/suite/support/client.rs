//! `deploy::Firewall` over the emulator, call by call and without HTTP, so that thousands of pushes fit
//! into seconds. What is harmless is asked for again, as often as the SDK does.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::rc::Rc;

use fwc::deploy::{
    Error, Firewall, FirewallState, GroupState, NewGroup, NewPolicy, PolicyState, Reference, Shell,
    Sync, Zone,
};
use fwc::emit::Content;
use serde_json::{Value, json};

use super::emulator::{Cloud, Failure};
use super::fake::{run_until, yield_now};

/// How often the SDK asks (`RetryConfig::standard`,
/// <https://docs.rs/aws-config/latest/aws_config/retry/struct.RetryConfig.html>, 2026-11).
const ATTEMPTS: usize = 3;

/// A region of an account.
#[derive(Clone)]
pub(crate) struct Client {
    cloud: Rc<RefCell<Cloud>>,
    region: String,
}

impl Client {
    pub(crate) fn new(cloud: &Rc<RefCell<Cloud>>, region: &str) -> Self {
        Self { cloud: Rc::clone(cloud), region: region.to_owned() }
    }

    /// The account.
    pub(crate) fn cloud(&self) -> RefMut<'_, Cloud> {
        self.cloud.borrow_mut()
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Value, Error> {
        let is_dry_run = body.get("DryRun").is_some_and(|it| it == true);
        let asks = ["Describe", "List"].iter().any(|verb| operation.starts_with(verb));
        let mut attempt = 1;
        loop {
            // So that the calls of several regions alternate.
            yield_now().await;
            let result = self.cloud().call(&self.region, operation, body.clone());
            let (error, may_be_done) = match result {
                Ok(answer) => return Ok(answer),
                Err(Failure::Gone) => pending().await,
                Err(Failure::Reset) => (Error::Unavailable("connection reset".to_owned()), true),
                Err(Failure::Refused(error)) => match error.code {
                    "InvalidTokenException" => return Err(Error::Stale),
                    "ResourceNotFoundException" => return Err(Error::Missing),
                    "InvalidOperationException" => return Err(Error::InUse),
                    "ThrottlingException" => (Error::Unavailable(error.message), false),
                    "InternalServerError" => (Error::Unavailable(error.message), true),
                    _ => return Err(Error::Refused(error.message)),
                },
            };
            if attempt == ATTEMPTS || (may_be_done && !asks && !is_dry_run) {
                return Err(error);
            }
            attempt += 1;
        }
    }

    /// The same for what need not be there.
    async fn find(&self, operation: &str, body: Value) -> Result<Option<Value>, Error> {
        match self.call(operation, body).await {
            Err(Error::Missing) => Ok(None),
            found => found.map(Some),
        }
    }

    async fn make(&self, group: &NewGroup, is_dry_run: bool) -> Result<String, Error> {
        let Content { rules, ip_sets, references } = &group.sized.content;
        let defined = |(name, set)| (name, json!({ "Definition": set }));
        let referred = |(name, arn)| (name, json!({ "ReferenceArn": arn }));
        let body = json!({
            "RuleVariables": { "IPSets": ip_sets.iter().map(defined).collect::<BTreeMap<_, _>>() },
            "ReferenceSets": {
                "IPSetReferences": references.iter().map(referred).collect::<BTreeMap<_, _>>(),
            },
            "RulesSource": { "RulesString": rules },
            "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
        });
        let body = json!({
            "RuleGroupName": group.name,
            "Type": "STATEFUL",
            "Capacity": group.sized.capacity,
            "Description": group.description,
            "RuleGroup": body,
            "Tags": tags(&group.tags),
            "DryRun": is_dry_run,
        });
        let made = self.call("CreateRuleGroup", body).await?;
        Ok(text(&made["RuleGroupResponse"]["RuleGroupArn"]))
    }
}

/// Runs something to its end, or until it is killed, which gives `None`.
pub(crate) fn drive<T>(cloud: &RefCell<Cloud>, future: impl Future<Output = T>) -> Option<T> {
    run_until(|| cloud.borrow().is_killed(), future)
}

impl Firewall for Client {
    async fn policy(&self, name: &str) -> Result<Option<PolicyState>, Error> {
        let asked = json!({ "FirewallPolicyName": name });
        let found = self.find("DescribeFirewallPolicy", asked).await?;
        Ok(found.map(|found| {
            let response = &found["FirewallPolicyResponse"];
            let errors = list(&response["Errors"]).map(|error| text(&error["Message"]));
            PolicyState {
                arn: text(&response["FirewallPolicyArn"]),
                token: text(&found["UpdateToken"]),
                shell: shell(&found["FirewallPolicy"]),
                references: references(&found["FirewallPolicy"]["StatefulRuleGroupReferences"]),
                associations: number(&response["NumberOfAssociations"]),
                errors: errors.collect(),
            }
        }))
    }

    async fn groups(&self) -> Result<Vec<String>, Error> {
        let (mut arns, mut next) = (Vec::new(), Value::Null);
        loop {
            let mut asked = json!({ "Type": "STATEFUL", "Scope": "ACCOUNT" });
            if !next.is_null() {
                asked["NextToken"] = next;
            }
            let page = self.call("ListRuleGroups", asked).await?;
            arns.extend(list(&page["RuleGroups"]).map(|group| text(&group["Arn"])));
            next = page["NextToken"].clone();
            if next.is_null() {
                return Ok(arns);
            }
        }
    }

    async fn group(&self, name: &str) -> Result<Option<GroupState>, Error> {
        let asked = json!({ "RuleGroupName": name, "Type": "STATEFUL" });
        let found = self.find("DescribeRuleGroup", asked).await?;
        Ok(found.map(|found| {
            let response = &found["RuleGroupResponse"];
            let tag = |tag: &Value| (text(&tag["Key"]), text(&tag["Value"]));
            GroupState {
                arn: text(&response["RuleGroupArn"]),
                capacity: number(&response["Capacity"]),
                content: content(&found["RuleGroup"]),
                tags: list(&response["Tags"]).map(tag).collect(),
            }
        }))
    }

    async fn firewall(&self, name: &str) -> Result<Option<FirewallState>, Error> {
        let found = self.find("DescribeFirewall", json!({ "FirewallName": name })).await?;
        Ok(found.map(|found| {
            let policy = text(&found["Firewall"]["FirewallPolicyArn"]);
            let states = found["FirewallStatus"]["SyncStates"].as_object().unwrap();
            let zone = |(zone, state): (&String, &Value)| {
                let statuses = state["Config"].as_object().unwrap().values();
                let mut statuses = statuses.map(|object| text(&object["SyncStatus"]));
                let other = statuses.find(|status| status != "IN_SYNC");
                Zone {
                    firewall: name.to_owned(),
                    zone: zone.clone(),
                    sync: match other.as_deref() {
                        None => Sync::InSync,
                        Some("PENDING") => Sync::Pending,
                        Some(_) => Sync::CapacityConstrained,
                    },
                    token: state["Config"][&policy]["UpdateToken"].as_str().map(str::to_owned),
                    message: None,
                }
            };
            let zones = states.iter().map(zone).collect();
            FirewallState { name: name.to_owned(), policy, zones }
        }))
    }

    async fn check_group(&self, group: &NewGroup) -> Result<(), Error> {
        self.make(group, true).await.map(|_| ())
    }

    async fn create_group(&self, group: &NewGroup) -> Result<String, Error> {
        self.make(group, false).await
    }

    async fn create_policy(&self, policy: &NewPolicy, to: &[Reference]) -> Result<(), Error> {
        let shell = &policy.shell;
        let mut body = json!({
            "StatelessDefaultActions": shell.stateless_actions,
            "StatelessFragmentDefaultActions": shell.fragment_actions,
            "StatefulDefaultActions": shell.stateful_actions,
            "StatefulEngineOptions": {
                "RuleOrder": shell.rule_order,
                "StreamExceptionPolicy": shell.stream_exceptions,
                "FlowTimeouts": { "TcpIdleTimeoutSeconds": shell.idle_seconds },
            },
            "StatefulRuleGroupReferences": to.iter().map(reference_json).collect::<Vec<_>>(),
        });
        if !shell.home_net.is_empty() {
            let home_net = json!({ "HOME_NET": { "Definition": shell.home_net } });
            body["PolicyVariables"] = json!({ "RuleVariables": home_net });
        }
        let body = json!({
            "FirewallPolicyName": policy.name,
            "Description": policy.description,
            "FirewallPolicy": body,
            "Tags": tags(&policy.tags),
        });
        self.call("CreateFirewallPolicy", body).await.map(|_| ())
    }

    async fn switch(&self, policy: &str, token: &str, to: &[Reference]) -> Result<String, Error> {
        let asked = json!({ "FirewallPolicyName": policy });
        let described = self.call("DescribeFirewallPolicy", asked).await?;
        let mut body = described["FirewallPolicy"].clone();
        body["StatefulRuleGroupReferences"] = to.iter().map(reference_json).collect();
        let mut body = json!({
            "FirewallPolicyName": policy, "FirewallPolicy": body, "UpdateToken": token,
        });
        if let Some(description) = described["FirewallPolicyResponse"].get("Description") {
            body["Description"] = description.clone();
        }
        let answer = self.call("UpdateFirewallPolicy", body).await?;
        Ok(text(&answer["UpdateToken"]))
    }

    async fn delete_group(&self, name: &str) -> Result<(), Error> {
        let asked = json!({ "RuleGroupName": name, "Type": "STATEFUL" });
        self.call("DeleteRuleGroup", asked).await.map(|_| ())
    }

    async fn pause(&self) {
        self.cloud().advance(1);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).map(text).collect()
}

fn tags(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn reference_json(reference: &Reference) -> Value {
    json!({ "ResourceArn": reference.arn, "Priority": reference.priority })
}

fn references(value: &Value) -> Vec<Reference> {
    let reference = |reference: &Value| Reference {
        priority: number(&reference["Priority"]),
        arn: text(&reference["ResourceArn"]),
    };
    let mut references: Vec<_> = list(value).map(reference).collect();
    references.sort();
    references
}

fn shell(policy: &Value) -> Shell {
    let engine = &policy["StatefulEngineOptions"];
    let stateless = list(&policy["StatelessRuleGroupReferences"]);
    Shell {
        rule_order: text(&engine["RuleOrder"]),
        stateless_actions: texts(&policy["StatelessDefaultActions"]),
        fragment_actions: texts(&policy["StatelessFragmentDefaultActions"]),
        stateless_groups: stateless.map(|reference| text(&reference["ResourceArn"])).collect(),
        stateful_actions: texts(&policy["StatefulDefaultActions"]),
        stream_exceptions: text(&engine["StreamExceptionPolicy"]),
        idle_seconds: number(&engine["FlowTimeouts"]["TcpIdleTimeoutSeconds"]),
        home_net: texts(&policy["PolicyVariables"]["RuleVariables"]["HOME_NET"]["Definition"]),
    }
    .sorted()
}

/// What a group holds; `None` if that is no text in strict order.
fn content(group: &Value) -> Option<Content> {
    if group["StatefulRuleOptions"]["RuleOrder"] != "STRICT_ORDER" {
        return None;
    }
    let entries = |value: &Value| value.as_object().cloned().unwrap_or_default().into_iter();
    let ip_sets = entries(&group["RuleVariables"]["IPSets"]);
    let references = entries(&group["ReferenceSets"]["IPSetReferences"]);
    Some(Content {
        rules: group["RulesSource"]["RulesString"].as_str()?.to_owned(),
        ip_sets: ip_sets.map(|(name, set)| (name, texts(&set["Definition"]))).collect(),
        references: references.map(|(name, it)| (name, text(&it["ReferenceArn"]))).collect(),
    })
}
