//! Replies of the service as they came, before the SDK leaves out what it does not know.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_sdk_networkfirewall::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_networkfirewall::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_networkfirewall::error::BoxError;
use fwc::deploy::Error;
use fwc::emit::Content;
use serde::Deserialize;
use serde_json::Value;

/// The reply to one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply(Arc<Mutex<Vec<u8>>>);

impl Reply {
    /// The reply as JSON.
    pub(super) fn json(&self) -> Result<Value, Error> {
        let bytes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::Unavailable(format!("the reply cannot be read: {error}")))
    }
}

impl Intercept for Reply {
    fn name(&self) -> &'static str {
        "Reply"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut bytes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *bytes = context.response().body().bytes().unwrap_or_default().to_vec();
        Ok(())
    }
}

/// Refuses a reply without a body, which the SDK takes for an object without members.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().is_success() && response.body().bytes().is_some_and(<[u8]>::is_empty) {
            return Err("the reply is empty".into());
        }
        Ok(())
    }
}

/// Tells whenever a call is made once more.
pub(super) struct Retries<F> {
    region: String,
    tell: F,
}

impl<F> Retries<F> {
    pub(super) fn new(region: &str, tell: F) -> Self {
        Self { region: region.to_owned(), tell }
    }
}

impl<F> fmt::Debug for Retries<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Retries").field("region", &self.region).finish_non_exhaustive()
    }
}

impl<F: Fn(&str) + Send + Sync> Intercept for Retries<F> {
    fn name(&self) -> &'static str {
        "Retries"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK writes which attempt it is for the service to know: `attempt=2; max=3`.
        let attempt = context.request().headers().get("amz-sdk-request");
        if attempt.is_some_and(|attempt| !attempt.starts_with("attempt=1;")) {
            (self.tell)(&self.region);
        }
        Ok(())
    }
}

/// The content of a rule group in the reply of `DescribeRuleGroup`; `None` if it says anything that
/// fwc does not write.
pub(super) fn content(reply: &Value) -> Option<Content> {
    let mut group = reply.get("RuleGroup")?.clone();
    prune(&mut group);
    let group = RuleGroup::deserialize(group).ok()?;
    if group.stateful_rule_options.rule_order != "STRICT_ORDER" {
        return None;
    }
    let sets = group.rule_variables.unwrap_or_default().ip_sets.into_iter();
    let references = group.reference_sets.unwrap_or_default().ip_set_references.into_iter();
    Some(Content {
        rules: group.rules_source.rules_string,
        ip_sets: sets.map(|(name, set)| (name, set.definition)).collect(),
        references: references.map(|(name, set)| (name, set.reference_arn)).collect(),
    })
}

/// Takes out what says nothing: a service may write a set that is not there as an empty one.
fn prune(value: &mut Value) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(prune);
        members.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(members) => !members.is_empty(),
            Value::Array(elements) => !elements.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleGroup {
    rules_source: RulesSource,
    rule_variables: Option<RuleVariables>,
    reference_sets: Option<ReferenceSets>,
    stateful_rule_options: RuleOptions,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RulesSource {
    rules_string: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RuleVariables {
    #[serde(rename = "IPSets")]
    ip_sets: BTreeMap<String, Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Definition {
    definition: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ReferenceSets {
    #[serde(rename = "IPSetReferences")]
    ip_set_references: BTreeMap<String, IpSetReference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IpSetReference {
    reference_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleOptions {
    rule_order: String,
}
