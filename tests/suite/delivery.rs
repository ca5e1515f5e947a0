//! The commands of delivery from end to end: the real binary and the real SDK against the emulator of the
//! service.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::emulator::http::Server;
use crate::support::emulator::{Cloud, Endpoint, Fault, Injection, Loader, Settings, Stack};

const PRIMARY: &str = "us-east-1";
const SECONDARY: &str = "us-west-2";

const PROJECT: &str = "\
name: shop
policy: prod.fw
vars: { account: \"123456789012\" }
regions:
  primary:
    aws: us-east-1
    vpc_cidr: 10.10.0.0/16
    networks: { web: [10.10.64.0/24] }
  secondary:
    aws: us-west-2
    vpc_cidr: 10.20.0.0/16
    networks: { web: [10.20.64.0/24] }
";

const FIRST: &str = "\
fwc 1

service checkout from web {
  owner @shop/payments
  allow api.stripe.com because PAY-812 \"card payments\"
}
";

/// A project and the account it is delivered to.
struct World {
    server: Server,
    folder: tempfile::TempDir,
}

/// What a command came to.
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let stack = |region: &str, role: &str, vpc: &str| Stack {
            region: region.to_owned(),
            name: format!("shop-{role}"),
            home_net: vec![vpc.to_owned()],
        };
        let stacks = [
            stack(PRIMARY, "primary", "10.10.0.0/16"),
            stack(SECONDARY, "secondary", "10.20.0.0/16"),
        ];
        Self::of(Cloud::with_stacks(settings, &stacks))
    }

    fn of(cloud: Cloud) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("fwc.yaml"), PROJECT).unwrap();
        let world = Self { server: Server::start(cloud, 0, |_| {}).unwrap(), folder };
        world.write(FIRST);
        world
    }

    /// Changes the policy.
    fn write(&self, policy: &str) {
        fs::write(self.folder.path().join("prod.fw"), policy).unwrap();
    }

    /// Lets the service of checkout reach one more name.
    fn allow(&self, name: &str) {
        self.write(
            &FIRST.replace("\n}", &format!("\n  allow {name} because PAY-900 \"more\"\n}}")),
        );
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("fwc"));
        command.current_dir(self.folder.path()).env_clear();
        command.envs([
            ("PATH", std::env::var("PATH").unwrap().as_str()),
            ("HOME", self.folder.path().to_str().unwrap()),
            ("NO_COLOR", "1"),
            ("AWS_ENDPOINT_URL", &self.server.url()),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("GITHUB_ACTOR", "octocat"),
        ]);
        command.args(arguments).stdin(Stdio::null());
        if let Some("push" | "rollback") = arguments.first().copied() {
            command.args(["--poll", "0.01"]);
        }
        command
    }

    fn fwc(&self, arguments: &[&str]) -> Done {
        Done::from(self.command(arguments).output().unwrap())
    }

    /// Runs a command that has to end with this code.
    #[track_caller]
    fn ends(&self, arguments: &[&str], code: i32) -> Done {
        let done = self.fwc(arguments);
        assert_eq!(done.code, Some(code), "{arguments:?}\n{}\n{}", done.stdout, done.stderr);
        done
    }

    fn cloud(&self) -> std::sync::MutexGuard<'_, Cloud> {
        self.server.cloud()
    }

    /// The operations of the journal that somebody asked for in a region, and forgets them.
    fn calls(&self, region: &str) -> Vec<String> {
        let mut cloud = self.cloud();
        let calls = cloud.journal().iter().filter(|call| call.region == region);
        let calls = calls.map(|call| call.operation.clone()).collect();
        cloud.clear_journal();
        calls
    }

    /// How many calls have changed something, or tried to.
    fn changes(&self) -> usize {
        self.cloud().journal().iter().filter(|call| call.mutating).count()
    }

    /// The names of the groups that the policy of a region refers to.
    fn in_force(&self, region: &str) -> Vec<String> {
        let cloud = self.cloud();
        let versions = cloud.versions(region, policy(region));
        let groups = versions.last().map(|version| version.groups.iter());
        groups.into_iter().flatten().map(|group| group.name.clone()).collect()
    }

    /// The number of the generation that a region enforces, nought for none.
    fn generation(&self, region: &str) -> u32 {
        let names = self.in_force(region);
        let mut numbers: Vec<u32> = names.iter().map(|name| generation(name)).collect();
        numbers.dedup();
        match numbers.as_slice() {
            [] => 0,
            [number] => *number,
            _ => panic!("{region} refers to a mixture: {names:?}"),
        }
    }

    fn generations(&self) -> [u32; 2] {
        [PRIMARY, SECONDARY].map(|region| self.generation(region))
    }

    fn groups(&self, region: &str) -> Vec<String> {
        self.cloud().groups(region).into_iter().map(str::to_owned).collect()
    }

    /// What the policy of a region says.
    fn policy(&self, region: &str) -> Value {
        let described = json!({ "FirewallPolicyName": policy(region) });
        self.cloud().act(region, "DescribeFirewallPolicy", described).unwrap()
    }

    /// Somebody changes a setting of the policy of a region by hand.
    fn set(&self, region: &str, member: &str, value: Value) {
        let mut body = self.policy(region)["FirewallPolicy"].take();
        body[member] = value;
        let update = json!({
            "FirewallPolicyName": policy(region),
            "UpdateToken": "current",
            "FirewallPolicy": body,
        });
        self.cloud().act(region, "UpdateFirewallPolicy", update).unwrap();
        self.cloud().advance(10);
    }

    /// Somebody makes a group of their own; gives its ARN.
    fn make_group(&self, region: &str, name: &str) -> String {
        let line = "alert tcp any any -> any 25 (msg:\"mail\"; sid:1;)\n";
        let group = json!({
            "RuleGroupName": name,
            "Type": "STATEFUL",
            "Capacity": 10,
            "RuleGroup": {
                "RulesSource": { "RulesString": line },
                "StatefulRuleOptions": { "RuleOrder": "STRICT_ORDER" },
            },
        });
        let made = self.cloud().act(region, "CreateRuleGroup", group).unwrap();
        made["RuleGroupResponse"]["RuleGroupArn"].as_str().unwrap().to_owned()
    }

    /// Somebody changes a rule group by hand.
    fn edit(&self, region: &str, group: &str, change: impl Fn(&str) -> String) {
        let named = json!({ "RuleGroupName": group, "Type": "STATEFUL" });
        let mut described = self.cloud().act(region, "DescribeRuleGroup", named.clone()).unwrap();
        let mut body = described["RuleGroup"].take();
        let text = change(body["RulesSource"]["RulesString"].as_str().unwrap());
        body["RulesSource"]["RulesString"] = text.into();
        let mut update = named;
        update["UpdateToken"] = "current".into();
        update["RuleGroup"] = body;
        self.cloud().act(region, "UpdateRuleGroup", update).unwrap();
        self.cloud().advance(10);
    }
}

