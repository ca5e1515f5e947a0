//! What the service refuses in the text of a rule group, as far as that can be said without an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::request::{
    Definition, Order, ReferenceSets, RuleVariables, RulesSourceList, StatefulRule, TargetType,
};
use super::{Error, Load, Loader};

/// The room a signature has: 8,192 characters with the values of its variables (guide, "quotas") less the
/// 16 of the `gid` that the service appends, of which one more was measured.
const LONGEST: usize = 8_175;

/// The largest text in bytes (guide, "quotas"; model, `RulesString`).
const LARGEST: usize = 2_000_000;

/// References that a group may have (guide, "quotas"); container associations do not count
/// (<https://github.com/aws/aws-security-services-best-practices>, "customer-managed-rules", 2026-07).
const MOST_REFERENCES: usize = 5;

/// Actions there are (measured).
const ACTIONS: [&str; 4] = ["alert", "drop", "pass", "reject"];

/// What can be rejected (measured): what runs over TCP, as far as the service knows it.
const REJECTED: [&str; 7] = ["tcp", "http", "tls", "smb", "ssh", "smtp", "dcerpc"];

/// Keywords that are refused (guide, "suricata-limitations-caveats"; measured).
const UNSUPPORTED: [&str; 6] = ["dataset", "datarep", "iprep", "lua", "luajit", "filestore"];

/// One of these has to stand beside `pcre` (guide, "suricata-limitations-caveats"; measured).
const BESIDE_PCRE: [&str; 5] = ["tls.sni", "http.host", "dns.query", "http.uri", "content"];

/// Keywords of the service that no engine has (guide, "suricata-rule-evaluation-order",
/// "route53-resolved-ip-validation-rules").
const OWN_KEYWORDS: [&str; 3] =
    ["aws_domain_category", "aws_url_category", "aws_route_53_resolved_domain"];

/// What the text of a group may speak of.
pub(super) struct Sets<'r> {
    addresses: BTreeMap<&'r str, String>,
    ports: BTreeMap<&'r str, String>,
    references: BTreeSet<&'r str>,
}

impl<'r> Sets<'r> {
    /// Checks what is declared beside a text.
    pub(super) fn read(
        variables: Option<&RuleVariables<'r>>,
        references: Option<&ReferenceSets<'r>>,
    ) -> Result<Self, Error> {
        let mut sets = Self {
            addresses: BTreeMap::new(),
            ports: BTreeMap::new(),
            references: BTreeSet::new(),
        };
        for (name, set) in variables.iter().flat_map(|it| &it.ip_sets) {
            check_variable("IPSets", name, set)?;
            for value in &set.definition {
                let bare = value.trim_start_matches('!');
                // Assumed: whatever else Suricata reads as an address.
                let is_address = bare.parse::<IpNet>().is_ok()
                    || bare.parse::<IpAddr>().is_ok()
                    || bare == "any"
                    || bare.starts_with(['$', '[']);
                if !is_address {
                    return Err(invalid_set("IPSets", name, value));
                }
            }
            sets.addresses.insert(name, value_of(set));
        }
        for (name, set) in variables.iter().flat_map(|it| &it.port_sets) {
            check_variable("PortSets", name, set)?;
            let is_part = |byte: u8| byte.is_ascii_digit() || b":![],".contains(&byte);
            if let Some(value) = set.definition.iter().find(|it| !it.bytes().all(is_part)) {
                return Err(invalid_set("PortSets", name, value));
            }
            sets.ports.insert(name, value_of(set));
        }
        let references = references.iter().flat_map(|it| &it.ip_set_references);
        let mut arns = BTreeSet::new();
        let mut counted = 0;
        for (name, reference) in references {
            check_set_name("IPSetReferences", name)?;
            // Measured: one ARN twice is refused.
            if !arns.insert(reference.reference_arn) {
                return Err(Error::invalid("IPSetReferences is invalid, context: ReferenceSets"));
            }
            if !reference.reference_arn.starts_with("arn:aws") {
                return Err(Error::invalid(format!(
                    "ReferenceArn is invalid, context: ReferenceSets.IPSetReferences.{name}"
                )));
            }
            counted += usize::from(!reference.reference_arn.contains(":container-association/"));
            sets.references.insert(name);
        }
        if counted > MOST_REFERENCES {
            return Err(Error::invalid(format!(
                "IPSetReferences limit exceeded, parameter: [{counted}]"
            )));
        }
        Ok(sets)
    }
}

