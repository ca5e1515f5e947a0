//! `fwc.tf.json` in a real Terraform, with the real provider's schema.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::corpus::{compile, corpus, project};
use crate::emit::emit_all;
use crate::support::emulator::http::Server;
use crate::support::emulator::{Cloud, Outcome, Settings, Stack};

/// Asks that the text Terraform would send is the text that was compiled.
const TEST: &str = r#"
mock_provider "aws" {}

run "text" {
  command = plan
  module { source = "./primary" }
  assert {
    condition = (
      aws_networkfirewall_rule_group.group_1.rule_group[0].rules_source[0].rules_string
      == file("./primary.rules")
    )
    error_message = "another text"
  }
}
"#;

/// A folder of providers laid out as Terraform's mirrors are; none leaves it to Terraform where the
/// provider comes from.
fn plugins() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("FWC_TF_PLUGINS") {
        return Some(named.into());
    }
    let folders = ["/opt", "/usr/share/terraform", "/usr/local/share/terraform"];
    let below = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut found: Vec<_> =
        below.map(|entry| entry.unwrap().path()).filter(|path| holds_provider(path)).collect();
    found.sort();
    found.into_iter().next()
}

/// Whether a folder of the mirror's host, whatever it is called, has the provider.
fn holds_provider(mirror: &Path) -> bool {
    let hosts = fs::read_dir(mirror).into_iter().flatten();
    hosts.flatten().any(|host| host.path().join("hashicorp/aws").is_dir())
}

fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .output()
        .unwrap_or_else(|error| panic!("terraform 1.7 or later is needed on the PATH, see https://developer.hashicorp.com/terraform/install ({error})"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "terraform {arguments:?}\n{text}\n{complaint}");
    text
}

/// Prepares a folder.
fn init(folder: &Path) {
    let plugins = plugins().map(|folder| format!("-plugin-dir={}", folder.display()));
    let init = ["init", "-backend=false", "-input=false", "-no-color"];
    let init: Vec<&str> = init.into_iter().chain(plugins.as_deref()).collect();
    terraform(folder, &init);
}

/// Whether there is none; `scripts/test` says so aloud, and sets it only outside of CI.
fn is_missing() -> bool {
    std::env::var_os("FWC_WITHOUT_TERRAFORM").is_some()
}

#[test]
fn terraform_accepts_the_modules_of_two_regions() {
    if is_missing() {
        return;
    }
    let case = corpus().join("emit");
    let project = project(&case.join("fwc.yaml"));
    let compiled = compile(&case, "policy.fw", &project);
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for artifact in emit_all(&compiled, &project).artifacts {
        if artifact.path.ends_with(".tf.json") {
            write(&artifact.path, &artifact.contents);
        }
    }
    let first = &compiled.rulesets[0];
    write("primary.rules", first.text(&first.groups[0]));
    write("text.tftest.hcl", TEST);
    let main = json!({
        "provider": { "aws": [
            { "alias": "primary", "region": "us-east-1" },
            { "alias": "secondary", "region": "us-gov-west-1" },
        ] },
        "module": {
            "primary": { "source": "./primary", "providers": { "aws": "aws.primary" } },
            "secondary": { "source": "./secondary", "providers": { "aws": "aws.secondary" } },
        },
    });
    write("main.tf.json", &main.to_string());

    init(folder.path());
    let answer = terraform(folder.path(), &["validate", "-json"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["valid"], &answer["diagnostics"]), (&json!(true), &json!([])));
    let answer = terraform(folder.path(), &["test", "-no-color"]);
    assert!(answer.contains("1 passed, 0 failed"), "{answer}");
}

