//! From the tree of a project file to a [`Project`], with everything wrong reported on the way.

use core::net::IpAddr;
use std::collections::BTreeMap;

use indexmap::IndexMap;
use ipnet::IpNet;

use super::yaml::{self, Node, Value};
use super::{
    Firewall, LONGEST_NAME, LONGEST_ROLE, Lint, Network, OnDeny, ProfileName, Project, Quotas,
    Region,
};
use crate::diagnostic::{Applicability, Diagnostic, Severity, codes, did_you_mean, tidy};
use crate::source::{FileId, Location};

/// The most errors, and the most warnings, that are reported of one file: each costs a reading of
/// the text.
const MOST_FINDINGS: usize = 50;

/// The longest name of a set that AWS fills (`IPSetReferenceName`, model of 2026-11-17).
const LONGEST_REFERENCE: usize = 32;

/// The keys of the file and of its parts.
const KEYS: &[&str] = &["name", "policy", "vars", "regions", "firewall", "lint", "tickets"];
const REGION_KEYS: &[&str] =
    &["aws", "vpc_cidr", "networks", "vars", "firewall_policy", "firewalls"];
const NETWORK_KEYS: &[&str] = &["prefix_list", "container_association"];
const FIREWALL_KEYS: &[&str] =
    &["on_deny", "profile", "home_net", "headroom_percent", "keep_generations", "quotas"];
const QUOTA_KEYS: &[&str] = &["signatures_per_policy", "rule_groups"];
const LINT_KEYS: &[&str] = &["deny", "warn", "allow"];

/// The longest name of an object, in characters (`ResourceName`, model of 2026-11-17).
const LONGEST_OBJECT: usize = 128;

pub(super) fn project(file: FileId, text: &str) -> (Option<Project>, Vec<Diagnostic>) {
    let mut reader = Reader { file, text, errors: Vec::new(), warnings: Vec::new() };
    let project = match yaml::read(text) {
        Ok(root) => reader.project(&root),
        Err(unreadable) => {
            let code = if unreadable.limit { codes::PROJECT_LIMIT } else { codes::PROJECT_SYNTAX };
            let at = Location { file, span: unreadable.span };
            let found = Diagnostic::error(code, unreadable.message).at(at, "");
            reader.errors.push(match unreadable.note {
                Some(note) => found.note(note),
                None => found,
            });
            None
        }
    };
    (project, reader.finish())
}

/// A text being read, and what was found in it.
struct Reader<'t> {
    file: FileId,
    text: &'t str,
    /// What refuses the file and what does not; one more than is shown if there is more.
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// A key with its text, and its value.
struct Entry<'n> {
    name: &'n str,
    key: &'n Node,
    value: &'n Node,
}

/// The entries of a mapping whose keys are known.
struct Fields<'n>(Vec<Entry<'n>>);

impl<'n> Fields<'n> {
    fn get(&self, name: &str) -> Option<&'n Node> {
        self.0.iter().find(|entry| entry.name == name).map(|entry| entry.value)
    }
}

/// A CIDR and the node that says it.
type Placed<'n> = (IpNet, &'n Node);