/// 1 to 32 letters, digits and underscores, a letter first (model, `RuleVariableName`).
fn check_set_name(kind: &str, name: &str) -> Result<(), Error> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = (1..=32).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(is_part);
    if is_name {
        Ok(())
    } else {
        Err(Error::invalid(format!("{kind} is invalid, parameter: [{name}]")))
    }
}

fn check_variable(kind: &str, name: &str, set: &Definition<'_>) -> Result<(), Error> {
    check_set_name(kind, name)?;
    // Measured for variables that are not declared; assumed to be the same for those without a value.
    if set.definition.is_empty() || set.definition.contains(&"") {
        return Err(unknown(kind, "RuleVariables", name));
    }
    Ok(())
}

fn invalid_set(kind: &str, name: &str, value: &str) -> Error {
    Error::invalid(format!(
        "Definition is invalid, parameter: [{value}], context: RuleVariables.{kind}.{name}"
    ))
}

fn unknown(kind: &str, context: &str, name: &str) -> Error {
    Error::invalid(format!("{name} cannot be null or empty, context: {context}.{kind}.{name}"))
}

/// A set as Suricata writes it.
fn value_of(set: &Definition<'_>) -> String {
    match set.definition.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(",")),
    }
}

/// Checks a text; gives how many signatures it has, which is what it takes of the capacity (guide,
/// "rule-group-capacity"; measured).
pub(super) fn check_text(
    text: &str,
    order: Order,
    sets: &Sets<'_>,
    loader: Option<&Loader>,
) -> Result<u64, Error> {
    if text.len() > LARGEST {
        return Err(Error::invalid(format!(
            "RulesString capacity exceeded, parameter: [{}]",
            text.len()
        )));
    }
    let mut sids = BTreeSet::new();
    let lines = || text.lines().filter(|line| is_signature(line));
    for line in lines() {
        check_signature(line, order, sets, &mut sids)?;
    }
    if let Some(loader) = loader {
        load(text, sets, loader)?;
    }
    Ok(lines().count() as u64)
}

/// Comments and empty lines cost nothing (measured).
fn is_signature(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The parts of a signature.
struct Parts<'l> {
    action: &'l str,
    protocol: &'l str,
    source: &'l str,
    source_port: &'l str,
    destination: &'l str,
    destination_port: &'l str,
    options: Vec<(&'l str, Option<&'l str>)>,
}

fn wrong(line: &str, reason: impl std::fmt::Display) -> Error {
    Error::invalid(format!("stateful rule is invalid, rule: {line}, reason: {reason}"))
}

