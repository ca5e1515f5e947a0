//! A policy to the signatures of each region.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::audience::Audience;
use super::form::{Place, Strictness};
use super::limits::{self, LONGEST_SIGNATURE};
use super::profile::{Frame, Http, Profile};
use super::sid::{Identity, Sids};
use super::skeleton::{self, Skeleton};
use super::unit::{Unit, Wire, units};
use super::{
    Action, Addresses, Bit, BitOperation, Buffer, Flow, Keyword, Metadata, Mode, Narrowed,
    Protocol, Ruleset, Signature, Subject, pack, print,
};
use crate::diagnostic::{self, Diagnostic};
use crate::policy::port::PortSet;
use crate::policy::{self, Policy, RegionId, ServiceId};
use crate::project::Firewall;

/// What a policy is compiled for.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// The day, UTC: what expired before it is left out.
    pub today: Date,
    /// Which forms may be emitted.
    pub profile: &'static Profile,
    /// How to deny, and which quotas hold.
    pub firewall: &'o Firewall,
}

/// Compiles a policy for every region.
///
/// # Errors
/// What the engine or AWS would refuse, at the line that asks for it.
pub fn compile(policy: &Policy, options: &Options<'_>) -> Result<Vec<Ruleset>, Vec<Diagnostic>> {
    let regions = (0..policy.regions.len() as u32).map(RegionId);
    let mut found = Vec::new();
    let sites: Vec<_> =
        regions.map(|region| Site::new(policy, region, options, &mut found)).collect();
    // The ids of all regions are given at once, so that a grant has the same one in each.
    let sids = Sids::allocate(sites.iter().flat_map(Site::identities).collect());
    let mut rulesets = Vec::with_capacity(sites.len());
    for site in sites {
        match site.ruleset(&sids) {
            Ok(ruleset) => rulesets.push(ruleset),
            Err(here) => found.extend(here),
        }
    }
    if found.is_empty() {
        return Ok(rulesets);
    }
    diagnostic::tidy(&mut found);
    Err(found)
}

/// One region on one day.
struct Site<'p> {
    policy: &'p Policy,
    region: RegionId,
    options: &'p Options<'p>,
    audience: Audience<'p>,
    /// Denies first, then grants, in the order of their signatures.
    units: Vec<Vec<Unit<'p>>>,
    /// What the first of the units, the denies, stop.
    stops: Vec<Stop>,
    /// Protocol and ports as metadata holds them; the units have few different ones.
    reaches: BTreeMap<Wire<'p>, Arc<str>>,
    /// What stands around them.
    skeleton: Skeleton,
}

/// Whom a deny concerns.
struct Stop {
    /// Whose packets it stops, if anybody's.
    enforced: Option<Addresses>,
    /// The identity of the second signature of a deny by address.
    every_packet: Identity,
    /// Who only logs it, and the identity of that signature.
    logged: Vec<(ServiceId, Addresses, Identity)>,
}

impl<'p> Site<'p> {
    fn new(
        policy: &'p Policy,
        region: RegionId,
        options: &'p Options<'p>,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let audience = Audience::new(policy, region, options.today);
        let units = units(policy, region, options.today, options.profile);
        let mut stops = Vec::new();
        for unit in units.iter().flatten().take_while(|unit| !unit.is_grant()) {
            let service = unit.grant.service;
            let enforced = audience.enforced(service, unit.grant.at, found);
            let logged = audience.logged(service).into_iter().map(|(observer, addresses)| {
                let name = &policy.service(observer).name;
                (observer, addresses, unit.identity.variant(&format!("observed by {name}")))
            });
            let logged = logged.collect();
            let every_packet = unit.identity.variant("every packet");
            stops.push(Stop { enforced, every_packet, logged });
        }
        let skeleton = skeleton(policy, options, &audience, &units);
        let mut reaches = BTreeMap::new();
        for unit in units.iter().flatten() {
            reaches.entry(unit.wire).or_insert_with(|| reach(unit.wire));
        }
        Self { policy, region, options, audience, units, stops, reaches, skeleton }
    }