impl Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.stdout))
    }
}

fn policy(region: &str) -> &'static str {
    if region == PRIMARY { "shop-primary" } else { "shop-secondary" }
}

/// The number in the name of a group.
fn generation(name: &str) -> u32 {
    let mut pieces = name.rsplit('-');
    pieces.nth(2).unwrap().parse().unwrap()
}

/// What people see.
fn seen(done: &Done) -> String {
    format!("{}{}exit code {}\n", done.stdout, done.stderr, done.code.unwrap())
}

#[test]
fn from_nothing_to_a_push_an_edit_and_a_rollback() {
    let world = World::new();
    let mut session = String::new();
    let mut say = |arguments: &[&str]| {
        let done = world.fwc(arguments);
        session.push_str(&format!("$ fwc {}\n{}\n", arguments.join(" "), seen(&done)));
    };
    let today = ["--today", "2026-11-24"];
    say(&["status", today[0], today[1]]);
    say(&["plan", today[0], today[1], "--detailed-exitcode"]);
    say(&["push", today[0], today[1]]);
    say(&["plan", today[0], today[1], "--detailed-exitcode"]);
    world.allow("*.adyen.com");
    say(&["plan", today[0], today[1], "--format", "markdown"]);
    say(&["push", today[0], today[1]]);
    say(&["status", today[0], today[1]]);
    say(&["rollback"]);
    say(&["status", today[0], today[1]]);
    say(&["rollback"]);
    insta::with_settings!({ filters => vec![
        (r"at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, \d+ s ago", "at [time], [seconds] s ago"),
    ]}, { insta::assert_snapshot!(session) });
}