fn check_signature(
    line: &str,
    order: Order,
    sets: &Sets<'_>,
    sids: &mut BTreeSet<u64>,
) -> Result<(), Error> {
    let parts = parts(line).ok_or_else(|| wrong(line, "Illegal option syntax"))?;
    if !ACTIONS.contains(&parts.action) {
        return Err(wrong(line, format_args!("Action {} is not supported", parts.action)));
    }
    if parts.action == "reject" && !REJECTED.contains(&parts.protocol) {
        return Err(wrong(line, format_args!("{} reject is not supported", parts.protocol)));
    }
    let has = |wanted: &str| parts.options.iter().any(|(name, _)| *name == wanted);
    // Measured.
    if let Some((_, value)) = parts.options.iter().find(|(name, _)| *name == "gid") {
        let value = value.unwrap_or_default();
        let reason = format!("GIDs are not allowed. Illegal option(s): [gid:{value}]");
        return Err(wrong(line, reason));
    }
    // Measured.
    if order == Order::StrictOrder && (has("priority") || has("classtype")) {
        return Err(Error::invalid(
            "RulesString has invalid keywords. Rule groups that use strict order can't have rules \
             that contain the keywords priority or classtype",
        ));
    }
    if let Some(keyword) = UNSUPPORTED.iter().find(|keyword| has(keyword)) {
        return Err(wrong(line, format_args!("RuleOptions {keyword} is not supported")));
    }
    if has("pcre") && !BESIDE_PCRE.iter().any(|keyword| has(keyword)) {
        let all = BESIDE_PCRE.join(", ");
        let reason =
            format!("Using pcre without one of the following options is not allowed: [{all}].");
        return Err(wrong(line, reason));
    }
    let mut own = parts.options.iter().filter(|(name, _)| *name == "sid");
    // Guide of the console: 1 to 4,294,967,294.
    let sid = own.next().and_then(|(_, value)| value.as_ref()?.parse().ok());
    let sid = sid.filter(|sid| (1..=4_294_967_294).contains(sid));
    let sid = sid.ok_or_else(|| wrong(line, "sid not assigned"))?;
    if own.next().is_some() || !sids.insert(sid) {
        return Err(wrong(line, format_args!("Duplicate signature {sid}")));
    }
    let length = expanded_length(line, &parts, sets)?;
    if length > LONGEST {
        return Err(wrong(line, "Rule exceeds max length (8192)"));
    }
    Ok(())
}

/// How long a signature is with the values of its variables. Only the header is looked at for variables
/// (measured).
fn expanded_length(line: &str, parts: &Parts<'_>, sets: &Sets<'_>) -> Result<usize, Error> {
    let mut length = line.chars().count();
    let addresses = [parts.source, parts.destination].map(|side| (side, true));
    let ports = [parts.source_port, parts.destination_port].map(|side| (side, false));
    for (side, is_address) in addresses.into_iter().chain(ports) {
        for name in names(side, '$') {
            let own = if is_address { &sets.addresses } else { &sets.ports };
            match own.get(name) {
                // The value stands where `$` and the name stood.
                Some(value) => length = length + value.chars().count() - name.len() - 1,
                // What they stand for, a policy says. No others are built in (measured).
                None if is_address && matches!(name, "HOME_NET" | "EXTERNAL_NET") => {}
                None => {
                    let kind = if is_address { "IPSets" } else { "PortSets" };
                    return Err(unknown(kind, "RuleVariables", name));
                }
            }
        }
        if let Some(name) = names(side, '@').find(|name| !sets.references.contains(name)) {
            return Err(unknown("IPSetReferences", "ReferenceSets", name));
        }
    }
    Ok(length)
}

/// The names behind a sign.
fn names(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.split(sign).skip(1).map(|rest| {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        rest.split(|character| !is_part(character)).next().unwrap_or_default()
    })
}

/// Takes a signature apart; `None` if that is none.
fn parts(line: &str) -> Option<Parts<'_>> {
    let (header, rest) = line.split_once('(')?;
    let inner = rest.trim_end().strip_suffix(')')?;
    let mut words = words(header).into_iter();
    let mut next = || words.next();
    let (action, protocol) = (next()?, next()?);
    let (source, source_port) = (next()?, next()?);
    let arrow = next()?;
    let (destination, destination_port) = (next()?, next()?);
    if !matches!(arrow, "->" | "<>") || next().is_some() {
        return None;
    }
    let options = options(inner)?;
    Some(Parts { action, protocol, source, source_port, destination, destination_port, options })
}

/// The words of a header; what stands in brackets is one.
fn words(header: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0_i32, None);
    let mut found = Vec::new();
    for (at, character) in header.char_indices() {
        depth += i32::from(character == '[') - i32::from(character == ']');
        match (character.is_whitespace() && depth == 0, start) {
            (true, Some(begin)) => {
                found.push(&header[begin..at]);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|begin| &header[begin..]));
    found
}

