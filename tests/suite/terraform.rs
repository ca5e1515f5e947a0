//! `fwc.tf.json` in a real Terraform, with the real provider's schema.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::corpus::{compile, corpus, project};
use crate::emit::emit_all;

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

#[test]
fn terraform_accepts_the_modules_of_two_regions() {
    if std::env::var_os("FWC_WITHOUT_TERRAFORM").is_some() {
        // `scripts/test` says so aloud, and sets it only outside of CI.
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

    let plugins = plugins().map(|folder| format!("-plugin-dir={}", folder.display()));
    let init = ["init", "-backend=false", "-input=false", "-no-color"];
    let init: Vec<&str> = init.into_iter().chain(plugins.as_deref()).collect();
    terraform(folder.path(), &init);
    let answer = terraform(folder.path(), &["validate", "-json"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["valid"], &answer["diagnostics"]), (&json!(true), &json!([])));
    let answer = terraform(folder.path(), &["test", "-no-color"]);
    assert!(answer.contains("1 passed, 0 failed"), "{answer}");
}
