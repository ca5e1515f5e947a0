//! Signatures to the entries and services they were made from, and these to the text of a policy.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;
use ipnet::IpNet;
use jiff::civil::Date;

use super::Desired;
use super::changes::{Line, Sets};
use crate::policy::pattern::Pattern;
use crate::policy::resolve::{self, is_identifier, is_owner};
use crate::policy::{Action, Destination, Origins, Reach, ServiceId, networks};
use crate::project::{Firewall, Network, Project};
use crate::source::{SourceFile, Sources};
use crate::suricata::{
    Addresses, ENFORCED, Metadata, Mode, Protocol, Signature, Subject, sid, variable,
};
use crate::syntax::is_ticket;

/// What the signatures of a region say was written.
#[derive(Clone, Default)]
pub(super) struct Entries {
    services: BTreeMap<Arc<str>, Service>,
    /// Each entry, and the id of the first signature that says it.
    said: BTreeMap<Said, u32>,
    /// Protocols of an entry about all of them that are not enforced after all.
    lacking: BTreeMap<Said, BTreeSet<Protocol>>,
}

/// What is known of a service.
#[derive(Clone, Default)]
struct Service {
    /// Its addresses, where a signature names them.
    origins: Option<Origins>,
    /// Addresses of it, where signatures list them.
    listed: Vec<IpNet>,
    /// Until when it observes, if it does.
    observe: Option<Date>,
    /// Whose it is, and how many signatures say so.
    owners: BTreeMap<Option<Arc<str>>, usize>,
}

/// What an entry says, each word as a policy writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    /// Whose; `None` for every service.
    service: Option<Arc<str>>,
    owner: Option<Arc<str>>,
    action: Action,
    destinations: Box<[Box<str>]>,
    except: Box<[Box<str>]>,
    /// `None` for everything that can be said of the destinations.
    port: Option<String>,
    to: Box<[IpNet]>,
    ticket: Option<Arc<str>>,
    until: Option<Date>,
}

impl Service {
    /// Its addresses, if any are known.
    fn origins(&self) -> Option<Origins> {
        let listed = || Origins::Networks(self.listed.clone());
        let origins = self.origins.clone().unwrap_or_else(listed);
        Some(origins).filter(|it| !matches!(it, Origins::Networks(none) if none.is_empty()))
    }

    /// Whose it is, by most of its signatures.
    fn owner(&self) -> Option<&Arc<str>> {
        let most = self.owners.iter().max_by_key(|(_, count)| **count);
        most.and_then(|(owner, _)| owner.as_ref())
    }
}

impl Entries {
    /// Reads what signatures say; what could not have been written is left out.
    pub(super) fn read<'l>(
        lines: impl Iterator<Item = &'l Line<'l>>,
        live: &[Sets<'_>],
        desired: &Desired<'_>,
        today: Date,
    ) -> Self {
        let mut entries = Self::default();
        for line in lines {
            let (Ok(signature), Some(group)) = (&line.read.signature, live.get(line.group)) else {
                continue;
            };
            match &signature.subject {
                Subject::Entry(metadata) => {
                    entries.entry(signature, metadata, group, desired, today);
                }
                Subject::Skeleton(message) if signature.sid >= sid::FIRST => {
                    let name = message.strip_prefix("fwc ").and_then(|it| it.split_once(':'));
                    let Some((name, _)) = name.filter(|(name, _)| is_service(name)) else {
                        continue;
                    };
                    for side in [&signature.source, &signature.destination] {
                        entries.origins(name, side, group);
                    }
                    entries.observes(name, desired, today);
                }
                Subject::Skeleton(_) => {}
            }
        }
        entries
    }