/// The options of a signature with their values; each ends with a semicolon that is neither quoted nor
/// behind a backslash.
fn options(inner: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut found = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                let option = inner[start..at].trim();
                found.push(match option.split_once(':') {
                    Some((name, value)) => (name.trim(), Some(value.trim())),
                    None => (option, None),
                });
                start = at + 1;
            }
            _ => {}
        }
    }
    (!quoted && inner[start..].trim().is_empty() && !found.is_empty()).then_some(found)
}

/// Has an engine load the text.
fn load(text: &str, sets: &Sets<'_>, loader: &Loader) -> Result<(), Error> {
    let owned = |(name, value): (&&str, &String)| ((*name).to_owned(), value.clone());
    let mut addresses: BTreeMap<_, _> = sets.addresses.iter().map(owned).collect();
    // What stands for what only a policy or the machines of AWS know.
    for (name, value) in [("HOME_NET", "10.0.0.0/8"), ("EXTERNAL_NET", "!$HOME_NET")] {
        addresses.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    for name in &sets.references {
        addresses.insert(format!("REFERENCE_{name}"), "192.0.2.0/24".to_owned());
    }
    let signatures: String = text.lines().map(|line| for_engine(line) + "\n").collect();
    let ports = sets.ports.iter().map(owned).collect();
    loader.load(&Load { signatures, addresses, ports }).map_err(|complaint| {
        let line = complaint.line.checked_sub(1).and_then(|at| text.lines().nth(at));
        wrong(line.unwrap_or_default(), complaint.reason)
    })
}

/// A line in words that every Suricata knows.
fn for_engine(line: &str) -> String {
    let Some((header, rest)) = line.split_once('(').filter(|_| is_signature(line)) else {
        return line.to_owned();
    };
    let mut rest = rest.to_owned();
    for keyword in OWN_KEYWORDS {
        if let Some(start) = rest.find(keyword)
            && let Some(length) = rest[start..].find(';')
        {
            rest.replace_range(start..=start + length, "");
        }
    }
    format!("{}({rest}", header.replace('@', "$REFERENCE_"))
}

/// Structured signatures as text.
pub(super) fn as_text(signatures: &[StatefulRule<'_>]) -> String {
    let line = |signature: &StatefulRule<'_>| {
        let header = &signature.header;
        let options =
            signature.rule_options.iter().map(|option| match option.settings.as_slice() {
                [] => format!("{};", option.keyword),
                settings => format!("{}:{};", option.keyword, settings.join(",")),
            });
        format!(
            "{} {} {} {} {} {} {} ({})\n",
            signature.action.to_lowercase(),
            header.protocol.to_lowercase(),
            header.source,
            header.source_port,
            if header.direction == "ANY" { "<>" } else { "->" },
            header.destination,
            header.destination_port,
            options.collect::<Vec<_>>().join(" ")
        )
    };
    signatures.iter().map(line).collect()
}

/// Checks a list of names; gives what it takes of the capacity: for N names of P types, `N * P + P + 1`
/// (measured; the guide and others say otherwise).
pub(super) fn check_names(list: &RulesSourceList<'_>) -> Result<u64, Error> {
    if list.targets.is_empty() || list.target_types.is_empty() {
        return Err(Error::invalid("Targets cannot be null or empty"));
    }
    let mut known = BTreeSet::new();
    for target in &list.targets {
        let name = target.strip_prefix('.').unwrap_or(target);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        // Measured: `*.` and `://` are refused.
        if name.is_empty() || !name.bytes().all(is_part) {
            return Err(Error::invalid("Targets has invalid format"));
        }
        // Measured: the dot is taken off first.
        if !known.insert(name) {
            return Err(Error::invalid("Targets has duplicate values"));
        }
    }
    let _: &BTreeSet<TargetType> = &list.target_types;
    let (names, types) = (list.targets.len() as u64, list.target_types.len() as u64);
    Ok(names * types + types + 1)
}