/// A firewall with a policy that says nothing; what it refers to is not Terraform's.
fn shell(url: &str) -> Value {
    let stack = &Stack::example()[0];
    let home_net = json!({ "key": "HOME_NET", "ip_set": { "definition": stack.home_net } });
    let policy = json!({
        "stateless_default_actions": ["aws:forward_to_sfe"],
        "stateless_fragment_default_actions": ["aws:forward_to_sfe"],
        "stateful_default_actions": stack.policy()["StatefulDefaultActions"],
        "stateful_engine_options": {
            "rule_order": "STRICT_ORDER",
            "stream_exception_policy": "REJECT",
            "flow_timeouts": { "tcp_idle_timeout_seconds": 350 },
        },
        "policy_variables": { "rule_variables": home_net },
    });
    let log = |kind: &str| {
        json!({
            "log_type": kind, "log_destination_type": "CloudWatchLogs",
            "log_destination": { "logGroup": "/firewall" },
        })
    };
    json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws" } } },
        "provider": { "aws": {
            "region": stack.region,
            "access_key": "AKIAIOSFODNN7EXAMPLE",
            "secret_key": "not a secret",
            "skip_credentials_validation": true,
            "skip_metadata_api_check": true,
            "skip_requesting_account_id": true,
            "endpoints": { "networkfirewall": url },
        } },
        "resource": {
            "aws_networkfirewall_firewall_policy": { "shell": {
                "name": stack.name,
                "firewall_policy": policy,
                "lifecycle": {
                    "ignore_changes": ["firewall_policy[0].stateful_rule_group_reference"],
                },
            } },
            "aws_networkfirewall_firewall": { "firewall": {
                "name": stack.name,
                "firewall_policy_arn": "${aws_networkfirewall_firewall_policy.shell.arn}",
                "vpc_id": "vpc-0a",
                "subnet_mapping": [{ "subnet_id": "subnet-0a" }, { "subnet_id": "subnet-0b" }],
            } },
            "aws_networkfirewall_logging_configuration": { "logs": {
                "firewall_arn": "${aws_networkfirewall_firewall.firewall.arn}",
                "logging_configuration": { "log_destination_config": [log("ALERT"), log("FLOW")] },
            } },
        },
    })
}

#[test]
#[ignore = "takes a minute"]
fn terraform_and_a_push_share_a_policy() {
    if is_missing() {
        return;
    }
    let server = Server::start(Cloud::new(Settings::default()), 0, |_| ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf.json"), shell(&server.url()).to_string()).unwrap();
    init(folder.path());
    terraform(folder.path(), &["apply", "-auto-approve", "-no-color"]);
    // What a push does.
    let stack = &Stack::example()[0];
    let group = json!({
        "RuleGroupName": "pushed", "Type": "STATEFUL", "Capacity": 1,
        "RuleGroup": {
            "RulesSource": { "RulesString": "pass tls any any -> any any (sid:1;)" },
            "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
        },
    });
    let made = server.cloud().act(&stack.region, "CreateRuleGroup", group).unwrap();
    let mut policy = stack.policy();
    let arn = &made["RuleGroupResponse"]["RuleGroupArn"];
    policy["StatefulRuleGroupReferences"] = json!([{ "ResourceArn": arn, "Priority": 100 }]);
    let switch = json!({
        "FirewallPolicyName": stack.name, "UpdateToken": "current", "FirewallPolicy": policy,
    });
    server.cloud().act(&stack.region, "UpdateFirewallPolicy", switch).unwrap();
    let plan = terraform(folder.path(), &["plan", "-detailed-exitcode", "-no-color"]);
    assert!(plan.contains("No changes."), "{plan}");
    assert_eq!(server.cloud().versions(&stack.region, &stack.name).last().unwrap().groups.len(), 1);
    terraform(folder.path(), &["destroy", "-auto-approve", "-no-color"]);
    let cloud = server.cloud();
    assert_eq!(cloud.groups(&stack.region), ["pushed"]);
    // It deletes the policy while the firewall goes, and tries again.
    let changes = cloud.journal().iter().filter(|call| call.mutating);
    let outcomes: Vec<_> = changes.map(|call| &call.outcome).collect();
    let in_use = Outcome::Refused("InvalidOperationException");
    assert!(
        outcomes.iter().all(|it| matches!(it, Outcome::Done) || **it == in_use),
        "{outcomes:?}"
    );
}