    /// The identity of everything that needs an id of its own.
    fn identities(&self) -> impl Iterator<Item = Identity> {
        let units = self.units.iter().flatten().map(|unit| unit.identity);
        let stops = self.stops.iter().flat_map(|stop| {
            let logged = stop.logged.iter().map(|(.., identity)| *identity);
            std::iter::once(stop.every_packet).chain(logged)
        });
        units.chain(stops).chain(self.skeleton.identities())
    }

    /// Writes the signatures and lays them out.
    fn ruleset(mut self, sids: &Sids) -> Result<Ruleset, Vec<Diagnostic>> {
        let mut writer = Writer::new(&self, sids);
        self.skeleton.preamble().for_each(|signature| writer.push(signature));
        let mut units = std::mem::take(&mut self.units).into_iter().flatten();
        for (stop, unit) in self.stops.iter().zip(&mut units) {
            self.deny(&unit, stop, sids, &mut writer);
        }
        let mut keywords = Vec::new();
        for unit in units {
            if let Some(signature) = self.grant(unit, sids, &mut keywords) {
                writer.push(signature);
            }
        }
        self.skeleton.observe(sids).for_each(|signature| writer.push(signature));
        self.skeleton.tail().for_each(|signature| writer.push(signature));
        writer.finish(self.options.firewall)
    }

    /// The signature that lets through what a unit asks for.
    ///
    /// `keywords` is empty before and after: one list serves all units.
    fn grant(&self, unit: Unit<'p>, sids: &Sids, keywords: &mut Vec<Keyword>) -> Option<Signature> {
        let id = unit.grant.service?;
        let service = &self.policy.service(id).name;
        let judged = self.judged(&unit);
        // A pass that asks for a protocol alone holds for the whole flow once the protocol is known,
        // which is before the name is: a deny by name would come too late for a hello or head in
        // two packets. So it passes packet by packet.
        match unit.wire.protocol {
            Protocol::Tls | Protocol::Http if unit.is_network() && !judged => {
                keywords.push(Keyword::Flow(Flow::EstablishedToServer));
            }
            Protocol::Quic if unit.is_network() => {
                keywords.extend([Keyword::Flow(Flow::ToServer), Keyword::Payload]);
            }
            _ => keywords.push(Keyword::Flow(Flow::ToServer)),
        }
        self.names(&unit, keywords);
        if judged {
            keywords.extend(skeleton::request_complete());
            keywords.push(Keyword::Flowbit(BitOperation::Set, Bit::Allowed));
            keywords.push(Keyword::Noalert);
        } else if self.is_closed() && (unit.is_network() || unit.wire.protocol == Protocol::Quic) {
            // Should AWS order signatures by their marks, as Suricata does when its order is not
            // strict, this keeps the grant ahead of the refusals that log.
            keywords.push(Keyword::Flowbit(BitOperation::Set, Bit::Settled));
        }
        Some(Signature {
            action: if judged { Action::Alert } else { Action::Pass },
            protocol: unit.wire.protocol,
            source: self.audience.source(id),
            destination: unit.destination(),
            ports: unit.wire.ports.cloned(),
            keywords: keywords.drain(..).collect(),
            subject: self.subject(&unit, Some(service), Mode::Enforced, None),
            grants: unit.grants,
            sid: sids.get(unit.identity),
        })
    }