impl Reader<'_> {
    // What the file holds, from the whole to its parts.

    fn project(&mut self, root: &Node) -> Option<Project> {
        if matches!(root.value, Value::Null) {
            self.report(root, |at| {
                Diagnostic::error(codes::MISSING_KEY, "the project file is empty")
                    .at(at, "")
                    .help("write at least `name: …` and `regions: …`, or run `fwc init`")
            });
            return None;
        }
        let fields = self.fields(root, "the project file", KEYS)?;
        for key in ["name", "regions"] {
            if fields.get(key).is_none() {
                self.missing(root, key, "the project file");
            }
        }
        let name = fields.get("name").and_then(|node| self.name(node)).unwrap_or_default();
        let policy = fields.get("policy").and_then(|node| self.path(node));
        let vars = fields.get("vars").map(|node| self.vars(node)).unwrap_or_default();
        let account = vars.get("account").cloned();
        let regions = fields.get("regions").map(|node| self.regions(node, account.as_deref()));
        let firewall = fields.get("firewall").map(|node| self.firewall(node)).unwrap_or_default();
        let lint = fields.get("lint").map(|node| self.lint(node)).unwrap_or_default();
        let tickets = fields.get("tickets").and_then(|node| self.tickets(node));
        let regions = regions.unwrap_or_default();
        Some(Project { name, policy, vars, regions, firewall, lint, tickets })
    }

    fn name(&mut self, node: &Node) -> Option<String> {
        let name = self.text_of(node, "`name`")?;
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
        let fits = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
        if starts && fits && has_single_hyphens(name) && name.len() <= LONGEST_NAME {
            return Some(name.to_owned());
        }
        let parts = name.split(|char: char| !char.is_ascii_alphanumeric());
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let joined = parts.join("-");
        let start = joined.trim_start_matches(|first: char| !first.is_ascii_alphabetic());
        let mended: String = start.chars().take(LONGEST_NAME).collect();
        let mended = mended.trim_end_matches('-').to_owned();
        self.report(node, |at| {
            let found = Diagnostic::error(
                codes::PROJECT_NAME,
                format!("AWS objects cannot be named after {}", quote(name)),
            )
            .at(at, "the prefix of their names")
            .help(format!(
                "start with a letter, use letters, digits and single `-` between them, at most \
                 {LONGEST_NAME} in all"
            ));
            if mended.is_empty() {
                return found;
            }
            found.fix(Applicability::Unsafe, format!("call it `{mended}`"), at, mended)
        });
        None
    }

    fn path(&mut self, node: &Node) -> Option<String> {
        let path = self.text_of(node, "`policy`")?;
        if !path.is_empty() && !path.chars().any(char::is_control) {
            return Some(path.to_owned());
        }
        self.setting(node, "`policy` names no file", "write a path relative to this file");
        None
    }

    fn tickets(&mut self, node: &Node) -> Option<String> {
        let template = self.text_of(node, "`tickets`")?;
        if template.contains("{}") && !template.chars().any(char::is_control) {
            return Some(template.to_owned());
        }
        self.setting(
            node,
            "`tickets` has no place for the ticket",
            "write `{}` where the id goes: \"https://issues.example/browse/{}\"",
        );
        None
    }

    fn vars(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut vars = BTreeMap::new();
        for Entry { name, key, value } in self.entries(node, "`vars`") {
            let known = self.variable_name(name, key);
            let text = self.variable_value(name, value);
            if let (true, Some(text)) = (known, text) {
                vars.insert(name.to_owned(), text);
            }
        }
        vars
    }

    fn variable_name(&mut self, name: &str, key: &Node) -> bool {
        if name == "region" {
            self.report(key, |at| {
                Diagnostic::error(codes::INVALID_VARIABLE, "the variable `region` is built in")
                    .at(at, "always the region's name at AWS")
                    .help("remove it, or call it something else")
            });
            return false;
        }
        let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(fits) {
            return true;
        }
        self.report(key, |at| {
            let message = format!("a variable cannot be called {}", quote(name));
            Diagnostic::error(codes::INVALID_VARIABLE, message)
                .at(at, "")
                .help("start with a lower-case letter, use lower-case letters, digits and `_`")
        });
        false
    }

    fn variable_value(&mut self, name: &str, value: &Node) -> Option<String> {
        if matches!(value.value, Value::Integer(_) | Value::OtherNumber | Value::Bool) {
            self.unquoted(name, value);
            return None;
        }
        let text = self.text_of(value, &format!("`{name}`"))?;
        if name == "account" {
            return self.account(value, text);
        }
        let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
        if !text.is_empty() && text.len() <= 253 && text.chars().all(fits) {
            return Some(text.to_owned());
        }
        self.report(value, |at| {
            Diagnostic::error(
                codes::INVALID_VARIABLE,
                format!("{} cannot stand in a name", quote(text)),
            )
            .at(at, format!("the value of `{name}`"))
            .help("use letters, digits, `.`, `-` and `_`, 1 to 253 of them")
        });
        None
    }

    fn account(&mut self, value: &Node, text: &str) -> Option<String> {
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.report(value, |at| {
                let message = format!("{} is no AWS account", quote(text));
                Diagnostic::error(codes::INVALID_VARIABLE, message)
                    .at(at, "")
                    .help("an account is 12 digits, in quotes: \"123456789012\"")
            });
            return None;
        }
        // This reader keeps a leading zero as text; others read octal or lose it.
        if !yaml::is_quoted(self.text, yaml::place(self.text, value)) {
            self.unquoted("account", value);
            return None;
        }
        Some(text.to_owned())
    }

    fn unquoted(&mut self, name: &str, value: &Node) {
        let text = self.text;
        let kind = if matches!(value.value, Value::Bool) { "true or false" } else { "a number" };
        self.report(value, |at| {
            let written = text.get(at.span.range()).unwrap_or_default();
            let is_bool = matches!(value.value, Value::Bool);
            let plain = written.chars().all(|char| char.is_ascii_alphanumeric() || char == '.');
            let found = Diagnostic::error(
                codes::UNQUOTED_NUMBER,
                format!("`{name}` is text, but {} reads as {kind}", quote(written)),
            )
            .at(at, if is_bool { "" } else { "without quotes, a zero at either end may be lost" });
            if !plain {
                return found.help("put it in quotes");
            }
            found.fix(Applicability::Safe, "put it in quotes", at, format!("\"{written}\""))
        });
    }

    // Regions and their networks.

    fn regions(&mut self, node: &Node, account: Option<&str>) -> IndexMap<String, Region> {
        let mut regions = IndexMap::new();
        let mut names: BTreeMap<&str, &Node> = BTreeMap::new();
        let entries = self.entries(node, "`regions`");
        if entries.is_empty() && matches!(node.value, Value::Map(_)) {
            self.missing(node, "primary", "`regions`");
        }
        for Entry { name: role, key, value } in entries {
            let fits = self.role(role, key);
            let Some(region) = self.region(role, value, account, &mut names) else { continue };
            if fits {
                regions.insert(role.to_owned(), region);
            }
        }
        regions
    }

    fn role(&mut self, role: &str, key: &Node) -> bool {
        if matches!(role, "all" | "both") {
            self.report(key, |at| {
                let message = format!("a region cannot have the role `{role}`");
                Diagnostic::error(codes::REGION_ROLE, message)
                    .at(at, format!("`--region {role}` means every region"))
                    .help("call it by what it is for: `primary`, `secondary`")
            });
            return false;
        }
        if is_identifier(role) && has_single_hyphens(role) && role.len() <= LONGEST_ROLE {
            return true;
        }
        self.report(key, |at| {
            let message = format!("a region cannot have the role {}", quote(role));
            Diagnostic::error(codes::REGION_ROLE, message).at(at, "").help(format!(
                "start with a lower-case letter, use lower-case letters, digits and single `-` \
                 between them, at most {LONGEST_ROLE} in all"
            ))
        });
        false
    }

    fn region<'n>(
        &mut self,
        role: &str,
        node: &'n Node,
        account: Option<&str>,
        names: &mut BTreeMap<&'n str, &'n Node>,
    ) -> Option<Region> {
        let fields = self.fields(node, &format!("the region `{role}`"), REGION_KEYS)?;
        let aws = fields.get("aws").and_then(|node| self.aws_region(node, names));
        let vpc = fields.get("vpc_cidr").and_then(|node| self.cidr(node, "`vpc_cidr`"));
        let vars = fields.get("vars").map(|node| self.vars(node)).unwrap_or_default();
        let account = vars.get("account").map(String::as_str).or(account);
        let home = Home { aws, account };
        let firewall_policy = fields
            .get("firewall_policy")
            .and_then(|node| self.object_name(node, "`firewall_policy`"));
        let firewalls = fields.get("firewalls").map(|node| self.firewalls(node));

        let mut networks = IndexMap::new();
        let mut placed = Vec::new();
        let mut sets: BTreeMap<String, &str> = BTreeMap::new();
        let entries = fields.get("networks").map(|node| self.entries(node, "`networks`"));
        for Entry { name, key, value } in entries.into_iter().flatten() {
            let fits = self.network_name(name, key);
            let Some(network) = self.network(name, value, &home, &mut placed) else { continue };
            if let Network::PrefixList(arn) | Network::ContainerAssociation(arn) = &network {
                self.reference(name, key);
                if let Some(first) = sets.insert(arn.clone(), name) {
                    self.setting(
                        value,
                        &format!("the networks `{first}` and `{name}` are the same set"),
                        "keep one of them: AWS takes a set once in a rule group",
                    );
                }
            }
            if fits {
                networks.insert(name.to_owned(), network);
            }
        }
        self.overlaps(placed.as_mut_slice());
        if let Some(vpc) = vpc {
            self.outside(vpc, &placed);
        }
        Some(Region {
            aws: aws.map(str::to_owned),
            vpc_cidr: vpc,
            networks,
            vars,
            firewall_policy,
            firewalls: firewalls.unwrap_or_default(),
        })
    }

    fn firewalls(&mut self, node: &Node) -> Vec<String> {
        let elements = self.list(node, "`firewalls`", "a list of names").unwrap_or_default();
        elements.iter().filter_map(|node| self.object_name(node, "a name of `firewalls`")).collect()
    }

    /// The name of an object that exists at AWS.
    fn object_name(&mut self, node: &Node, what: &str) -> Option<String> {
        let name = self.text_of(node, what)?;
        let fits = |char: char| char.is_ascii_alphanumeric() || char == '-';
        if (1..=LONGEST_OBJECT).contains(&name.len()) && name.chars().all(fits) {
            return Some(name.to_owned());
        }
        self.setting(
            node,
            &format!("AWS has no object called {}", quote(name)),
            "a name is 1 to 128 letters, digits and `-`; write the name, not the ARN",
        );
        None
    }

    fn aws_region<'n>(
        &mut self,
        node: &'n Node,
        names: &mut BTreeMap<&'n str, &'n Node>,
    ) -> Option<&'n str> {
        let name = self.text_of(node, "`aws`")?;
        if !is_aws_region(name) {
            self.report(node, |at| {
                let message = format!("{} is no name of an AWS region", quote(name));
                Diagnostic::error(codes::AWS_REGION, message)
                    .at(at, "")
                    .help("write it as AWS does, without a zone: `us-east-1`")
            });
            return None;
        }
        if let Some(first) = names.insert(name, node) {
            self.add(Severity::Error, [node, first], |[at, first]| {
                Diagnostic::error(codes::AWS_REGION, format!("two regions are `{name}`"))
                    .at(at, "the second")
                    .at(first, "the first")
                    .help("a project has one region of a name; put the other in its own project")
            });
            return None;
        }
        Some(name)
    }

    fn network_name(&mut self, name: &str, key: &Node) -> bool {
        if is_identifier(name) && name.len() <= 64 {
            return true;
        }
        self.report(key, |at| {
            let message = format!("a network cannot be called {}", quote(name));
            Diagnostic::error(codes::NETWORK_NAME, message).at(at, "").help(
                "start with a lower-case letter, use lower-case letters, digits and `-`, at most \
                 64 in all",
            )
        });
        false
    }

    /// Refuses the name of a network that signatures have to refer to and cannot.
    fn reference(&mut self, name: &str, key: &Node) {
        if name.len() <= LONGEST_REFERENCE {
            return;
        }
        self.report(key, |at| {
            let message = format!("signatures cannot refer to a set as {}", quote(name));
            Diagnostic::error(codes::NETWORK_NAME, message)
                .at(at, "")
                .help(format!("give it a name of at most {LONGEST_REFERENCE} characters"))
        });
    }

    fn network<'n>(
        &mut self,
        name: &'n str,
        node: &'n Node,
        home: &Home<'_>,
        placed: &mut Vec<(&'n str, Placed<'n>)>,
    ) -> Option<Network> {
        match &node.value {
            Value::List(elements) if elements.is_empty() => {
                self.report(node, |at| {
                    let message = format!("the network `{name}` has no addresses");
                    Diagnostic::error(codes::EMPTY_NETWORK, message)
                        .at(at, "")
                        .help("list its CIDRs, or remove it")
                });
                None
            }
            Value::List(elements) => {
                let what = format!("an address of `{name}`");
                let cidrs: Vec<Placed<'_>> = elements
                    .iter()
                    .filter_map(|node| Some((self.cidr(node, &what)?, node)))
                    .collect();
                placed.extend(cidrs.iter().map(|cidr| (name, *cidr)));
                Some(Network::Cidrs(cidrs.into_iter().map(|(cidr, _)| cidr).collect()))
            }
            Value::Map(_) => self.binding(name, node, home),
            _ => {
                let cidr = node.text().filter(|text| text.parse::<IpNet>().is_ok());
                self.report(node, |at| {
                    let found = Diagnostic::error(
                        codes::WRONG_KIND,
                        format!("the network `{name}` should be a list of CIDRs"),
                    )
                    .at(at, format!("found {}", node.kind()))
                    .help("write `[10.0.0.0/24]`, `{ prefix_list: … }` or `{ container_association: … }`");
                    match cidr {
                        Some(cidr) => {
                            found.fix(Applicability::Safe, "make it a list", at, format!("[{cidr}]"))
                        }
                        None => found,
                    }
                });
                None
            }
        }
    }

    fn binding(&mut self, name: &str, node: &Node, home: &Home<'_>) -> Option<Network> {
        let fields = self.fields(node, &format!("the network `{name}`"), NETWORK_KEYS)?;
        let bound = |key| fields.get(key);
        match (bound("prefix_list"), bound("container_association")) {
            (Some(node), None) => self.arn(node, home, &PREFIX_LIST).map(Network::PrefixList),
            (None, Some(node)) => {
                self.arn(node, home, &CONTAINER_ASSOCIATION).map(Network::ContainerAssociation)
            }
            (None, None) => {
                self.missing(node, "prefix_list", &format!("the network `{name}`"));
                None
            }
            (Some(_), Some(second)) => {
                self.setting(
                    second,
                    &format!("the network `{name}` is bound twice"),
                    "keep one, and give the other a name of its own",
                );
                None
            }
        }
    }

    fn arn(&mut self, node: &Node, home: &Home<'_>, form: &ArnForm) -> Option<String> {
        let written = self.text_of(node, &format!("`{}`", form.key))?;
        let fault = match form.check(written) {
            Ok(region) if home.aws.is_none_or(|aws| aws == region) => {
                return Some(written.to_owned());
            }
            Ok(region) => {
                let aws = home.aws.unwrap_or_default();
                format!("it is in `{region}`, the network in `{aws}`")
            }
            Err(fault) => fault.to_owned(),
        };
        let region = home.aws.unwrap_or("us-east-1");
        let account = home.account.unwrap_or("123456789012");
        let example = |name: &str| {
            let ArnForm { service, kind, .. } = form;
            let partition = partition(region);
            format!("arn:{partition}:{service}:{region}:{account}:{kind}/{name}")
        };
        self.report(node, |at| {
            let message = format!("{} is no ARN of {}", quote(written), form.what);
            let found = Diagnostic::error(codes::INVALID_ARN, message)
                .at(at, fault)
                .help(format!("write it whole: `{}`", example(form.example)));
            let known = home.aws.is_some() && home.account.is_some();
            if !(known && (form.id)(written)) {
                return found;
            }
            let whole = example(written);
            found.fix(Applicability::Unsafe, "write the ARN of this account", at, whole)
        });
        None
    }

    fn cidr(&mut self, node: &Node, what: &str) -> Option<IpNet> {
        let written = self.text_of(node, what)?;
        if let Ok(cidr) = written.parse::<IpNet>() {
            let network = cidr.trunc();
            if network == cidr {
                return Some(cidr);
            }
            self.report(node, |at| {
                let message = format!("`{written}` is an address in a network, not a network");
                Diagnostic::error(codes::INVALID_CIDR, message)
                    .at(at, format!("lies in `{network}`"))
                    .help(format!("write `{network}`, or a longer prefix for less"))
                    .fix(Applicability::Unsafe, "write the network", at, network.to_string())
            });
            return None;
        }
        let whole = written.parse::<IpAddr>().ok().map(|address| IpNet::from(address).to_string());
        self.report(node, |at| {
            let message = format!("{} is no CIDR", quote(written));
            let found = Diagnostic::error(codes::INVALID_CIDR, message).at(at, "");
            match whole {
                Some(whole) => found.help("write how many bits of it count").fix(
                    Applicability::Safe,
                    format!("write `{whole}`"),
                    at,
                    whole,
                ),
                None => found.help("write an address and a prefix: `10.10.64.0/20`"),
            }
        });
        None
    }

    /// Sorts the CIDRs of a region so that what contains stands before what is contained, and
    /// reports each that lies in another.
    fn overlaps(&mut self, placed: &mut [(&str, Placed<'_>)]) {
        placed.sort_by_key(|(_, (cidr, _))| (cidr.network(), cidr.prefix_len()));
        let mut around: Vec<(&str, Placed<'_>)> = Vec::new();
        for &(name, (cidr, node)) in &*placed {
            while around.last().is_some_and(|(_, (outer, _))| !outer.contains(&cidr)) {
                around.pop();
            }
            if let Some(&(other, (outer, outer_node))) = around.last() {
                self.overlap((name, cidr, node), (other, outer, outer_node));
            }
            around.push((name, (cidr, node)));
        }
    }

    fn overlap(&mut self, inner: (&str, IpNet, &Node), outer: (&str, IpNet, &Node)) {
        let (name, cidr, node) = inner;
        let (other, wide, wide_node) = outer;
        self.add(Severity::Warning, [node, wide_node], |[at, around]| {
            if name == other {
                let message = format!("`{cidr}` adds nothing to the network `{name}`");
                Diagnostic::warning(codes::REDUNDANT_CIDR, message)
                    .at(at, "")
                    .at(around, format!("`{wide}` has it all"))
                    .help("remove it")
            } else {
                let message = format!("the networks `{name}` and `{other}` overlap");
                Diagnostic::warning(codes::OVERLAPPING_NETWORKS, message)
                    .at(at, format!("`{name}`"))
                    .at(around, format!("`{other}`"))
                    .note("a flow from here has the services of both")
            }
        });
    }

    fn outside(&mut self, vpc: IpNet, placed: &[(&str, Placed<'_>)]) {
        for (name, (cidr, node)) in placed.iter().filter(|(_, (cidr, _))| !vpc.contains(cidr)) {
            self.add(Severity::Warning, [node], |[at]| {
                let message = format!("`{cidr}` of the network `{name}` lies outside the VPC");
                Diagnostic::warning(codes::OUTSIDE_VPC, message)
                    .at(at, "")
                    .note(format!("`vpc_cidr` is `{vpc}`"))
                    .help("check both; an address the VPC does not have sends nothing")
            });
        }
    }

    // The firewall and the lints.

    fn firewall(&mut self, node: &Node) -> Firewall {
        let mut firewall = Firewall::default();
        let Some(fields) = self.fields(node, "`firewall`", FIREWALL_KEYS) else {
            return firewall;
        };
        let on_deny = [("reject", OnDeny::Reject), ("drop", OnDeny::Drop)];
        let profiles = [("hardened", ProfileName::Hardened), ("published", ProfileName::Published)];
        if let Some(node) = fields.get("on_deny") {
            firewall.on_deny = self.choice(node, "on_deny", &on_deny);
        }
        if let Some(node) = fields.get("profile") {
            firewall.profile = self.choice(node, "profile", &profiles);
        }
        if let Some(node) = fields.get("home_net") {
            firewall.home_net = self.home_net(node);
        }
        if let Some(node) = fields.get("headroom_percent") {
            let percent = self.number(node, "headroom_percent", 0, 400);
            firewall.headroom_percent = percent.unwrap_or(firewall.headroom_percent);
        }
        if let Some(node) = fields.get("keep_generations") {
            let kept = self.number(node, "keep_generations", 0, 10);
            firewall.keep_generations = kept.unwrap_or(firewall.keep_generations);
        }
        if let Some(node) = fields.get("quotas") {
            firewall.quotas = self.quotas(node);
        }
        firewall
    }

    fn home_net(&mut self, node: &Node) -> Option<Vec<IpNet>> {
        let elements = self.list(node, "`home_net`", "a list of CIDRs")?;
        if elements.is_empty() {
            self.report(node, |at| {
                Diagnostic::error(codes::EMPTY_NETWORK, "`home_net` has no addresses")
                    .at(at, "")
                    .help("list CIDRs, or remove it: the networks of each region are then meant")
            });
            return None;
        }
        Some(
            elements
                .iter()
                .filter_map(|node| self.cidr(node, "an address of `home_net`"))
                .collect(),
        )
    }

    fn quotas(&mut self, node: &Node) -> Quotas {
        let mut quotas = Quotas::default();
        let Some(fields) = self.fields(node, "`quotas`", QUOTA_KEYS) else { return quotas };
        if let Some(node) = fields.get("signatures_per_policy") {
            let number = self.number(node, "signatures_per_policy", 1, 1_000_000);
            quotas.signatures_per_policy = number.unwrap_or(quotas.signatures_per_policy);
        }
        if let Some(node) = fields.get("rule_groups") {
            let number = self.number(node, "rule_groups", 1, 10_000);
            quotas.rule_groups = number.unwrap_or(quotas.rule_groups);
        }
        quotas
    }

    fn lint(&mut self, node: &Node) -> Lint {
        let Some(fields) = self.fields(node, "`lint`", LINT_KEYS) else { return Lint::default() };
        let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
        let mut lists = LINT_KEYS.iter().map(|key| {
            let node = fields.get(key)?;
            let elements = self.list(node, &format!("`{key}`"), "a list of lints")?;
            Some(elements.iter().filter_map(|node| self.lint_name(node, &mut seen)).collect())
        });
        let mut next = || lists.next().flatten().unwrap_or_default();
        Lint { deny: next(), warn: next(), allow: next() }
    }

    fn lint_name<'n>(
        &mut self,
        node: &'n Node,
        seen: &mut BTreeMap<&'n str, &'n Node>,
    ) -> Option<String> {
        let name = self.text_of(node, "a lint")?;
        let Some(first) = seen.insert(name, node) else { return Some(name.to_owned()) };
        self.add(Severity::Error, [node, first], |[at, first]| {
            let message = format!("the lint {} is named twice", quote(name));
            Diagnostic::error(codes::LINT_TWICE, message)
                .at(at, "here again")
                .at(first, "first here")
                .help("keep one")
        });
        None
    }

    // Kinds of nodes.

    fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong_kind(node, what, "a mapping");
            return None;
        }
        let (fields, unknown): (Vec<_>, Vec<_>) =
            self.entries(node, what).into_iter().partition(|entry| known.contains(&entry.name));
        for Entry { name, key, .. } in unknown {
            let near = did_you_mean(name, known.iter().copied());
            self.report(key, |at| {
                let message = format!("{what} has no key {}", quote(name));
                let found = Diagnostic::error(codes::UNKNOWN_KEY, message).at(at, "unknown");
                match near {
                    Some(near) => found.help(format!("did you mean `{near}`?")).fix(
                        Applicability::Unsafe,
                        format!("write `{near}`"),
                        at,
                        near,
                    ),
                    None => found.help(format!("it has {}", and(known))),
                }
            });
        }
        Some(Fields(fields))
    }

    /// The entries of a mapping, each key once.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<Entry<'n>> {
        let Value::Map(map) = &node.value else {
            self.wrong_kind(node, what, "a mapping");
            return Vec::new();
        };
        let mut first: BTreeMap<&str, &Node> = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, value) in map {
            let Some(name) = key.text() else {
                self.wrong_kind(key, &format!("a key of {what}"), "text");
                continue;
            };
            match first.get(name) {
                None => {
                    first.insert(name, key);
                    entries.push(Entry { name, key, value });
                }
                Some(first) => {
                    self.add(Severity::Error, [key, first], |[at, first]| {
                        let message = format!("{what} has the key {} twice", quote(name));
                        Diagnostic::error(codes::DUPLICATE_KEY, message)
                            .at(at, "here again")
                            .at(first, "first here")
                            .help("keep one")
                    });
                }
            }
        }
        entries
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str, wanted: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(elements) => Some(elements),
            _ => {
                self.wrong_kind(node, what, wanted);
                None
            }
        }
    }

    fn text_of<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.wrong_kind(node, what, "text");
        }
        text
    }

    fn number(&mut self, node: &Node, key: &str, least: u32, most: u32) -> Option<u32> {
        let within = |number: &u32| (least..=most).contains(number);
        match node.value {
            Value::Integer(number) => {
                let number = u32::try_from(number).ok().filter(within);
                if number.is_none() {
                    self.setting(
                        node,
                        &format!("`{key}` is out of range"),
                        &format!("write a whole number from {least} to {most}"),
                    );
                }
                number
            }
            _ => {
                let wanted = format!("a whole number from {least} to {most}");
                self.wrong_kind(node, &format!("`{key}`"), &wanted);
                None
            }
        }
    }

    /// One of a few words; the default if it is none of them.
    fn choice<T: Copy + Default>(&mut self, node: &Node, key: &str, words: &[(&str, T)]) -> T {
        let Some(written) = self.text_of(node, &format!("`{key}`")) else { return T::default() };
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == written) {
            return *chosen;
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let near = did_you_mean(&written.to_ascii_lowercase(), words.iter().copied());
        self.report(node, |at| {
            let message = format!("`{key}` cannot be {}", quote(written));
            let found = Diagnostic::error(codes::INVALID_SETTING, message).at(at, "");
            match near {
                Some(near) => found.help(format!("did you mean `{near}`?")).fix(
                    Applicability::Unsafe,
                    format!("write `{near}`"),
                    at,
                    near,
                ),
                None => found.help(format!("write one of {}", and(&words))),
            }
        });
        T::default()
    }

    // What is reported in several places.

    fn setting(&mut self, node: &Node, message: &str, help: &str) {
        self.report(node, |at| {
            Diagnostic::error(codes::INVALID_SETTING, message).at(at, "").help(help)
        });
    }

    fn missing(&mut self, node: &Node, key: &str, what: &str) {
        let help = match key {
            "primary" => "write at least one region by its role: `primary: { aws: us-east-1 }`",
            "name" => "write what its AWS objects are called: `name: shop-prod`",
            "regions" => "write `regions: { primary: { aws: us-east-1 } }`",
            _ => "write `{ prefix_list: … }`, `{ container_association: … }` or a list of CIDRs",
        };
        let message = match key {
            "primary" => format!("{what} has no region"),
            "prefix_list" => format!("{what} has no addresses"),
            _ => format!("{what} has no `{key}`"),
        };
        self.report(node, |at| {
            Diagnostic::error(codes::MISSING_KEY, message).at(at, "").help(help)
        });
    }

    fn wrong_kind(&mut self, node: &Node, what: &str, wanted: &str) {
        let kind = node.kind();
        self.report(node, |at| {
            Diagnostic::error(codes::WRONG_KIND, format!("{what} should be {wanted}"))
                .at(at, format!("found {kind}"))
        });
    }

    /// Reports something about a node that refuses the file.
    fn report(&mut self, node: &Node, build: impl FnOnce(Location) -> Diagnostic) {
        self.add(Severity::Error, [node], |[at]| build(at));
    }

    /// Reports something about nodes, unless enough has been said.
    fn add<const N: usize>(
        &mut self,
        severity: Severity,
        nodes: [&Node; N],
        build: impl FnOnce([Location; N]) -> Diagnostic,
    ) {
        let (file, text) = (self.file, self.text);
        let found = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if found.len() > MOST_FINDINGS {
            return;
        }
        found.push(build(nodes.map(|node| Location { file, span: yaml::place(text, node) })));
    }

    /// Everything found, in the order of the text, and a word if that is not all.
    fn finish(mut self) -> Vec<Diagnostic> {
        let mut more = Vec::new();
        let kinds = [(&mut self.errors, "errors"), (&mut self.warnings, "warnings")];
        for (found, name) in kinds {
            let Some(one_more) = found.get(MOST_FINDINGS) else { continue };
            let message = format!("the project file has more than {MOST_FINDINGS} {name}");
            more.push(Diagnostic {
                severity: one_more.severity,
                ..Diagnostic::error(codes::PROJECT_LIMIT, message).help("mend those shown first")
            });
            found.truncate(MOST_FINDINGS);
        }
        let mut found = self.errors;
        found.append(&mut self.warnings);
        tidy(&mut found);
        found.append(&mut more);
        found
    }
}