#[test]
fn a_first_push_asks_little_and_a_second_one_less() {
    let world = World::new();
    world.ends(&["push"], 0);
    insta::assert_snapshot!(world.calls(SECONDARY).join("\n"));
    world.ends(&["push"], 0);
    assert_eq!(world.changes(), 0);
    insta::assert_snapshot!("unchanged", world.calls(SECONDARY).join("\n"));
}

#[test]
fn the_last_region_is_switched_first_and_the_next_one_when_it_is_in_sync() {
    let world = World::new();
    world.ends(&["push"], 0);
    let cloud = world.cloud();
    let switches = cloud.journal().iter().filter(|call| call.operation == "UpdateFirewallPolicy");
    let regions: Vec<_> = switches.map(|call| call.region.as_str()).collect();
    assert_eq!(regions, [SECONDARY, PRIMARY]);
    let at = |wanted: &dyn Fn(&(usize, &str, &str)) -> bool| {
        let calls = cloud.journal().iter().enumerate();
        let mut calls = calls.map(|(at, call)| (at, call.region.as_str(), &*call.operation));
        calls.rfind(|call| wanted(call)).unwrap().0
    };
    let synced = at(&|call| (call.1, call.2) == (SECONDARY, "DescribeFirewall"));
    let made = at(&|call| (call.1, call.2) == (PRIMARY, "CreateRuleGroup"));
    assert!(synced < made, "{synced} {made}");
}

#[test]
fn what_else_is_set_in_a_policy_stays() {
    let world = World::new();
    let theirs = world.make_group(SECONDARY, "theirs");
    let references = json!([{ "ResourceArn": theirs, "Priority": 7 }]);
    world.set(SECONDARY, "StatefulRuleGroupReferences", references.clone());
    world.set(SECONDARY, "EnableTLSSessionHolding", false.into());
    let before = world.policy(SECONDARY);
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    world.ends(&["push"], 0);
    let mut after = world.policy(SECONDARY);
    let found = after["FirewallPolicy"]["StatefulRuleGroupReferences"].take();
    assert_eq!(found[0], references[0]);
    assert_eq!(found.as_array().unwrap().len(), 2);
    after["FirewallPolicy"]["StatefulRuleGroupReferences"] = references;
    assert_eq!(after["FirewallPolicy"], before["FirewallPolicy"]);
    for member in ["Description", "Tags", "EncryptionConfiguration"] {
        let of = |policy: &Value| policy["FirewallPolicyResponse"][member].clone();
        assert_eq!(of(&after), of(&before), "{member}");
    }
    world.ends(&["push", "--destroy"], 0);
    assert_eq!(world.groups(SECONDARY), ["theirs"]);
    assert_eq!(world.in_force(SECONDARY), ["theirs"]);
}

#[test]
fn an_edit_by_hand_is_drift_and_the_next_push_mends_it() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.ends(&["status"], 0);
    let group = world.in_force(PRIMARY).remove(0);
    world.edit(PRIMARY, &group, |text| text.replace("api.stripe.com", "evil.example"));
    let status = world.ends(&["status", "--format", "json"], 1).json();
    assert_eq!(status["schema"], 1);
    assert_eq!(status["regions"][0]["role"], "primary");
    assert_eq!(status["regions"][0]["drift"], json!([{ "kind": "edited" }]));
    assert_eq!(status["regions"][1]["drift"], json!([]));
    let plan = world.ends(&["plan", "--detailed-exitcode"], 3);
    assert!(plan.stdout.contains("generation 1 was edited by hand"), "{}", plan.stdout);
    world.ends(&["push"], 0);
    world.ends(&["status"], 0);
    assert_eq!(world.generations(), [2, 1]);
}