    /// Takes what the signature of an entry says.
    fn entry(
        &mut self,
        signature: &Signature,
        metadata: &Metadata,
        group: &Sets<'_>,
        desired: &Desired<'_>,
        today: Date,
    ) {
        let named = metadata.service.as_deref();
        let whose = match (metadata.mode, metadata.entry_of.as_deref()) {
            (Mode::Observed, Some("any")) => None,
            (Mode::Observed, Some(other)) => Some(other),
            (Mode::Observed, None) | (Mode::Enforced, _) => named,
        };
        let Some(said) = said(metadata, whose) else { return };
        if let Some(name) = named.filter(|name| is_service(name)) {
            self.origins(name, &signature.source, group);
            if metadata.mode == Mode::Observed {
                self.observes(name, desired, today);
            }
        }
        if let Some(name) = whose {
            let service = self.service(name);
            *service.owners.entry(said.owner.clone()).or_default() += 1;
            // A `deny` lists whom of its service it is about: those who observe, or the others.
            if let Addresses::Networks(networks) = &signature.source {
                service.listed.extend(networks);
            }
        }
        self.said.entry(said).or_insert(signature.sid);
    }

    fn service(&mut self, name: &str) -> &mut Service {
        self.services.entry(name.into()).or_default()
    }

    fn observes(&mut self, name: &str, desired: &Desired<'_>, today: Date) {
        self.service(name).observe.get_or_insert_with(|| {
            let known = desired.policy.services.iter().find(|service| *service.name == *name);
            known.and_then(|service| service.observe).map_or(today, |until| until.max(today))
        });
    }

    /// Takes the addresses of a service from a side of a signature that names them.
    fn origins(&mut self, name: &str, side: &Addresses, group: &Sets<'_>) {
        let known = &mut self.service(name).origins;
        if known.is_some() {
            return;
        }
        *known = match side {
            Addresses::Variable(it) if **it == *variable(name) => {
                group.variables.get(&**it).cloned().map(Origins::Networks)
            }
            Addresses::Reference(it) => {
                // No name of a network has a `_`.
                let network = it.replace('_', "-");
                let arn = group.references.get(&**it).filter(|_| is_identifier(&network)).cloned();
                arn.map(|arn| Origins::Reference { network, arn })
            }
            Addresses::Any | Addresses::Variable(_) | Addresses::Networks(_) => None,
        };
    }

    /// Takes back what this signature, which is not there, would enforce. Another one may say the
    /// same: for another protocol, or for those who observe.
    pub(super) fn forget(&mut self, signature: &Signature) {
        let Some(metadata) = signature.metadata().filter(|it| it.mode == Mode::Enforced) else {
            return;
        };
        let Some(said) = said(metadata, metadata.service.as_deref()) else { return };
        if said.port.is_some() || signature.protocol == Protocol::Ip {
            self.said.remove(&said);
        } else {
            self.lacking.entry(said).or_default().insert(signature.protocol);
        }
    }

    /// The first day after which an entry is no longer in force.
    pub(super) fn first_end(&self) -> Option<Date> {
        self.said.keys().filter_map(|said| said.until).min()
    }