/// Where a region is: what the ARNs in it must name.
struct Home<'n> {
    aws: Option<&'n str>,
    account: Option<&'n str>,
}

/// What an ARN of one kind looks like.
struct ArnForm {
    key: &'static str,
    what: &'static str,
    service: &'static str,
    kind: &'static str,
    example: &'static str,
    /// Whether a text is what stands behind the kind.
    id: fn(&str) -> bool,
}

const PREFIX_LIST: ArnForm = ArnForm {
    key: "prefix_list",
    what: "a prefix list",
    service: "ec2",
    kind: "prefix-list",
    example: "pl-0123456789abcdef0",
    id: |id| {
        let hex = id.strip_prefix("pl-").unwrap_or_default();
        !hex.is_empty() && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    },
};

const CONTAINER_ASSOCIATION: ArnForm = ArnForm {
    key: "container_association",
    what: "a container association",
    service: "network-firewall",
    kind: "container-association",
    example: "web",
    id: |id| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=128).contains(&id.len()) && id.bytes().all(fits)
    },
};

impl ArnForm {
    /// The region an ARN of this form names, or what is wrong with it.
    fn check<'w>(&self, written: &'w str) -> Result<&'w str, &'static str> {
        let parts: Vec<&str> = written.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return Err("an ARN has six parts, the first of them `arn`");
        };
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if !partition.starts_with("aws") || !partition.bytes().all(letters) {
            return Err("its second part should be a partition: `aws`");
        }
        if *service != self.service {
            return Err("it names another service");
        }
        if !is_aws_region(region) {
            return Err("its fourth part should be a region");
        }
        // Lists of AWS itself have `aws` for an account.
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !digits && *account != "aws" {
            return Err("its fifth part should be an account of 12 digits");
        }
        match resource.split_once('/') {
            Some((kind, id)) if kind == self.kind && (self.id)(id) => Ok(region),
            _ => Err("its last part names something else"),
        }
    }
}