#[test]
fn a_policy_that_is_set_otherwise_is_refused_with_the_difference() {
    let world = World::new();
    let engine = json!({ "RuleOrder": "STRICT_ORDER", "StreamExceptionPolicy": "CONTINUE" });
    world.set(PRIMARY, "StatefulEngineOptions", engine);
    for command in ["plan", "push"] {
        let done = world.ends(&[command], 1);
        let said = "us-east-1 (primary): the firewall policy has another stream exception policy: it \
                    is CONTINUE, and has to be REJECT";
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    world.ends(&["status"], 1);
    assert_eq!(world.generations(), [0, 0]);
}

#[test]
fn a_missing_policy_is_made_only_if_that_is_said() {
    let world = World::of(Cloud::new(Settings::default()));
    let done = world.ends(&["push"], 1);
    assert!(done.stderr.contains("there is no firewall policy `shop-primary`"), "{}", done.stderr);
    world.ends(&["push", "--create-policy"], 0);
    assert_eq!(world.generations(), [1, 1]);
    let done = world.ends(&["plan", "--detailed-exitcode"], 0);
    assert!(done.stdout.contains("there is no firewall `shop-primary`"), "{}", done.stdout);
    // What fwc makes is what Terraform makes; the default actions have no order.
    let settings = |mut policy: Value| {
        policy.as_object_mut().unwrap().remove("StatefulRuleGroupReferences");
        let actions = policy["StatefulDefaultActions"].as_array_mut().unwrap();
        actions.sort_by_key(ToString::to_string);
        policy
    };
    let made = world.policy(PRIMARY)["FirewallPolicy"].take();
    assert_eq!(settings(made), settings(Stack::example()[0].policy()));
}

#[test]
fn everything_of_fwc_can_be_taken_out_again() {
    let world = World::new();
    let before = world.policy(PRIMARY)["FirewallPolicy"].take();
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    world.ends(&["push"], 0);
    let plan = world.ends(&["plan", "--destroy", "--detailed-exitcode"], 3);
    assert!(plan.stdout.contains("generation 2 to none"), "{}", plan.stdout);
    world.ends(&["push", "--destroy"], 0);
    assert_eq!(world.groups(PRIMARY), [""; 0]);
    assert_eq!(world.groups(SECONDARY), [""; 0]);
    let mut after = world.policy(PRIMARY)["FirewallPolicy"].take();
    after.as_object_mut().unwrap().remove("StatefulRuleGroupReferences");
    assert_eq!(after, before);
}

#[test]
fn a_plan_is_pushed_as_it_was_reviewed() {
    let world = World::new();
    world.ends(&["plan", "-o", "plan.json"], 0);
    // What changes afterwards is not part of it, nor does it need the policy.
    fs::remove_file(world.folder.path().join("prod.fw")).unwrap();
    world.ends(&["push", "--plan", "plan.json"], 0);
    assert_eq!(world.generations(), [1, 1]);
    world.write(FIRST);
    world.ends(&["status"], 0);
}

#[test]
fn a_plan_whose_firewall_has_moved_on_is_refused() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    world.ends(&["plan", "-o", "plan.json"], 0);
    world.allow("*.paypal.com");
    world.ends(&["push", "--region", "secondary"], 0);
    world.cloud().clear_journal();
    let done = world.ends(&["push", "--plan", "plan.json"], 1);
    assert!(done.stderr.contains("us-west-2 (secondary): `shop-secondary` referred to"));
    assert!(!done.stderr.contains("us-east-1"), "{}", done.stderr);
    assert_eq!(world.changes(), 0);

    // An edit of a group changes nothing in the firewall policy.
    world.ends(&["plan", "-o", "plan.json"], 0);
    let group = world.in_force(PRIMARY).remove(0);
    world.edit(PRIMARY, &group, |text| text.replace("api.stripe.com", "evil.example"));
    let done = world.ends(&["push", "--plan", "plan.json"], 1);
    let said = "us-east-1 (primary): a rule group of `shop-primary` was edited by hand; plan again";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn a_plan_that_was_edited_is_refused() {
    let world = World::new();
    world.ends(&["plan", "-o", "plan.json"], 0);
    let file = world.folder.path().join("plan.json");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to, said) in [
        ("api.stripe.com", "evil.example", "is not what it says: plan again"),
        ("\"schema\": 1", "\"schema\": 2", "a plan of version 2, and this fwc reads 1"),
        ("\"regions\"", "\"areas\"", "no plan: missing field `regions`"),
    ] {
        assert!(text.contains(from));
        fs::write(&file, text.replace(from, to)).unwrap();
        let done = world.ends(&["push", "--plan", "plan.json"], 2);
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    assert_eq!(world.changes(), 0);
}

#[test]
fn a_lost_answer_may_have_been_a_yes() {
    for operation in ["CreateRuleGroup", "UpdateFirewallPolicy"] {
        for fault in [Fault::ResetAfter, Fault::ServerErrorAfter] {
            let world = World::new();
            // The second one with that name: the first one of a group is the dry run.
            let after = u64::from(operation == "CreateRuleGroup");
            world
                .cloud()
                .inject(Injection::new(fault).on(operation).in_region(PRIMARY).after(after));
            world.ends(&["push"], 0);
            assert_eq!(world.generations(), [1, 1]);
            assert_eq!(world.groups(PRIMARY).len(), 1);
        }
    }
}

#[test]
fn a_service_that_refuses_every_other_call_is_asked_again() {
    let world = World::new();
    for region in [PRIMARY, SECONDARY] {
        let throttle = Injection::new(Fault::Throttle).in_region(region).every(2).times(1_000);
        world.cloud().inject(throttle);
    }
    world.ends(&["push"], 0);
    assert_eq!(world.generations(), [1, 1]);
}

/// Lets the primary region go down as soon as the secondary has switched.
fn lose_the_primary(world: &World) {
    let down = Fault::run(|cloud| cloud.set_down(PRIMARY, true));
    let switched = Injection::new(down).on("UpdateFirewallPolicy").in_region(SECONDARY);
    world.cloud().inject(switched);
}

#[test]
fn where_one_region_fails_the_others_are_switched_back() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    lose_the_primary(&world);
    let done = world.ends(&["push", "--format", "json"], 4);
    let report = done.json();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["regions"][0]["role"], "secondary");
    assert_eq!(report["regions"][0]["outcome"], "switched-back");
    assert_eq!(report["regions"][1]["outcome"], "untouched");
    world.cloud().heal();
    assert_eq!(world.generations(), [1, 1]);
    world.ends(&["push"], 0);
    world.ends(&["status"], 0);
    // What the failed push has made is gone, and its number is not used again.
    assert_eq!(world.generation(SECONDARY), 3);
    assert_eq!(world.groups(SECONDARY).len(), 2);
}