    /// The signatures that stop what a unit asks for, and those that only log it.
    fn deny(&self, unit: &Unit<'p>, stop: &Stop, sids: &Sids, out: &mut Writer<'_>) {
        let service = unit.grant.service.map(|id| &self.policy.service(id).name);
        let protocol = unit.wire.protocol;
        let mut names = Vec::new();
        self.names(unit, &mut names);
        let signature = |action, source: &Addresses, keywords: Vec<Keyword>, identity| Signature {
            action,
            protocol,
            source: source.clone(),
            destination: unit.destination(),
            ports: unit.wire.ports.cloned(),
            keywords: keywords.into(),
            subject: self.subject(unit, service, Mode::Enforced, None),
            grants: unit.grants.clone(),
            sid: sids.get(identity),
        };
        for (observer, source, identity) in &stop.logged {
            let own = unit.grant.service == Some(*observer);
            let entry_of = (!own).then(|| service.cloned().unwrap_or_else(|| "any".into()));
            let observer = &self.policy.service(*observer).name;
            let mut keywords = vec![Keyword::Flow(Flow::ToServer)];
            keywords.extend(names.iter().cloned());
            keywords.extend(skeleton::would_deny(self.options.profile.frame, protocol));
            out.push(Signature {
                subject: self.subject(unit, Some(observer), Mode::Observed, entry_of),
                ..signature(Action::Alert, source, keywords, *identity)
            });
        }
        let Some(source) = &stop.enforced else { return };
        let refusal = skeleton::refusal(self.options.firewall.on_deny, protocol);
        let by_packet =
            matches!(protocol, Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::Ip);
        if by_packet {
            // Without a direction it is decided on the first packet for the whole flow, before
            // any grant by name; on 7.0 a grant would otherwise pass what follows.
            out.push(signature(refusal, source, Vec::new(), unit.identity));
            let mut keywords = vec![Keyword::Flow(Flow::ToServer)];
            keywords.extend(self.settles());
            keywords.push(Keyword::Noalert);
            out.push(signature(refusal, source, keywords, stop.every_packet));
            return;
        }
        let mut keywords = vec![Keyword::Flow(Flow::ToServer)];
        keywords.extend(names);
        if self.is_closed() {
            // As for a grant: it stays ahead of grants by address, whatever the order.
            keywords.push(Keyword::Flowbit(BitOperation::Set, Bit::Refused));
        }
        out.push(signature(refusal, source, keywords, unit.identity));
    }

    fn settles(&self) -> Option<Keyword> {
        self.is_closed().then_some(Keyword::Flowbit(BitOperation::Set, Bit::Settled))
    }

    /// Whether the signatures of the skeleton, and with them their marks, are there.
    fn is_closed(&self) -> bool {
        self.options.profile.frame == Frame::Closed
    }

    /// Whether a grant marks requests instead of passing a connection.
    fn judged(&self, unit: &Unit<'p>) -> bool {
        self.options.profile.http == Http::EachRequest && unit.wire.protocol == Protocol::Http
    }

    /// The keywords that ask for the names of a unit.
    fn names(&self, unit: &Unit<'p>, keywords: &mut Vec<Keyword>) {
        let buffer = match unit.wire.protocol {
            Protocol::Http => Buffer::HttpHost,
            Protocol::Quic => Buffer::QuicSni,
            _ => Buffer::TlsSni,
        };
        let strictness = match (buffer, unit.grant.action) {
            (_, policy::Action::Deny) => Strictness::AnyBytes,
            (Buffer::HttpHost, policy::Action::Allow) => Strictness::NamesAlone,
            (_, policy::Action::Allow) => Strictness::NamesOrAnyFront,
        };
        let place = Place { buffer, exact: self.options.profile.exact, strictness };
        unit.names(|names| place.keywords(names, &unit.except_names(), keywords));
    }

    fn subject(
        &self,
        unit: &Unit<'p>,
        service: Option<&Arc<str>>,
        mode: Mode,
        entry_of: Option<Arc<str>>,
    ) -> Subject {
        let text = |destination: &policy::Destination| destination.text().into();
        let narrowed = (!unit.except.is_empty() || !unit.terms.to().is_empty()).then(|| {
            let except = unit.except.iter().map(text).collect();
            Box::new(Narrowed { except, to: unit.terms.to().into() })
        });
        Subject::Entry(Box::new(Metadata {
            service: service.cloned(),
            action: unit.grant.action,
            destinations: unit.destinations.iter().map(|destination| text(destination)).collect(),
            narrowed,
            reach: self.reaches.get(&unit.wire).cloned().unwrap_or_default(),
            mode,
            entry_of,
            owner: unit.terms.owner.clone(),
            ticket: unit.terms.ticket.clone(),
            until: unit.terms.until,
        }))
    }
}

