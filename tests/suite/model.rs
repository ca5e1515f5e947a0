//! What is sent to AWS, against AWS's own description of its API: the service model in botocore.
//!
//! botocore checks less of its model than the service does, so the model is walked here: required
//! and unknown members, lengths, ranges, patterns, enumerations.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::corpus::{compile, compile_cases, corpus, project};
use crate::emit::emit_all;

/// Prints one service model; botocore keeps them compressed.
const PRINT: &str = "import json, sys; from botocore.loaders import Loader; \
                     print(json.dumps(Loader().load_service_model(sys.argv[1], 'service-2')))";

const MISSING: &str = "botocore is missing: `scripts/test` installs it, and so does `python3 -m venv \
                       target/venv && target/venv/bin/python -m pip install botocore`";

/// A Python that has botocore.
pub(crate) fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let output = Command::new(&python).args(["-c", "import botocore"]).output();
    assert!(output.is_ok_and(|it| it.status.success()), "{MISSING}");
    python
}

/// The service model of Network Firewall.
pub(crate) fn model() -> Value {
    let output = Command::new(python()).args(["-c", PRINT, "network-firewall"]).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything in which a value is not of a shape.
pub(crate) fn faults(model: &Value, shape: &str, value: &Value) -> Vec<String> {
    let mut walk = Walk { model, faults: Vec::new() };
    walk.value(shape, value, shape);
    walk.faults
}

struct Walk<'m> {
    model: &'m Value,
    faults: Vec<String>,
}

impl Walk<'_> {
    fn value(&mut self, name: &str, value: &Value, path: &str) {
        let shape = &self.model["shapes"][name];
        match (shape["type"].as_str(), value) {
            (Some("structure"), Value::Object(members)) => {
                for required in shape["required"].as_array().into_iter().flatten() {
                    if !members.contains_key(required.as_str().unwrap()) {
                        self.fault(path, format!("{required} is missing"));
                    }
                }
                for (member, value) in members {
                    match shape["members"][member]["shape"].as_str() {
                        Some(shape) => self.value(shape, value, &format!("{path}.{member}")),
                        None => self.fault(path, format!("`{member}` is unknown")),
                    }
                }
            }
            (Some("list"), Value::Array(elements)) => {
                self.size(shape, elements.len() as u64, path);
                let member = shape["member"]["shape"].as_str().unwrap();
                for (index, element) in elements.iter().enumerate() {
                    self.value(member, element, &format!("{path}[{index}]"));
                }
            }
            (Some("map"), Value::Object(entries)) => {
                self.size(shape, entries.len() as u64, path);
                for (key, value) in entries {
                    let path = format!("{path}[{key}]");
                    let of = |part: &str| shape[part]["shape"].as_str().unwrap();
                    self.value(of("key"), &json!(key), &path);
                    self.value(of("value"), value, &path);
                }
            }
            (Some("string"), Value::String(text)) => {
                self.size(shape, text.chars().count() as u64, path);
                if shape["enum"].as_array().is_some_and(|known| !known.contains(value)) {
                    self.fault(path, format!("`{text}` is not one of {}", shape["enum"]));
                }
                let pattern = shape["pattern"].as_str();
                if pattern.is_some_and(|it| !Regex::new(it).unwrap().is_match(text)) {
                    self.fault(path, format!("`{text}` does not match {}", shape["pattern"]));
                }
            }
            (Some("integer" | "long"), Value::Number(number)) => {
                self.size(shape, number.as_u64().unwrap(), path);
            }
            (Some("boolean"), Value::Bool(_)) | (Some("timestamp"), Value::Number(_)) => {}
            (kind, _) => self.fault(path, format!("{value} is no {kind:?}")),
        }
    }

    fn size(&mut self, shape: &Value, size: u64, path: &str) {
        if shape["min"].as_u64().is_some_and(|least| size < least)
            || shape["max"].as_u64().is_some_and(|most| size > most)
        {
            self.fault(path, format!("{size} is not within {} to {}", shape["min"], shape["max"]));
        }
    }

    fn fault(&mut self, path: &str, what: String) {
        self.faults.push(format!("{path}: {what}"));
    }
}

#[test]
fn bodies_are_what_the_service_model_describes() {
    let model = model();
    let mut cases = compile_cases();
    cases.push((corpus().join("emit"), project(&corpus().join("emit/fwc.yaml"))));
    let mut cases: Vec<_> = cases
        .into_iter()
        .map(|(root, project)| (compile(&root, "policy.fw", &project), project))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = project(&root.join("fwc.yaml"));
    cases.push((compile(root, example.policy.as_deref().unwrap(), &example), example));
    let (mut groups, mut policies) = (0, 0);
    for (compiled, project) in cases {
        for artifact in emit_all(&compiled, &project).artifacts {
            let shape = if artifact.path.contains("/rule-group-") {
                groups += 1;
                "CreateRuleGroupRequest"
            } else if artifact.path.ends_with("/firewall-policy.json") {
                policies += 1;
                "CreateFirewallPolicyRequest"
            } else {
                continue;
            };
            let body: Value = serde_json::from_str(&artifact.contents).unwrap();
            let faults = faults(&model, shape, &body);
            assert!(faults.is_empty(), "{}: {faults:#?}", artifact.path);
        }
    }
    assert!(groups > 20 && policies > 2, "{groups} groups, {policies} policies");
}

#[test]
fn faults_are_found() {
    let body = json!({
        "RuleGroupName": "no_underscore",
        "Capacity": "many",
        "Colour": "red",
        "RuleGroup": {
            "RulesSource": { "RulesString": "" },
            "RuleVariables": { "IPSets": { "9lives": { "Definition": [""] } } },
            "StatefulRuleOptions": { "RuleOrder": "STRICT" },
        },
    });
    let found = faults(&model(), "CreateRuleGroupRequest", &body);
    let expected = [
        "\"Type\" is missing",
        "`no_underscore` does not match",
        "\"many\" is no",
        "`Colour` is unknown",
        "`9lives` does not match",
        "0 is not within 1",
        "`STRICT` is not one of",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for text in expected {
        assert!(found.iter().any(|fault| fault.contains(text)), "{text}: {found:#?}");
    }
}

#[test]
fn a_digest_can_be_computed_from_the_body() {
    let case = corpus().join("emit");
    let project = project(&case.join("fwc.yaml"));
    let emitted = emit_all(&compile(&case, "policy.fw", &project), &project);
    let body = |path: &str| -> Value {
        let artifact = emitted.artifacts.iter().find(|artifact| artifact.path == path);
        serde_json::from_str(&artifact.unwrap().contents).unwrap()
    };
    for role in ["primary", "secondary"] {
        let group = body(&format!("{role}/rule-group-1.json"));
        // Keys of this map are sorted, and it is printed without spaces.
        let digest = Sha256::digest(group["RuleGroup"].to_string().as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let tags = group["Tags"].as_array().unwrap();
        let tag = tags.iter().find(|tag| tag["Key"] == "fwc:digest").unwrap();
        assert_eq!(tag["Value"], digest);
        let name = group["RuleGroupName"].as_str().unwrap();
        assert_eq!(name, format!("shop-{role}-1-{}", &digest[..12]));
        let policy = body(&format!("{role}/firewall-policy.json"));
        let arn = &policy["FirewallPolicy"]["StatefulRuleGroupReferences"][0]["ResourceArn"];
        assert!(arn.as_str().unwrap().ends_with(&format!(":stateful-rulegroup/{name}")));
    }
}