#[test]
fn where_one_region_fails_the_others_may_be_left() {
    let world = World::new();
    lose_the_primary(&world);
    let done = world.ends(&["push", "--on-failure", "stop"], 4);
    assert!(done.stdout.contains("| us-west-2 (secondary) | switched "), "{}", done.stdout);
    world.cloud().heal();
    assert_eq!(world.generations(), [0, 1]);
    world.ends(&["push"], 0);
    assert_eq!(world.generations(), [1, 1]);
}

#[test]
fn a_region_that_does_not_answer_is_told_apart_from_a_refusal() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.cloud().set_down(PRIMARY, true);
    for command in ["plan", "push", "rollback"] {
        let done = world.ends(&[command], 2);
        assert!(done.stderr.contains("us-east-1 (primary): no answer"), "{}", done.stderr);
    }
    // The other one is still told of.
    let status = world.ends(&["status", "--format", "json"], 2).json();
    assert!(status["regions"][0]["error"].as_str().unwrap().starts_with("no answer"));
    assert_eq!(status["regions"][1]["generation"]["generation"], 1);
}

#[test]
fn a_zone_that_never_syncs_is_named() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    world.cloud().set_endpoint(SECONDARY, "us-west-2b", Endpoint::NeverSyncs);
    let done = world.ends(&["push", "--sync-timeout", "0.2"], 4);
    assert!(done.stdout.contains("us-west-2b is pending"), "{}", done.stdout);
    assert_eq!(world.generations(), [1, 1]);
    let status = world.ends(&["status"], 1);
    assert!(status.stdout.contains("drift     us-west-2b is pending"), "{}", status.stdout);
}