/// The signatures of a region on their way into a ruleset.
struct Writer<'p> {
    policy: &'p Policy,
    ruleset: Ruleset,
    /// How long the values of the variables are.
    widths: BTreeMap<Arc<str>, usize>,
    /// Where the line of each signature ends.
    ends: Vec<usize>,
    found: Vec<Diagnostic>,
}

impl<'p> Writer<'p> {
    fn new(site: &Site<'p>, sids: &Sids) -> Self {
        let mut value = String::new();
        let mut width = |networks: &[_]| {
            value.clear();
            print::networks(networks, &mut value);
            value.len()
        };
        let variables = site.audience.variables();
        let widths =
            variables.iter().map(|(name, networks)| (Arc::clone(name), width(networks))).collect();
        let number = site.region.0 as usize;
        let expected = site.units.iter().map(Vec::len).sum::<usize>() + 64;
        let ruleset = Ruleset {
            region: site.policy.regions.get(number).cloned().unwrap_or_default(),
            id: site.region,
            signatures: Vec::with_capacity(expected),
            // A signature with its metadata takes about this much.
            text: String::with_capacity(expected * 384),
            groups: Vec::new(),
            variables,
            references: site.audience.references(),
            log: site.skeleton.log(site.options.profile.frame, sids),
        };
        let (ends, found) = (Vec::with_capacity(expected), Vec::new());
        Self { policy: site.policy, ruleset, widths, ends, found }
    }

    /// Adds a signature; it is printed at once, while its parts are still in the cache.
    fn push(&mut self, signature: Signature) {
        let text = &mut self.ruleset.text;
        let start = text.len();
        print::signature(&signature, text);
        let (mut length, mut addresses) = (text.len() - start, 0);
        for side in [&signature.source, &signature.destination] {
            if let Addresses::Variable(name) = side {
                // The value stands where `$` and the name stood.
                let value = self.widths.get(name).copied().unwrap_or_default();
                length = length.saturating_sub(name.len() + 1) + value;
                addresses += value;
            }
        }
        text.push('\n');
        self.ends.push(text.len());
        if length > LONGEST_SIGNATURE {
            let (policy, region) = (self.policy, &self.ruleset.region);
            self.found.push(limits::too_long(policy, region, &signature, length, addresses));
        }
        self.ruleset.signatures.push(signature);
    }

    /// Lays the signatures out.
    fn finish(mut self, firewall: &Firewall) -> Result<Ruleset, Vec<Diagnostic>> {
        if !self.found.is_empty() {
            return Err(self.found);
        }
        pack::pack(&mut self.ruleset, &self.ends, firewall)
            .map_err(|overflow| vec![limits::over_quota(&self.ruleset, &overflow)])?;
        limits::check_references(self.policy, &self.ruleset)?;
        Ok(self.ruleset)
    }
}

fn reach(Wire { protocol, ports }: Wire<'_>) -> Arc<str> {
    match ports {
        // A comma would end the pair.
        Some(ports) => format!("{ports}/{}", protocol.as_str()).replace(',', " ").into(),
        None => protocol.as_str().into(),
    }
}

/// The skeleton for what these units ask for.
fn skeleton(
    policy: &Policy,
    options: &Options<'_>,
    audience: &Audience<'_>,
    units: &[Vec<Unit<'_>>],
) -> Skeleton {
    let ports = |protocol: Protocol| {
        let grants =
            units.iter().flatten().filter(|unit| unit.is_grant() && unit.wire.protocol == protocol);
        grants.filter_map(|unit| unit.wire.ports).fold(None, |union: Option<PortSet>, ports| {
            match union {
                Some(union) if union.covers(ports) => Some(union),
                Some(union) => Some(union.union(ports)),
                None => Some(ports.clone()),
            }
        })
    };
    let observing = audience.observing.iter();
    let observing =
        observing.map(|id| (*id, Arc::clone(&policy.service(*id).name), audience.source(*id)));
    Skeleton::new(
        options.profile,
        options.firewall.on_deny,
        ports(Protocol::Tls),
        ports(Protocol::Http),
        observing,
    )
}