    /// These, and a service for addresses that are denied something and are of none of these.
    pub(super) fn with_unnamed(&self, live: &[Sets<'_>]) -> Self {
        let mut entries = self.clone();
        let enforced = live.iter().find_map(|group| group.variables.get(ENFORCED));
        let mut known = Vec::new();
        for service in self.services.values() {
            if let Some(Origins::Networks(networks)) = service.origins() {
                known.extend(networks);
            }
        }
        let left = networks::difference(enforced.map_or(&[], |it| it), &known);
        let names = (0..).map(|number| format!("unnamed-{number}"));
        let name = names.into_iter().find(|name| !self.services.contains_key(&**name));
        if let Some(name) = name.filter(|_| !left.is_empty()) {
            entries.service(&name).origins = Some(Origins::Networks(left));
        }
        entries
    }

    /// Adds the services of the desired policy that leave no signature.
    pub(super) fn add_silent(&mut self, desired: &Desired<'_>, today: Date) {
        let Desired { policy, region, .. } = *desired;
        let in_force = policy.grants.iter().filter(|grant| policy.terms(grant).in_force(today));
        let speaking: BTreeSet<ServiceId> = in_force.filter_map(|grant| grant.service).collect();
        for (number, service) in policy.services.iter().enumerate() {
            let is_silent =
                !speaking.contains(&ServiceId(number as u32)) && !service.observes(today);
            let Some(origins) = service.sources(region).filter(|_| is_silent) else { continue };
            let known = self.service(&service.name);
            if known.origins().is_none() {
                known.origins = Some(origins.clone());
                known.owners.insert(service.owner.clone(), 0);
            }
        }
    }

    /// Writes the policy, and the project it is resolved with.
    pub(super) fn write(&self, desired: &Desired<'_>, firewall: &Firewall) -> (Sources, Project) {
        let Desired { policy, project, region } = *desired;
        let role = policy.regions.get(region.0 as usize).map_or("", |region| &region.role);
        let mut here = project.regions.get(role).cloned().unwrap_or_default();
        here.networks.clear();
        let templates = templates(desired);
        // An owner of a file is one of all its blocks, so the entries of no block have files of
        // their own.
        let mut files: BTreeMap<Option<&Arc<str>>, String> = BTreeMap::new();
        let head = format!("fwc 1\n# What the firewall of `{role}` enforces, read back.\n");
        let mut blocks: BTreeMap<&str, String> = BTreeMap::new();
        for (said, id) in &self.said {
            let (indent, out) = match &said.service {
                Some(service) => ("  ", blocks.entry(service).or_default()),
                None => {
                    let file = files.entry(said.owner.as_ref()).or_insert_with(|| {
                        let owner = said.owner.as_ref();
                        let owner = owner.map_or(String::new(), |it| format!("owner {it}\n"));
                        format!("{head}{owner}\n")
                    });
                    ("", file)
                }
            };
            let mut write = |port| {
                out.push_str(indent);
                said.write(port, *id, &templates, out);
            };
            match self.lacking.get(said) {
                None => write(said.port.as_deref()),
                Some(lacking) => {
                    let ports = [
                        (Protocol::Tls, "1-65535/tls"),
                        (Protocol::Http, "1-65535/http"),
                        (Protocol::Quic, "443/quic"),
                    ];
                    let left = ports.iter().filter(|(protocol, _)| !lacking.contains(protocol));
                    left.for_each(|(_, port)| write(Some(port)));
                }
            }
        }
        let mut text = head.clone();
        for (name, service) in &self.services {
            let Some(origins) = service.origins() else { continue };
            let _ = write!(text, "\nservice {name} from");
            match origins {
                Origins::Networks(networks) => {
                    let networks = networks.iter().map(IpNet::trunc);
                    networks.for_each(|network| text.push_str(&format!(" {network}")));
                }
                Origins::Reference { network, arn } => {
                    let _ = write!(text, " {network}");
                    here.networks.insert(network, bound(arn));
                }
            }
            if let Some(until) = service.observe {
                let _ = write!(text, " observe until {until}");
            }
            text.push_str(" {\n");
            if let Some(owner) = service.owner() {
                let _ = writeln!(text, "  owner {owner}");
            }
            text.push_str(blocks.get(&**name).map_or("", |it| it));
            text.push_str("}\n");
        }
        let mut sources = Sources::new();
        sources.add(SourceFile::new(format!("live/{role}.fw"), text));
        for (number, (_, text)) in files.into_iter().enumerate() {
            let path = format!("live/{role}-everybody-{}.fw", number + 1);
            sources.add(SourceFile::new(path, text));
        }
        let regions = IndexMap::from([(role.to_owned(), here)]);
        let (project, firewall) = (project.clone(), firewall.clone());
        (sources, Project { regions, firewall, ..project })
    }
}

impl Said {
    /// Appends the entry as a line. Its reason is the id of its signature: entries of different
    /// reasons never share one, so what were two signatures become two again.
    fn write(
        &self,
        port: Option<&str>,
        id: u32,
        templates: &BTreeMap<String, &str>,
        out: &mut String,
    ) {
        let words = |words: &[Box<str>], out: &mut String| {
            for word in words {
                out.push(' ');
                out.push_str(templates.get(&**word).copied().unwrap_or(word));
            }
        };
        let _ = write!(out, "{}", self.action);
        words(&self.destinations, out);
        if !self.except.is_empty() {
            out.push_str(" except");
            words(&self.except, out);
        }
        match (self.action, port) {
            (_, None) | (Action::Allow, Some("443/tls")) => {}
            (_, Some(port)) => {
                let _ = write!(out, " port {port}");
            }
        }
        for (number, network) in self.to.iter().enumerate() {
            let _ = write!(out, "{} {network}", if number == 0 { " to" } else { "" });
        }
        out.push_str(" because ");
        if let Some(ticket) = &self.ticket {
            let _ = write!(out, "{ticket} ");
        }
        let _ = write!(out, "\"signature {id}\"");
        if let Some(until) = self.until {
            let _ = write!(out, " until {until}");
        }
        out.push('\n');
    }
}

/// What metadata says, for the service whose entry it is; `None` if no policy says it.
///
/// The words go into the text of a policy: each has to be one word of the language.
fn said(metadata: &Metadata, whose: Option<&str>) -> Option<Said> {
    let Metadata { action, destinations, reach, owner, ticket, until, .. } = metadata;
    let (except, to) = (metadata.except(), metadata.to());
    let is_written = whose.map_or(*action == Action::Deny, is_service)
        && destinations.iter().chain(except).all(|word| is_destination(word))
        && to.iter().all(|network| *network == network.trunc())
        && owner.as_ref().is_none_or(|owner| is_owner(owner))
        && ticket.as_ref().is_none_or(|ticket| is_ticket(ticket))
        && until.is_none_or(|until| until.year() > 0);
    // Only an entry for everything has no ports: ICMP has none to give.
    let port = match (action, &**reach) {
        (Action::Deny, "tls" | "http" | "quic" | "ip") => None,
        (_, "icmp") => Some("/icmp".to_owned()),
        (_, reach) => Some(reach.replace(' ', ",")),
    };
    let is_port = port.as_deref().is_none_or(|port| {
        matches!(resolve::reach(port), Some(Reach::Protocol(..)))
            && !port.contains(|c: char| c.is_whitespace() || c == '"')
    });
    (is_written && is_port).then(|| Said {
        service: whose.map(Arc::from),
        owner: owner.clone(),
        action: *action,
        destinations: destinations.clone(),
        except: except.into(),
        port,
        to: to.into(),
        ticket: ticket.clone(),
        until: *until,
    })
}

fn is_service(name: &str) -> bool {
    is_identifier(name) && name != "any"
}

/// Whether a word is a destination in its one normal form.
fn is_destination(word: &str) -> bool {
    let address = || word.parse().ok().map(|address: IpAddr| IpNet::from(address));
    let destination = match word.parse().ok().or_else(address) {
        Some(network) => {
            Some(Destination::Addresses(network)).filter(|_| network == network.trunc())
        }
        None => Pattern::parse(word).ok().map(|read| Destination::Names(read.value)),
    };
    destination.is_some_and(|destination| destination.text() == word)
}

fn bound(arn: String) -> Network {
    if arn.contains(":prefix-list/") {
        Network::PrefixList(arn)
    } else {
        Network::ContainerAssociation(arn)
    }
}

/// How the desired policy writes destinations with a variable, by what they are in the region.
fn templates<'d>(desired: &Desired<'d>) -> BTreeMap<String, &'d str> {
    let Desired { policy, project, region } = *desired;
    let mut templates = BTreeMap::new();
    for grant in &policy.grants {
        if let (Some(template), Some(here)) = (&grant.template, grant.destination.get(region)) {
            templates.insert(here.text().into_owned(), &**template);
        }
    }
    for terms in &policy.terms {
        for word in terms.except_written().iter().filter(|word| word.contains("${")) {
            let here = resolve::destination(word, project);
            if let Some(here) = here.as_ref().and_then(|here| here.get(region)) {
                templates.insert(here.text().into_owned(), &**word);
            }
        }
    }
    if templates.is_empty() {
        return templates;
    }
    for grant in policy.grants.iter().filter(|grant| grant.template.is_none()) {
        // Written out somewhere, it may have been written out here.
        if let Some(text) = grant.destination.first().map(Destination::text) {
            templates.remove(&*text);
        }
    }
    templates
}