#[test]
fn a_full_account_is_a_refusal_that_says_what_to_do() {
    let world = World::with(Settings { groups: 1, ..Settings::default() });
    world.ends(&["push"], 0);
    world.allow("*.adyen.com");
    // The project believes in 50.
    let done = world.ends(&["push"], 4);
    assert!(done.stdout.contains("(LimitExceededException)"), "{}", done.stdout);
    assert_eq!(world.generations(), [1, 1]);
    let project = format!("{PROJECT}firewall: {{ quotas: {{ rule_groups: 1 }} }}\n");
    fs::write(world.folder.path().join("fwc.yaml"), project).unwrap();
    let done = world.ends(&["push"], 1);
    assert!(done.stderr.contains("the region has 1 of 1"), "{}", done.stderr);
}

#[test]
fn a_signature_that_is_refused_is_shown_as_its_entry() {
    let loader = Some(Loader::Without("api.stripe.com"));
    let world = World::with(Settings { loader, ..Settings::default() });
    let done = world.ends(&["push"], 4);
    insta::assert_snapshot!(seen(&done));
    // It is asked in every region before anything exists.
    assert!(world.groups(PRIMARY).is_empty() && world.groups(SECONDARY).is_empty());
}

/// Answers every call with these bytes.
fn answering(reply: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8_192]);
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    url
}

#[test]
fn a_reply_that_is_cut_off_is_no_answer() {
    let world = World::new();
    for (reply, why) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "the reply is empty"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"UpdateToken\":\"1", "status 200"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"UpdateToken\":\"1", "end of file"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "the reply has no FirewallPolicy"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "status 502"),
    ] {
        let url = answering(reply);
        let done = world.ends(&["plan", "--endpoint-url", &url], 2);
        let line = done.stderr.lines().next().unwrap();
        assert!(line.starts_with("error: us-west-2 (secondary): no answer: "), "{line}");
        assert!(line.contains(why), "{reply}\n{line}");
    }
}

#[test]
fn a_policy_that_allows_nothing_has_to_be_meant() {
    let world = World::new();
    world.ends(&["push"], 0);
    world.write("fwc 1\n\nservice checkout from web {\n}\n");
    let done = world.ends(&["push"], 1);
    assert!(done.stderr.contains("say `--allow-empty`"), "{}", done.stderr);
    assert_eq!(world.generations(), [1, 1]);
    world.ends(&["push", "--allow-empty"], 0);
    let status = world.ends(&["status"], 0);
    assert!(!status.stdout.contains("generation 1,"), "{}", status.stdout);
}

#[test]
fn what_is_not_compiled_is_not_pushed() {
    let world = World::new();
    world.write("fwc 1\n\nservice checkout from nowhere {\n  allow a.example\n}\n");
    for command in ["plan", "push", "status"] {
        world.ends(&[command], 1);
    }
    assert!(world.cloud().journal().is_empty());
}

