//! The emulator of Network Firewall: that it refuses what the service refuses, and that others than fwc
//! understand it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::corpus::{compile, project};
use crate::emit::emit_all;
use crate::model;
use crate::support::emulator::http::Server;
use crate::support::emulator::{
    Chaos, Cloud, Endpoint, Failure, Fault, Injection, Keys, Loader, Outcome, ReadBack, Settings,
    Stack,
};

const REGION: &str = "us-east-1";
const LINE: &str =
    "pass tls $HOME_NET any -> any 443 (msg:\"a\"; tls.sni; content:\"a\"; sid:1;)\n";

/// An account with the first stack of the example.
fn cloud() -> Cloud {
    Cloud::with_stacks(Settings::default(), &Stack::example()[..1])
}

fn done(cloud: &mut Cloud, operation: &str, body: Value) -> Value {
    cloud.call(REGION, operation, body).unwrap_or_else(|it| panic!("{operation}: {it:?}"))
}

/// The exception and its text.
fn refused(cloud: &mut Cloud, operation: &str, body: Value) -> String {
    match cloud.call(REGION, operation, body) {
        Err(Failure::Refused(error)) => format!("{}: {}", error.code, error.message),
        other => panic!("{operation}: {other:?}"),
    }
}

fn body(text: &str) -> Value {
    json!({
        "RulesSource": { "RulesString": text },
        "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
    })
}

fn group(name: &str, text: &str) -> Value {
    json!({
        "RuleGroupName": name, "Type": "STATEFUL", "Capacity": 10, "RuleGroup": body(text),
    })
}

fn make_group(cloud: &mut Cloud, name: &str) -> String {
    let made = done(cloud, "CreateRuleGroup", group(name, LINE));
    made["RuleGroupResponse"]["RuleGroupArn"].as_str().unwrap().to_owned()
}

/// The shell of the stack, with groups at these places.
fn policy(references: &[(&str, u32)]) -> Value {
    let mut policy = Stack::example()[0].policy();
    let place = |(arn, priority): &(&str, u32)| json!({ "ResourceArn": arn, "Priority": priority });
    policy["StatefulRuleGroupReferences"] = references.iter().map(place).collect();
    policy
}

fn token(cloud: &mut Cloud) -> Value {
    let asked = json!({ "FirewallPolicyName": "shop-prod-primary" });
    done(cloud, "DescribeFirewallPolicy", asked)["UpdateToken"].clone()
}

fn switch(cloud: &mut Cloud, references: &[(&str, u32)]) -> Value {
    json!({
        "FirewallPolicyName": "shop-prod-primary",
        "FirewallPolicy": policy(references),
        "UpdateToken": token(cloud),
    })
}

/// A value with a part of it replaced, or taken away by `null`.
fn with(mut value: Value, pointer: &str, part: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if part.is_null() {
        parent.remove(member);
    } else {
        parent.insert(member.to_owned(), part);
    }
    value
}

#[test]
fn signatures_are_refused_as_the_service_does() {
    let long = format!("pass tls $BIG any -> any any (msg:\"{}\"; sid:1;)", "a".repeat(8_000));
    let cases = [
        ("pass tls any any -> any any (msg:\"a\";)", "sid not assigned"),
        ("pass tls any any -> any any (sid:0;)", "sid not assigned"),
        (
            "pass tls any any -> any any (sid:1; gid:2;)",
            "GIDs are not allowed. Illegal option(s): [gid:2]",
        ),
        ("pass tls any any -> any any (sid:1; priority:2;)", "keywords priority or classtype"),
        ("pass tls any any -> any any (sid:1; classtype:x;)", "keywords priority or classtype"),
        ("permit tls any any -> any any (sid:1;)", "Action permit is not supported"),
        ("reject udp any any -> any any (sid:1;)", "udp reject is not supported"),
        (
            "pass tls any any -> any any (dataset:isset,x; sid:1;)",
            "RuleOptions dataset is not supported",
        ),
        ("pass tls any any -> any any (pcre:\"/a/\"; sid:1;)", "Using pcre without"),
        ("pass tls any any -> any any \\\n(sid:1;)", "Illegal option syntax"),
        ("pass tls any any -> any (sid:1;)", "Illegal option syntax"),
        ("pass tls any any -> any any (sid:1)", "Illegal option syntax"),
        ("pass tls any any -> any any (msg:\"a; sid:1;)", "Illegal option syntax"),
        (
            "pass tls $SHOP any -> any any (sid:1;)",
            "SHOP cannot be null or empty, context: RuleVariables.IPSets.SHOP",
        ),
        (
            "pass tls any any -> any $HTTP_PORTS (sid:1;)",
            "context: RuleVariables.PortSets.HTTP_PORTS",
        ),
        ("pass tls @LIST any -> any any (sid:1;)", "context: ReferenceSets.IPSetReferences.LIST"),
        (long.as_str(), "Rule exceeds max length (8192)"),
        (
            "pass tls any any -> any any (sid:1;)\npass tcp any any -> any any (sid:1;)",
            "Duplicate signature 1",
        ),
    ];
    let mut cloud = Cloud::new(Settings::default());
    // 8,044 characters of text, and more than a hundred of addresses.
    let big: Vec<String> = (0..9).map(|it| format!("10.100.100.{}/32", 100 + it)).collect();
    for (text, expected) in cases {
        let mut create = group("a", text);
        create["RuleGroup"]["RuleVariables"] =
            json!({ "IPSets": { "BIG": { "Definition": big } } });
        let said = refused(&mut cloud, "CreateRuleGroup", create);
        assert!(said.starts_with("InvalidRequestException: "), "{text}: {said}");
        assert!(said.contains(expected), "{text}: {said}");
    }
    let fine = format!(
        "# A comment costs nothing.\n\n{LINE}alert http [10.0.0.0/8, $BIG] [80,81] <> !@LIST any \
         (msg:\"a\\; b; (c)\"; pcre:\"/^a;b/i\"; content:\"a|3b|\"; sid:2;)\n"
    );
    let mut create = group("a", &fine);
    create["RuleGroup"]["RuleVariables"] = json!({ "IPSets": { "BIG": { "Definition": big } } });
    let list = json!({ "ReferenceArn": "arn:aws:ec2:us-east-1:123456789012:prefix-list/pl-1" });
    create["RuleGroup"]["ReferenceSets"] = json!({ "IPSetReferences": { "LIST": list } });
    let made = done(&mut cloud, "CreateRuleGroup", create);
    assert_eq!(made["RuleGroupResponse"]["ConsumedCapacity"], 2);
}