/// Whether hyphens stand alone and not at the end: AWS takes the name of a rule group or policy only
/// so. Its model does not say it, its console does
/// (<https://github.com/ministryofjustice/modernisation-platform/pull/3196>, checked 2026-11-24).
fn has_single_hyphens(name: &str) -> bool {
    !name.ends_with('-') && !name.contains("--")
}

/// A lower-case letter, then lower-case letters, digits and hyphens.
fn is_identifier(text: &str) -> bool {
    let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(fits)
}

/// Whether a text has the form of a region's name: `us-east-1`, `us-gov-west-1`, `us-isob-east-1`.
fn is_aws_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, places @ .., number] = parts.as_slice() else { return false };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
    let few = matches!(places.len(), 1..=3) && text.len() <= 32;
    area.len() == 2 && word(area) && few && places.iter().all(word) && digits
}

/// The partition of AWS a region is in, as far as the public documents name them
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>, checked 2026-11-24).
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Text of the user in backticks, cut if nobody wants to read it whole.
fn quote(written: &str) -> String {
    const MOST: usize = 80;
    if written.is_empty() {
        return "the empty text".to_owned();
    }
    let shown: String = written.chars().take(MOST).collect();
    let cut = if shown.len() < written.len() { "…" } else { "" };
    format!("`{shown}{cut}`")
}

/// `a`, `b` and `c`.
fn and(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