/// Ends a command as soon as it has made a call more than it may.
fn kill(world: &World, mut child: Child) -> bool {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return false;
        }
        if world.cloud().is_killed() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn killed_at_any_call_a_push_is_finished_by_the_next() {
    let mut calls = 0;
    loop {
        let world = World::new();
        world.make_group(PRIMARY, "theirs");
        world.ends(&["push"], 0);
        world.allow("*.adyen.com");
        world.cloud().kill_after(calls);
        let mut command = world.command(&["push"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let is_killed = kill(&world, child);
        world.cloud().heal();
        // Each region enforces one whole generation.
        let between = world.generations();
        assert!(between.iter().all(|generation| (1..=2).contains(generation)), "{between:?}");
        world.ends(&["push"], 0);
        world.ends(&["status"], 0);
        for region in [PRIMARY, SECONDARY] {
            let groups = world.groups(region);
            let ours = groups.iter().filter(|name| *name != "theirs").count();
            assert_eq!(ours, 2, "killed after {calls} calls: {groups:?}");
            assert_eq!(groups.len() - ours, usize::from(region == PRIMARY));
        }
        if !is_killed {
            break;
        }
        calls += 1;
    }
    assert!(calls > 15, "{calls}");
}

#[test]
fn of_two_who_push_at_once_one_wins_and_the_other_says_who() {
    let world = World::new();
    world.ends(&["push"], 0);
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("fwc.yaml"), PROJECT).unwrap();
    let theirs = FIRST.replace("api.stripe.com", "api.paypal.com");
    fs::write(other.path().join("prod.fw"), theirs).unwrap();
    world.allow("*.adyen.com");
    let mut pushes: Vec<Child> = Vec::new();
    for (folder, who) in [(world.folder.path(), "alice"), (other.path(), "bob")] {
        let mut command = world.command(&["push"]);
        command.current_dir(folder).env("GITHUB_ACTOR", who);
        pushes.push(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    }
    let done: Vec<_> =
        pushes.into_iter().map(|push| Done::from(push.wait_with_output().unwrap())).collect();
    // They may also have come one after the other; never is there a mixture, and never two losers who
    // left something else than one of both.
    let [primary, secondary] = world.generations();
    assert_eq!(primary, secondary);
    let won = done.iter().filter(|done| done.code == Some(0)).count();
    assert!(won >= 1, "{}\n{}", done[0].stdout, done[1].stdout);
    for lost in done.iter().filter(|done| done.code != Some(0)) {
        assert_eq!(lost.code, Some(4), "{}", lost.stderr);
        assert!(lost.stdout.contains("has switched"), "{}", lost.stdout);
    }
}

#[test]
fn a_commit_that_is_not_what_is_pushed_is_called_dirty() {
    let world = World::new();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let git = git.current_dir(world.folder.path()).args(arguments);
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    let who = ["-c", "user.name=a", "-c", "user.email=a@a.example"];
    git(&[&who[..], &["commit", "-q", "-m", "first"]].concat());
    // What the policy is not made of does not matter.
    fs::write(world.folder.path().join("notes.txt"), "mine").unwrap();
    let commit = |world: &World| {
        let status = world.ends(&["status", "--format", "json"], 0).json();
        status["regions"][0]["origin"]["commit"].as_str().unwrap().to_owned()
    };
    world.ends(&["push"], 0);
    let clean = commit(&world);
    assert_eq!(clean.len(), 40);
    world.allow("*.adyen.com");
    world.ends(&["push"], 0);
    assert_eq!(commit(&world), format!("{clean}-dirty"));
}

#[test]
fn missing_credentials_are_said_once() {
    let world = World::new();
    let without = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        Done::from(command.output().unwrap())
    };
    let done = without(&["plan"]);
    assert_eq!(done.code, Some(2));
    assert_eq!(done.stderr.matches("no credentials: ").count(), 1, "{}", done.stderr);
    let done = without(&["plan", "--profile", "audit"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("audit"), "{}", done.stderr);
    let folder = world.folder.path().join(".aws");
    fs::create_dir(&folder).unwrap();
    let profile = "[audit]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\n";
    fs::write(folder.join("credentials"), profile).unwrap();
    let done = without(&["plan", "--profile", "audit"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(!done.stdout.contains("hidden") && !done.stderr.contains("hidden"));
}

/// A policy of so many grants.
fn large(grants: usize) -> String {
    let mut policy = String::from("fwc 1\n\nservice checkout from web {\n");
    for number in 0..grants {
        policy.push_str(&format!("  allow n{number}.shop.example\n"));
    }
    policy.push_str("}\n");
    policy
}

#[test]
fn ten_thousand_grants_need_few_calls() {
    // In sync when it is asked for the first time: how often it is asked is a matter of patience.
    let world = World::with(Settings { sync: 0, ..Settings::default() });
    let policy = large(10_000);
    world.write(&policy);
    world.ends(&["push", "-q", "--region", "primary"], 0);
    let first = world.calls(PRIMARY);
    world.write(&policy.replace("n77.", "m77."));
    world.ends(&["push", "-q", "--region", "primary"], 0);
    let second = world.calls(PRIMARY);
    world.ends(&["push", "-q", "--region", "primary"], 0);
    let unchanged = world.calls(PRIMARY);
    for name in ["o77.", "p77."] {
        world.calls(PRIMARY);
        world.write(&policy.replace("n77.", name));
        world.ends(&["push", "-q", "--region", "primary"], 0);
    }
    let deleting = world.calls(PRIMARY);
    let page = include_str!("../../docs/delivery.md");
    for (what, calls, most) in [
        ("first push of 10,000 grants, 2 zones", first, 12),
        ("next push of 10,000 grants", second, 12),
        ("later push of 10,000 grants, which deletes a generation", deleting, 15),
        ("push of what is in force", unchanged, 12),
    ] {
        assert!(calls.len() <= most, "{calls:?}");
        let row = format!("| {what} | {} |", calls.len());
        assert!(page.contains(&row), "no {row} in docs/delivery.md: {calls:?}");
    }
}

/// The actions that the policies of a page allow, one list a policy.
fn actions(page: &str) -> Vec<BTreeSet<String>> {
    let policies = crate::docs::blocks(page).into_iter().filter(|block| block.kind == "json");
    let statements =
        |text: String| serde_json::from_str::<Value>(&text).unwrap()["Statement"].take();
    policies
        .map(|block| {
            let statements = statements(block.text);
            let actions =
                statements.as_array().unwrap().iter().flat_map(|it| match &it["Action"] {
                    Value::Array(actions) => actions.clone(),
                    action => vec![action.clone()],
                });
            let name = |action: Value| {
                let action = action.as_str().unwrap();
                action.strip_prefix("network-firewall:").unwrap().to_owned()
            };
            actions.map(name).collect()
        })
        .collect()
}

#[test]
fn the_permissions_of_the_page_are_those_that_are_used() {
    let mut policies = actions(include_str!("../../docs/delivery.md")).into_iter();
    let (read, mut write) = (policies.next().unwrap(), policies.next().unwrap());
    assert_eq!(policies.next(), None);
    // What tags a group in the call that makes it.
    assert!(write.remove("TagResource"));
    let world = World::new();
    let used = || {
        let mut cloud = world.cloud();
        let calls = cloud.journal().iter().map(|call| call.operation.clone());
        let used: BTreeSet<_> = calls.collect();
        cloud.clear_journal();
        used
    };
    for name in ["a.example", "b.example", "c.example", "d.example"] {
        world.allow(name);
        world.ends(&["push"], 0);
    }
    world.ends(&["rollback"], 0);
    world.ends(&["push", "--destroy"], 0);
    assert_eq!(used(), read.union(&write).cloned().collect());
    world.ends(&["push"], 0);
    used();
    world.ends(&["plan"], 0);
    world.ends(&["status"], 0);
    assert_eq!(used(), read);
}

#[test]
fn a_path_that_is_no_plan_is_no_plan() {
    let world = World::new();
    let done = world.ends(&["push", "--plan", "plan.json"], 2);
    assert!(done.stderr.contains("cannot read `plan.json`"), "{}", done.stderr);
    assert!(!Path::new("plan.json").exists());
}