#[test]
fn groups_are_refused_as_the_service_does() {
    let mut cloud = cloud();
    make_group(&mut cloud, "taken");
    let create = || group("a", LINE);
    let two = json!({ "Targets": ["a.example", ".a.example"], "TargetTypes": ["TLS_SNI"], "GeneratedRulesType": "ALLOWLIST" });
    let tags: Vec<Value> =
        (0..51).map(|it| json!({ "Key": format!("k{it}"), "Value": "" })).collect();
    let reference =
        json!({ "ReferenceArn": "arn:aws:ec2:us-east-1:123456789012:prefix-list/pl-1" });
    let lists: serde_json::Map<String, Value> = (0..6)
        .map(|it| {
            (format!("L{it}"), json!({ "ReferenceArn": format!("arn:aws:ec2:::prefix-list/{it}") }))
        })
        .collect();
    let cases = [
        (with(create(), "/RuleGroupName", json!("a_b")), "RuleGroupName is invalid"),
        (with(create(), "/RuleGroupName", json!("a--b")), "RuleGroupName is invalid"),
        (with(create(), "/RuleGroupName", json!("taken")), "already exists"),
        (with(create(), "/Description", json!("a\nb")), "Description is invalid"),
        (
            with(create(), "/Capacity", json!(30_001)),
            "Capacity capacity exceeded, parameter: [30001]",
        ),
        (with(create(), "/Rules", json!(LINE)), "Exactly one of Rules or RuleGroup must be set"),
        (
            with(create(), "/RuleGroup", Value::Null),
            "Exactly one of Rules or RuleGroup must be set",
        ),
        (
            with(create(), "/RuleGroup/RulesSource/RulesSourceList", two.clone()),
            "must set exactly one",
        ),
        (
            with(create(), "/RuleGroup/RulesSource", json!({ "RulesSourceList": two })),
            "duplicate values",
        ),
        (
            with(
                create(),
                "/RuleGroup/RuleVariables",
                json!({ "IPSets": { "A": { "Definition": [] } } }),
            ),
            "cannot be null or empty",
        ),
        (
            with(
                create(),
                "/RuleGroup/RuleVariables",
                json!({ "IPSets": { "A": { "Definition": ["10.0.0.0/33"] } } }),
            ),
            "parameter: [10.0.0.0/33]",
        ),
        (
            with(
                create(),
                "/RuleGroup/RuleVariables",
                json!({ "IPSets": { "1A": { "Definition": ["10.0.0.0/8"] } } }),
            ),
            "IPSets is invalid, parameter: [1A]",
        ),
        (
            with(
                create(),
                "/RuleGroup/ReferenceSets",
                json!({ "IPSetReferences": { "A": reference, "B": reference } }),
            ),
            "IPSetReferences is invalid",
        ),
        (
            with(create(), "/RuleGroup/ReferenceSets", json!({ "IPSetReferences": lists })),
            "IPSetReferences limit exceeded, parameter: [6]",
        ),
        (
            with(
                create(),
                "/Tags",
                json!([{ "Key": "a", "Value": "" }, { "Key": "a", "Value": "" }]),
            ),
            "duplicate keys",
        ),
        (with(create(), "/Tags", json!([{ "Key": "aws:a", "Value": "" }])), "Tags is invalid"),
        (with(create(), "/Tags", json!([{ "Key": "a", "Value": "a*" }])), "Tags is invalid"),
        (with(create(), "/Tags", json!(tags)), "Tags limit exceeded, parameter: [51]"),
        (with(group("a", LINE), "/Capacity", json!(0)), "Capacity capacity exceeded"),
        (group("a", &"#".repeat(2_000_001)), "RulesString capacity exceeded"),
        // What the service overlooks, this emulator does not.
        (with(create(), "/Colour", json!("red")), "unknown field `Colour`"),
        (with(create(), "/RuleGroup/RuleSource", json!({})), "unknown field `RuleSource`"),
        (with(create(), "/Capacity", Value::Null), "missing field `Capacity`"),
    ];
    for (create, expected) in cases {
        let said = refused(&mut cloud, "CreateRuleGroup", create);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let lines: String = (1..12).map(|sid| LINE.replace("sid:1;", &format!("sid:{sid};"))).collect();
    let said = refused(&mut cloud, "CreateRuleGroup", group("a", &lines));
    assert!(
        said.ends_with(
            "StatefulRules capacity exceeded, parameter: [11], context: RulesSource.RulesString"
        ),
        "{said}"
    );
    for number in 1..50 {
        make_group(&mut cloud, &format!("g{number}"));
    }
    let said = refused(&mut cloud, "CreateRuleGroup", create());
    assert!(said.starts_with("LimitExceededException: "), "{said}");
    assert_eq!(cloud.groups(REGION).len(), 50);
}

#[test]
fn policies_are_refused_as_the_service_does() {
    let mut cloud = cloud();
    let a = make_group(&mut cloud, "a");
    let b = make_group(&mut cloud, "b");
    let loose = with(group("loose", LINE), "/RuleGroup/StatefulRuleOptions", Value::Null);
    let loose =
        done(&mut cloud, "CreateRuleGroup", loose)["RuleGroupResponse"]["RuleGroupArn"].clone();
    let large = with(group("large", LINE), "/Capacity", json!(29_995));
    let large =
        done(&mut cloud, "CreateRuleGroup", large)["RuleGroupResponse"]["RuleGroupArn"].clone();
    let many: Vec<String> = (0..21).map(|it| format!("{a}{it}")).collect();
    let many: Vec<(&str, u32)> = many.iter().map(String::as_str).zip(1..).collect();
    let elsewhere = a.replace("us-east-1", "us-west-2");
    let stateless = a.replace("stateful", "stateless");
    let shell = || policy(&[]);
    let actions = |actions: &[&str]| with(shell(), "/StatefulDefaultActions", json!(actions));
    let first = "/StatefulRuleGroupReferences/0/Priority";
    let cases = [
        (policy(&[(&a, 1), (&b, 1)]), "Priority has duplicate values"),
        (policy(&[(&a, 0)]), "Priority is invalid"),
        (policy(&[(&a, 1), (&a, 2)]), "ResourceArn has duplicate values"),
        (with(policy(&[(&a, 1)]), first, Value::Null), "Priority cannot be null"),
        (policy(&[(&elsewhere, 1)]), "rule group ARN is invalid"),
        (policy(&[(&format!("{a}x"), 1)]), "rule group ARN does not exist"),
        (policy(&[(&stateless, 1)]), "rule group ARN is of incorrect entity type"),
        (policy(&[(loose.as_str().unwrap(), 1)]), "ResourceArn has invalid rule order"),
        (policy(&[(&a, 1), (large.as_str().unwrap(), 2)]), "capacity exceeded, parameter: [30005]"),
        (policy(&many), "StatefulRuleGroupReferences limit exceeded, parameter: [21]"),
        (
            with(
                policy(&[(&a, 1)]),
                "/StatefulRuleGroupReferences/0/Override",
                json!({ "Action": "DROP_TO_ALERT" }),
            ),
            "rule group must be a managed resource",
        ),
        (
            with(shell(), "/StatelessDefaultActions", json!(["mine"])),
            "StatelessDefaultActions cannot be null or empty",
        ),
        (
            with(shell(), "/StatelessFragmentDefaultActions", json!([])),
            "StatelessFragmentDefaultActions cannot be null or empty",
        ),
        (
            with(shell(), "/StatefulEngineOptions", Value::Null),
            "StatefulDefaultActions has invalid rule order, parameter: [DEFAULT_ACTION_ORDER]",
        ),
        (
            with(shell(), "/StatefulEngineOptions/FlowTimeouts/TcpIdleTimeoutSeconds", json!(59)),
            "TcpIdleTimeoutSeconds is invalid",
        ),
        (
            with(shell(), "/StatefulEngineOptions/StreamExceptionPolicy", json!("PASS")),
            "StreamExceptionPolicy is invalid",
        ),
        (actions(&["aws:drop_strict", "aws:drop_established"]), "cannot exist together"),
        (
            actions(&["aws:drop_established", "aws:alert_established_app_layer"]),
            "cannot exist together",
        ),
        (actions(&["aws:drop"]), "StatefulDefaultActions is invalid, parameter: [aws:drop]"),
        (
            with(
                shell(),
                "/PolicyVariables/RuleVariables/EXTERNAL_NET",
                json!({ "Definition": ["10.0.0.0/8"] }),
            ),
            "RuleVariables is invalid, parameter: [EXTERNAL_NET]",
        ),
        (
            with(shell(), "/PolicyVariables/RuleVariables/HOME_NET", json!({ "Definition": [] })),
            "HOME_NET cannot be null or empty",
        ),
        (
            with(shell(), "/EnableTLSSessionHolding", json!(true)),
            "EnableTLSSessionHolding requires",
        ),
    ];
    for (body, expected) in cases {
        let create = json!({ "FirewallPolicyName": "p", "FirewallPolicy": body });
        let said = refused(&mut cloud, "CreateFirewallPolicy", create);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Default order needs no priorities, and takes none.
    let mut body = with(shell(), "/StatefulEngineOptions/RuleOrder", Value::Null);
    body["StatefulDefaultActions"] = json!([]);
    body["StatefulRuleGroupReferences"] = json!([{ "ResourceArn": loose, "Priority": 1 }]);
    let create = |body: &Value| json!({ "FirewallPolicyName": "p", "FirewallPolicy": body });
    let said = refused(&mut cloud, "CreateFirewallPolicy", create(&body));
    assert!(said.contains("Priority cannot be provided"), "{said}");
    body["StatefulRuleGroupReferences"] = json!([{ "ResourceArn": loose }]);
    done(&mut cloud, "CreateFirewallPolicy", create(&body));
}

#[test]
fn an_update_needs_the_token_and_replaces_everything() {
    let mut cloud = cloud();
    let create = with(group("a", LINE), "/Description", json!("first"));
    let made = done(&mut cloud, "CreateRuleGroup", create);
    let update = |token: &Value, body: Value| json!({ "RuleGroupName": "a", "Type": "STATEFUL", "UpdateToken": token, "RuleGroup": body });
    let text = LINE.replace("sid:1;", "sid:2;");
    let dry = with(update(&made["UpdateToken"], body(&text)), "/DryRun", json!(true));
    assert_eq!(done(&mut cloud, "UpdateRuleGroup", dry)["UpdateToken"], made["UpdateToken"]);
    let second = done(&mut cloud, "UpdateRuleGroup", update(&made["UpdateToken"], body(&text)));
    assert_ne!(second["UpdateToken"], made["UpdateToken"]);
    let named = json!({ "RuleGroupName": "a", "Type": "STATEFUL" });
    let read = done(&mut cloud, "DescribeRuleGroup", named.clone());
    assert_eq!(read["RuleGroup"], body(&text));
    assert_eq!(read["RuleGroupResponse"]["Description"], Value::Null);
    let metadata = done(&mut cloud, "DescribeRuleGroupMetadata", named);
    assert_eq!(metadata["StatefulRuleOptions"]["RuleOrder"], "STRICT_ORDER");
    for (update, expected) in [
        (update(&made["UpdateToken"], body(LINE)), "InvalidTokenException: "),
        (update(&json!("x"), body(LINE)), "UpdateToken is invalid"),
        (
            update(&second["UpdateToken"], with(body(LINE), "/StatefulRuleOptions", Value::Null)),
            "parameter is invalid, parameter: [DEFAULT_ACTION_ORDER]",
        ),
        (
            with(update(&second["UpdateToken"], body(LINE)), "/Capacity", json!(20)),
            "unknown field `Capacity`",
        ),
        (
            with(update(&second["UpdateToken"], body(LINE)), "/UpdateToken", Value::Null),
            "missing field",
        ),
        (json!({ "RuleGroupName": "a", "UpdateToken": "x" }), "Type cannot be null"),
    ] {
        let said = refused(&mut cloud, "UpdateRuleGroup", update);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let stale = with(switch(&mut cloud, &[]), "/UpdateToken", made["UpdateToken"].clone());
    let said = refused(&mut cloud, "UpdateFirewallPolicy", stale);
    assert!(said.starts_with("InvalidTokenException: "), "{said}");
}

/// What each zone says, and whether it has the group.
fn zones(cloud: &mut Cloud) -> Vec<(String, String, bool)> {
    let named = json!({ "FirewallName": "shop-prod-primary" });
    let status = done(cloud, "DescribeFirewall", named)["FirewallStatus"].clone();
    let states = status["SyncStates"].as_object().unwrap();
    let enforced = cloud.enforced(REGION, "shop-prod-primary");
    states
        .iter()
        .map(|(zone, state)| {
            let mut objects = state["Config"].as_object().unwrap().iter();
            let (_, policy) = objects.find(|(key, _)| key.contains("policy")).unwrap();
            let has = enforced[zone.as_str()].is_some_and(|it| !it.groups.is_empty());
            (zone.clone(), policy["SyncStatus"].as_str().unwrap().to_owned(), has)
        })
        .collect()
}

#[test]
fn zones_enforce_the_old_policy_until_they_are_in_sync() {
    let mut cloud = cloud();
    let arn = make_group(&mut cloud, "a");
    cloud.set_endpoint(REGION, "us-east-1b", Endpoint::CapacityConstrained);
    let switch = switch(&mut cloud, &[(&arn, 100)]);
    done(&mut cloud, "UpdateFirewallPolicy", switch);
    let zone = |name: &str, status: &str, has| (name.to_owned(), status.to_owned(), has);
    let first = |status, has| zone("us-east-1a", status, has);
    let second = |status, has| zone("us-east-1b", status, has);
    let constrained = "CAPACITY_CONSTRAINED";
    assert_eq!(zones(&mut cloud), [first("PENDING", false), second(constrained, false)]);
    assert_eq!(zones(&mut cloud), [first("IN_SYNC", true), second(constrained, false)]);
    cloud.set_endpoint(REGION, "us-east-1b", Endpoint::NeverSyncs);
    assert_eq!(zones(&mut cloud), [first("IN_SYNC", true), second("PENDING", false)]);
    cloud.set_endpoint(REGION, "us-east-1b", Endpoint::Ready);
    assert_eq!(zones(&mut cloud), [first("IN_SYNC", true), second("IN_SYNC", true)]);
    // A group that changes in place is told to the zones, too, and is another version.
    let update = json!({
        "RuleGroupArn": arn, "UpdateToken": "current", "RuleGroup": body(&LINE.replace("sid:1", "sid:2")),
    });
    cloud.act(REGION, "UpdateRuleGroup", update).unwrap();
    let versions = cloud.versions(REGION, "shop-prod-primary");
    let (now, before) = (&versions[versions.len() - 1], &versions[versions.len() - 2]);
    assert_eq!((now.token == before.token, now.groups == before.groups), (true, false));
    assert_eq!(cloud.enforced(REGION, "shop-prod-primary")["us-east-1a"].unwrap(), &**before);
}

#[test]
fn what_is_in_use_stays() {
    let mut cloud = cloud();
    let arn = make_group(&mut cloud, "a");
    let enter = switch(&mut cloud, &[(&arn, 100)]);
    done(&mut cloud, "UpdateFirewallPolicy", enter);
    let delete = json!({ "RuleGroupArn": arn });
    let in_use =
        "InvalidOperationException: Unable to delete the object because it is still in use";
    assert_eq!(refused(&mut cloud, "DeleteRuleGroup", delete.clone()), in_use);
    let leave = switch(&mut cloud, &[]);
    cloud.settings_mut().release = 2;
    done(&mut cloud, "UpdateFirewallPolicy", leave);
    assert_eq!(refused(&mut cloud, "DeleteRuleGroup", delete.clone()), in_use);
    done(&mut cloud, "DeleteRuleGroup", delete.clone());
    let said = refused(&mut cloud, "DeleteRuleGroup", delete);
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
    let policy = json!({ "FirewallPolicyName": "shop-prod-primary" });
    assert_eq!(refused(&mut cloud, "DeleteFirewallPolicy", policy.clone()), in_use);
    let named = json!({ "FirewallName": "shop-prod-primary" });
    let associate = json!({
        "FirewallName": "shop-prod-primary",
        "FirewallPolicyArn": "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/p",
    });
    let said = refused(&mut cloud, "AssociateFirewallPolicy", associate);
    assert!(said.contains("policy change protection"), "{said}");
    done(&mut cloud, "DeleteFirewall", named.clone());
    let going = done(&mut cloud, "DescribeFirewall", named.clone());
    assert_eq!(going["FirewallStatus"]["Status"], "DELETING");
    let said = refused(&mut cloud, "DescribeFirewall", named);
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
    cloud.advance(2);
    done(&mut cloud, "DeleteFirewallPolicy", policy);
}

#[test]
fn logs_change_one_at_a_time() {
    let mut cloud = cloud();
    let log = |kind: &str, at: &str| json!({ "LogType": kind, "LogDestinationType": "CloudWatchLogs", "LogDestination": { "logGroup": at } });
    let update = |logs: &[Value]| {
        json!({
            "FirewallName": "shop-prod-primary",
            "LoggingConfiguration": { "LogDestinationConfigs": logs },
        })
    };
    let (alert, flow) = (log("ALERT", "/a"), log("FLOW", "/f"));
    let one = "InvalidRequestException: only one LogDestinationConfig can be changed at a time";
    let said =
        refused(&mut cloud, "UpdateLoggingConfiguration", update(&[alert.clone(), flow.clone()]));
    assert_eq!(said, one);
    done(&mut cloud, "UpdateLoggingConfiguration", update(std::slice::from_ref(&alert)));
    done(&mut cloud, "UpdateLoggingConfiguration", update(&[alert.clone(), flow.clone()]));
    let moved = with(alert.clone(), "/LogDestinationType", json!("S3"));
    let said = refused(&mut cloud, "UpdateLoggingConfiguration", update(&[moved, flow]));
    assert_eq!(said, "InvalidRequestException: LogDestinationType cannot be changed");
    assert_eq!(refused(&mut cloud, "UpdateLoggingConfiguration", update(&[])), one);
    done(&mut cloud, "UpdateLoggingConfiguration", update(&[alert]));
}

#[test]
fn each_fault_does_what_it_says() {
    let code = |failure: &Failure| match failure {
        Failure::Refused(error) => error.code,
        Failure::Reset => "reset",
        Failure::Gone => "gone",
    };
    for (fault, told, is_done) in [
        (Fault::Throttle, "ThrottlingException", false),
        (Fault::ServerError, "InternalServerError", false),
        (Fault::ServerErrorAfter, "InternalServerError", true),
        (Fault::ResetBefore, "reset", false),
        (Fault::ResetAfter, "reset", true),
    ] {
        let mut cloud = cloud();
        cloud.inject(Injection::new(fault).on("CreateRuleGroup").after(1).every(2));
        make_group(&mut cloud, "first");
        let failure = cloud.call(REGION, "CreateRuleGroup", group("second", LINE)).unwrap_err();
        assert_eq!((code(&failure), cloud.groups(REGION).len()), (told, 1 + usize::from(is_done)));
        make_group(&mut cloud, "third");
        let call = &cloud.journal()[1];
        assert_eq!((call.changed(), call.fault.is_some()), (is_done, true));
    }
    let mut cloud = cloud();
    cloud.inject(Injection::new(Fault::StaleToken));
    let arn = make_group(&mut cloud, "a");
    let enter = switch(&mut cloud, &[(&arn, 100)]);
    let said = refused(&mut cloud, "UpdateFirewallPolicy", enter.clone());
    assert!(said.starts_with("InvalidTokenException: "), "{said}");
    // Somebody else comes first.
    let body = json!({
        "FirewallPolicyName": "shop-prod-primary", "FirewallPolicy": policy(&[(&arn, 7)]),
        "UpdateToken": "current",
    });
    let (region, operation) = (REGION.to_owned(), "UpdateFirewallPolicy".to_owned());
    cloud.inject(Injection::new(Fault::Act { region, operation, body }).on("UpdateFirewallPolicy"));
    let said = refused(&mut cloud, "UpdateFirewallPolicy", enter);
    assert!(said.starts_with("InvalidTokenException: "), "{said}");
    let versions = cloud.versions(REGION, "shop-prod-primary");
    assert_eq!(versions.last().unwrap().groups[0].priority, Some(7));
    // A region nobody answers in.
    cloud.set_down(REGION, true);
    assert_eq!(cloud.call(REGION, "ListRuleGroups", json!({})), Err(Failure::Reset));
    assert!(cloud.call("us-west-2", "ListRuleGroups", json!({})).is_ok());
    assert_eq!(cloud.journal().iter().filter(|it| it.outcome == Outcome::Lost).count(), 1);
    cloud.set_down(REGION, false);
    cloud.inject(Injection::new(Fault::run(|cloud| cloud.set_down("us-west-2", true))));
    assert!(cloud.call(REGION, "ListRuleGroups", json!({})).is_ok());
    assert_eq!(cloud.call("us-west-2", "ListRuleGroups", json!({})), Err(Failure::Reset));
    // The same fault twice, in the other region.
    cloud.heal();
    cloud.inject(Injection::new(Fault::Throttle).in_region("us-west-2").times(2));
    let mut is_done = |region| cloud.call(region, "ListRuleGroups", json!({})).is_ok();
    let regions = [REGION, "us-west-2", REGION, "us-west-2", "us-west-2"];
    assert_eq!(regions.map(&mut is_done), [true, false, true, false, true]);
    // A client that dies.
    cloud.clear_journal();
    cloud.kill_after(1);
    assert!(cloud.call(REGION, "ListRuleGroups", json!({})).is_ok());
    assert!(!cloud.is_killed());
    assert_eq!(cloud.call(REGION, "CreateRuleGroup", group("b", LINE)), Err(Failure::Gone));
    assert_eq!((cloud.is_killed(), cloud.journal().len()), (true, 1));
    cloud.heal();
    make_group(&mut cloud, "b");
}

#[test]
fn a_seed_is_a_story() {
    let story = |seed| {
        let mut cloud =
            Cloud::with_stacks(Settings { seed, ..Settings::default() }, &Stack::example());
        cloud.unleash(Chaos::anything(seed, 300));
        for number in 0..200 {
            let region = ["us-east-1", "us-west-2"][number % 2];
            let _ = cloud.call(region, "CreateRuleGroup", group(&format!("g{number}"), LINE));
            let _ = cloud.call(region, "DescribeFirewall", json!({ "FirewallName": "none" }));
        }
        (cloud.journal().to_vec(), cloud.tick())
    };
    let (calls, tick) = story(1);
    assert_eq!(story(1), (calls.clone(), tick));
    assert_ne!(story(2).0, calls);
    let struck = calls.iter().filter(|call| call.fault.is_some()).count();
    assert!((80..160).contains(&struck), "{struck} of {}", calls.len());
}

#[test]
fn an_engine_is_asked_where_there_is_one() {
    let settings = Settings { loader: Some(Loader::suricata()), ..Settings::default() };
    let mut cloud = Cloud::new(settings);
    let wrong = "pass tls $HOME_NET any -> any 443 (tls.snii; sid:2;)\n";
    let said = refused(&mut cloud, "CreateRuleGroup", group("a", &format!("{LINE}{wrong}")));
    let expected = format!(
        "InvalidRequestException: stateful rule is invalid, rule: {}, reason: detect-parse: unknown \
         rule keyword 'tls.snii'.",
        wrong.trim_end()
    );
    assert_eq!(said, expected);
    // What only AWS knows, and what only another group sets.
    let own =
        "alert tls @LIST any -> any any (aws_domain_category:Malware; flowbits:isset,x; sid:3;)\n";
    let mut create = group("a", &format!("{LINE}{own}"));
    let list = json!({ "ReferenceArn": "arn:aws:ec2:us-east-1:123456789012:prefix-list/pl-1" });
    create["RuleGroup"]["ReferenceSets"] = json!({ "IPSetReferences": { "LIST": list } });
    done(&mut cloud, "CreateRuleGroup", create);
}

#[test]
fn what_is_said_is_of_the_model() {
    let model = model::model();
    // By the model, objects are called by their names.
    let settings =
        Settings { keys: Keys::Name, read_back: ReadBack::Trimmed, ..Settings::default() };
    let mut cloud = Cloud::with_stacks(settings, &Stack::example());
    let names = json!({ "Targets": [".a.example"], "TargetTypes": ["TLS_SNI"], "GeneratedRulesType": "ALLOWLIST" });
    let structured = json!({ "StatefulRules": [{
        "Action": "DROP",
        "Header": {
            "Protocol": "TCP", "Source": "ANY", "SourcePort": "ANY", "Direction": "FORWARD",
            "Destination": "ANY", "DestinationPort": "ANY",
        },
        "RuleOptions": [{ "Keyword": "sid", "Settings": ["1"] }],
    }] });
    let stateless = json!({ "StatelessRulesAndCustomActions": { "StatelessRules": [{
        "Priority": 1,
        "RuleDefinition": {
            "Actions": ["aws:pass"],
            "MatchAttributes": { "Protocols": [6, 17], "Sources": [{ "AddressDefinition": "10.0.0.0/8" }] },
        },
    }] } });
    let loose = |name: &str, kind: &str, source: Value| json!({ "RuleGroupName": name, "Type": kind, "Capacity": 10, "RuleGroup": { "RulesSource": source } });
    let mut full = group("full", LINE);
    full["RuleGroup"]["RuleVariables"] = json!({
        "IPSets": { "A": { "Definition": ["10.0.0.0/8"] } },
        "PortSets": { "P": { "Definition": ["80", "8080:8090"] } },
    });
    full["Tags"] = json!([{ "Key": "a", "Value": "b" }]);
    full["Description"] = json!("d");
    full["SummaryConfiguration"] = json!({ "RuleOptions": ["SID"] });
    let arn = "arn:aws:network-firewall:us-east-1:123456789012:";
    let full_arn = format!("{arn}stateful-rulegroup/full");
    let (firewall, policy_name) = ("shop-prod-primary", "shop-prod-primary");
    let named = json!({ "RuleGroupName": "full", "Type": "STATEFUL" });
    let steps = [
        ("CreateRuleGroup", full.clone()),
        ("CreateRuleGroup", loose("names", "STATEFUL", json!({ "RulesSourceList": names }))),
        ("CreateRuleGroup", loose("structured", "STATEFUL", structured)),
        ("CreateRuleGroup", loose("stateless", "STATELESS", stateless)),
        (
            "UpdateRuleGroup",
            json!({ "RuleGroupArn": full_arn, "UpdateToken": "current", "RuleGroup": full["RuleGroup"] }),
        ),
        ("DescribeRuleGroup", named.clone()),
        ("DescribeRuleGroupMetadata", named.clone()),
        ("ListRuleGroups", json!({ "MaxResults": 1, "Type": "STATEFUL", "Scope": "ACCOUNT" })),
        (
            "UpdateFirewallPolicy",
            json!({ "FirewallPolicyName": policy_name, "UpdateToken": "current", "FirewallPolicy": policy(&[(&full_arn, 100)]) }),
        ),
        (
            "DescribeFirewallPolicy",
            json!({ "FirewallPolicyArn": format!("{arn}firewall-policy/{policy_name}") }),
        ),
        ("ListFirewallPolicies", json!({})),
        (
            "CreateFirewallPolicy",
            json!({ "FirewallPolicyName": "other", "FirewallPolicy": policy(&[]) }),
        ),
        (
            "CreateFirewall",
            json!({ "FirewallName": "other", "FirewallPolicyArn": format!("{arn}firewall-policy/other"), "VpcId": "vpc-0b", "SubnetMappings": [{ "SubnetId": "subnet-0c" }] }),
        ),
        ("DescribeFirewall", json!({ "FirewallName": firewall })),
        ("ListFirewalls", json!({ "VpcIds": ["vpc-0b"] })),
        (
            "AssociateFirewallPolicy",
            json!({ "FirewallName": "other", "UpdateToken": "current", "FirewallPolicyArn": format!("{arn}firewall-policy/{policy_name}") }),
        ),
        (
            "AssociateSubnets",
            json!({ "FirewallName": "other", "SubnetMappings": [{ "SubnetId": "subnet-0d" }] }),
        ),
        ("DisassociateSubnets", json!({ "FirewallName": "other", "SubnetIds": ["subnet-0c"] })),
        (
            "UpdateFirewallDeleteProtection",
            json!({ "FirewallName": "other", "DeleteProtection": false }),
        ),
        (
            "UpdateFirewallPolicyChangeProtection",
            json!({ "FirewallName": "other", "FirewallPolicyChangeProtection": true }),
        ),
        (
            "UpdateSubnetChangeProtection",
            json!({ "FirewallName": "other", "SubnetChangeProtection": true }),
        ),
        ("UpdateFirewallDescription", json!({ "FirewallName": "other", "Description": "d" })),
        ("UpdateFirewallEncryptionConfiguration", json!({ "FirewallName": "other" })),
        (
            "UpdateLoggingConfiguration",
            json!({ "FirewallName": "other", "LoggingConfiguration": { "LogDestinationConfigs": [{ "LogType": "ALERT", "LogDestinationType": "S3", "LogDestination": { "bucketName": "b" } }] } }),
        ),
        ("DescribeLoggingConfiguration", json!({ "FirewallName": "other" })),
        ("TagResource", json!({ "ResourceArn": full_arn, "Tags": [{ "Key": "c", "Value": "" }] })),
        ("ListTagsForResource", json!({ "ResourceArn": full_arn, "MaxResults": 1 })),
        ("UntagResource", json!({ "ResourceArn": full_arn, "TagKeys": ["a"] })),
        ("DeleteFirewall", json!({ "FirewallName": "other" })),
        ("DeleteFirewallPolicy", json!({ "FirewallPolicyName": "other" })),
        ("DeleteRuleGroup", json!({ "RuleGroupName": "names", "Type": "STATEFUL" })),
    ];
    for (operation, mut body) in steps {
        let answer = cloud.act(REGION, operation, body.clone());
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
        if body["UpdateToken"] == "current" {
            body["UpdateToken"] = token(&mut cloud);
        }
        for (member, value) in [("input", &body), ("output", &answer)] {
            let shape = model["operations"][operation][member]["shape"].as_str().unwrap();
            let faults = model::faults(&model, shape, value);
            assert!(faults.is_empty(), "{operation}: {faults:#?}");
        }
    }
    cloud.add_policy_error(REGION, policy_name, "DNS_FIREWALL_RULE_GROUP_UNAVAILABLE", "gone");
    let read =
        done(&mut cloud, "DescribeFirewallPolicy", json!({ "FirewallPolicyName": policy_name }));
    let faults = model::faults(&model, "DescribeFirewallPolicyResponse", &read);
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(read["FirewallPolicyResponse"]["Errors"][0]["Message"], "gone");
    let said = refused(&mut cloud, "CreateFirewallPolicyV2", json!({}));
    assert!(said.starts_with("UnknownOperationException: "), "{said}");
}

#[test]
fn the_stack_is_what_the_example_is_compiled_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = project(&root.join("fwc.yaml"));
    let emitted = emit_all(&compile(root, project.policy.as_deref().unwrap(), &project), &project);
    for stack in Stack::example() {
        let artifacts =
            emitted.artifacts.iter().filter(|it| it.path.ends_with("firewall-policy.json"));
        let mut bodies = artifacts.map(|it| serde_json::from_str::<Value>(&it.contents).unwrap());
        let body = bodies.find(|it| it["FirewallPolicyName"] == stack.name.as_str()).unwrap();
        let wanted =
            with(body["FirewallPolicy"].clone(), "/StatefulRuleGroupReferences", Value::Null);
        assert_eq!(stack.policy(), wanted);
        let arn = body["FirewallPolicy"]["StatefulRuleGroupReferences"][0]["ResourceArn"].as_str();
        assert!(arn.unwrap().contains(&stack.region), "{arn:?}");
    }
}

#[test]
fn a_client_of_another_make_understands_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let settings = Settings { loader: Some(Loader::suricata()), ..Settings::default() };
    let server = Server::start(Cloud::new(settings), 0, |_| ()).unwrap();
    let output = Command::new(model::python())
        .arg(root.join("tests/emulator/client.py"))
        .arg(server.url())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert_eq!(server.cloud().groups(REGION), Vec::<&str>::new());
}
