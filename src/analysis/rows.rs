//! A set of flows as a policy would write it: one row a destination, each with a flow that is in it.

use core::net::IpAddr;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::fmt;

use super::addresses::{self, AddressSet};
use super::flows::{Flows, Lane, Place, Places, Point, Said};
use crate::flow::{Flow, Request, Source, Spoken};
use crate::policy::names::{NameSet, Term};
use crate::policy::pattern::Pattern;
use crate::policy::port::{PortSet, Protocol};

/// Flows that one entry could grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is spoken; TCP and UDP as a policy means them, with whatever is said over them.
    pub protocol: Protocol,
    /// To which ports; `None` where there are none.
    pub ports: Option<PortSet>,
    /// To whom.
    pub destination: Destination,
    /// One of the flows.
    pub witness: Witness,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// Names.
    Names {
        /// Which.
        term: Term,
        /// At which addresses.
        to: AddressSet,
    },
    /// Addresses, whatever is said there but these names.
    Addresses {
        /// Which.
        addresses: AddressSet,
        /// The names that are not in it, unless an entry denies them or both policies allow them.
        except: Vec<Term>,
    },
    /// Bytes over TCP that are neither TLS nor HTTP, where those are not in it.
    Other {
        /// At which addresses.
        to: AddressSet,
    },
    /// Whoever says no name.
    Nameless {
        /// At which addresses.
        to: AddressSet,
    },
    /// Names that no pattern can write, like one with a label that begins with a hyphen.
    Unwritable {
        /// At which addresses.
        to: AddressSet,
    },
}

/// One flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What is spoken.
    pub protocol: Protocol,
    /// To which port; `None` where there are none.
    pub port: Option<u16>,
    /// The name that is said; `None` if none is.
    pub name: Option<String>,
    /// Where to; 192.0.2.1, which nobody has, where any address is as good.
    pub address: IpAddr,
}

impl Witness {
    /// The flow as a point of a [`Flows`].
    pub fn point(&self) -> Point<'_> {
        let (protocol, address) = (self.protocol, self.address);
        Point { protocol, port: self.port.unwrap_or_default(), name: self.name.as_deref(), address }
    }

    /// The flow in the bytes that a client of the source sends.
    pub fn flow<A>(&self, source: Source, ask: impl FnOnce(&Flow<'_>) -> A) -> A {
        let name = self.name.as_deref().map(str::as_bytes);
        let requests = [Request::get(name.as_slice())];
        let spoken = Spoken::over(self.protocol, name, &requests);
        let (destination, port) = (self.address, self.port.unwrap_or_default());
        ask(&Flow { source, destination, port, spoken })
    }

    /// A flow of the set, if there is one.
    pub fn of(flows: &Flows) -> Option<Self> {
        Protocol::ALL.into_iter().find_map(|protocol| {
            let lane = flows.lanes(protocol).first()?;
            let place = lane.places.iter().next()?;
            Some(Self::at(protocol, &lane.ports, &place.addresses, place.said.names.witness()))
        })
    }

    fn at(
        protocol: Protocol,
        ports: &PortSet,
        addresses: &AddressSet,
        name: Option<String>,
    ) -> Self {
        // The port that a reader expects, if it is one of them.
        let usual = protocol.default_port().filter(|port| ports.contains(*port));
        let port = protocol.has_ports().then(|| usual.unwrap_or_else(|| ports.first()));
        let address = addresses.witness().unwrap_or(IpAddr::from([0, 0, 0, 0]));
        Self { protocol, port, name, address }
    }
}

/// What surrounds a set of flows: a row may be about these, too, for it opens or closes none of them.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// What is denied where the set is allowed.
    pub denied: &'c Flows,
    /// What is allowed where the set is not.
    pub elsewhere: &'c Flows,
}

/// The set as rows.
///
/// A row is about flows as an entry is: some of them are denied. So that an address that is denied
/// to everybody does not cut every row to pieces, the flows of all rows are the set once those of
/// the context are taken away. What is allowed in both policies only completes what is new already:
/// a name that opens nearly everywhere, an address where nearly every name opens. A name is never
/// told to open because one address of it does.
pub fn rows(flows: &Flows, context: &Context<'_>) -> Vec<Row> {
    let mut left = flows.clone();
    let may_be_denied = flows.union(context.denied);
    // Seldom asked for, and large.
    let may_be_allowed = LazyCell::new(|| may_be_denied.union(context.elsewhere));
    let mut rows = carriers(&mut left, &may_be_denied);
    for protocol in Protocol::ALL {
        for lane in left.lanes(protocol) {
            for (destination, said, addresses) in
                destinations(protocol, lane, &|| LazyCell::force(&may_be_allowed))
            {
                let fill = |with: &Flows| fill(&addresses, with, protocol, &lane.ports, &said);
                let is_cut = !addresses.is_everything();
                let mut filled = if is_cut { fill(&may_be_denied) } else { addresses.clone() };
                if is_cut
                    && filled.is_most()
                    && !matches!(destination, Destination::Addresses { .. })
                {
                    filled = fill(&may_be_allowed);
                }
                let name = said.names.witness().filter(|_| !said.nameless);
                let witness = Witness::at(protocol, &lane.ports, &addresses, name);
                let ports = protocol.has_ports().then(|| lane.ports.clone());
                let destination = destination.at(filled);
                rows.push(Row { protocol, ports, destination, witness });
            }
        }
    }
    rows.sort_by(|a, b| (a.protocol, &a.destination).cmp(&(b.protocol, &b.destination)));
    // Equal destinations on several lanes are one row.
    rows.dedup_by(|next, row| {
        let same = (row.protocol, &row.destination) == (next.protocol, &next.destination);
        if let (true, Some(ports), Some(more)) = (same, &row.ports, &next.ports) {
            row.ports = Some(ports.union(more));
        }
        same
    });
    rows
}

/// The addresses with their gaps closed where all of it is in a set, too.
fn fill(
    addresses: &AddressSet,
    with: &Flows,
    protocol: Protocol,
    ports: &PortSet,
    said: &Said,
) -> AddressSet {
    // It is everywhere only if it is beside the addresses; else what lies around them fills no gap.
    // So of many places that differ in what is said few are asked.
    let around = addresses.around();
    let beside = addresses.beside();
    let is_beside = beside.is_none_or(|beside| {
        where_said(with, protocol, ports, said, &AddressSet::single(beside)).contains(beside)
    });
    let within = if is_beside { &AddressSet::everything() } else { &around };
    addresses.filled(&where_said(with, protocol, ports, said, within))
}

/// Where, of some addresses, all of it is in a set, at every one of the ports.
fn where_said(
    flows: &Flows,
    protocol: Protocol,
    ports: &PortSet,
    said: &Said,
    within: &AddressSet,
) -> AddressSet {
    let mut left = Some(ports.clone());
    let mut everywhere = within.clone();
    for lane in flows.lanes(protocol).iter().filter(|lane| lane.ports.overlaps(ports)) {
        left = left.and_then(|left| left.difference(&lane.ports));
        let near = lane.places.iter().filter(|place| place.addresses.meets(within));
        let places = near.filter(|place| place.said.covers(said));
        everywhere = everywhere.intersection(&AddressSet::of_all(places.map(|it| &it.addresses)));
    }
    if left.is_some() { AddressSet::empty() } else { everywhere }
}

/// The rows of TCP: bytes of any kind, and with them whatever is said over TLS and HTTP to the same
/// addresses and ports. What they are about is taken out of the set.
fn carriers(left: &mut Flows, may_be_denied: &Flows) -> Vec<Row> {
    let mut rows = Vec::new();
    for lane in left.clone().lanes(Protocol::Tcp) {
        for place in lane.places.iter() {
            let to = &place.addresses;
            let anything = Said::anything();
            let over = |protocol, said: &Said| {
                let filling = where_said(
                    may_be_denied,
                    protocol,
                    &lane.ports,
                    said,
                    &AddressSet::everything(),
                );
                to.difference(&filling).is_empty().then_some(filling)
            };
            let (Some(tls), Some(http), Some(tcp)) = (
                over(Protocol::Tls, &anything),
                over(Protocol::Http, &anything),
                over(Protocol::Tcp, &Said::without_name()),
            ) else {
                continue;
            };
            // Whoever may say anything over TLS and HTTP was allowed to before.
            let whole = of_carrier(&lane.ports, to);
            let new = |protocol| !left.intersection(&whole).lanes(protocol).is_empty();
            if !new(Protocol::Tls) || !new(Protocol::Http) {
                continue;
            }
            let addresses = to.filled(&tls.intersection(&http).intersection(&tcp));
            *left = left.difference(&of_carrier(&lane.ports, &addresses));
            rows.push(Row {
                protocol: Protocol::Tcp,
                ports: Some(lane.ports.clone()),
                destination: Destination::Addresses { addresses, except: Vec::new() },
                witness: Witness::at(Protocol::Tcp, &lane.ports, to, None),
            });
        }
    }
    rows
}

/// Whatever is said over TCP.
fn of_carrier(ports: &PortSet, addresses: &AddressSet) -> Flows {
    let carried = [Protocol::Tls, Protocol::Http, Protocol::Tcp].map(|protocol| {
        let said = if protocol.named() { Said::anything() } else { Said::without_name() };
        Flows::over(protocol, ports, Places::new(addresses.clone(), said))
    });
    Flows::of_all(carried.into())
}

/// What a lane is about, each with what is said and where; the addresses in it are still to be set.
fn destinations<'f>(
    protocol: Protocol,
    lane: &Lane,
    may_be_allowed: &dyn Fn() -> &'f Flows,
) -> Vec<(Destination, Said, AddressSet)> {
    let mut found: BTreeMap<Destination, (Said, Vec<AddressSet>)> = BTreeMap::new();
    let mut add = |destination: Destination, said: Said, addresses: &AddressSet| {
        let (_, places) = found.entry(destination).or_insert_with(|| (said, Vec::new()));
        places.push(addresses.clone());
    };
    let nowhere = AddressSet::empty;
    for Place { addresses, said } in lane.places.iter() {
        let nameless = Destination::Nameless { to: nowhere() };
        if !protocol.named() {
            let destination = match protocol {
                Protocol::Tcp => Destination::Other { to: nowhere() },
                _ => Destination::Addresses { addresses: nowhere(), except: Vec::new() },
            };
            add(destination, Said::without_name(), addresses);
        } else if let Some(terms) = said.names.terms() {
            for term in terms {
                let said = Said::of(names_of(&term));
                add(Destination::Names { term, to: nowhere() }, said, addresses);
            }
            if said.nameless {
                add(nameless, Said::without_name(), addresses);
            }
        } else if let Some(mut except) = missing(said) {
            let anything = where_said(
                may_be_allowed(),
                protocol,
                &lane.ports,
                &Said::anything(),
                &AddressSet::everything(),
            );
            if addresses.difference(&anything).is_empty() {
                except.clear();
            }
            let destination = Destination::Addresses { addresses: nowhere(), except };
            add(destination, Said::clone(said), addresses);
        } else {
            let said = Said::clone(said);
            let is_nameless = said.nameless;
            add(
                Destination::Unwritable { to: nowhere() },
                Said { nameless: false, ..said },
                addresses,
            );
            if is_nameless {
                add(nameless, Said::without_name(), addresses);
            }
        }
    }
    let whole = |(destination, (said, places)): (_, (_, Vec<_>))| {
        (destination, said, AddressSet::of_all(&places))
    };
    found.into_iter().map(whole).collect()
}

/// What is not said where anything else is; `None` where names are the exception.
fn missing(said: &Said) -> Option<Vec<Term>> {
    NameSet::everything().difference(&said.names).terms().filter(|_| said.nameless)
}

fn names_of(term: &Term) -> NameSet {
    NameSet::from_pattern(&term.pattern).difference(&NameSet::from_patterns(&term.except))
}

impl Row {
    /// The flows that an entry of that form is about; `None` for names that no pattern writes.
    pub fn flows(&self) -> Option<Flows> {
        let all = PortSet::all();
        let ports = self.ports.as_ref().unwrap_or(&all);
        let (addresses, said) = match &self.destination {
            Destination::Names { term, to } => (to, Said::of(names_of(term))),
            Destination::Other { to } | Destination::Nameless { to } => (to, Said::without_name()),
            Destination::Unwritable { .. } => return None,
            Destination::Addresses { addresses, .. } if self.protocol == Protocol::Tcp => {
                return Some(of_carrier(ports, addresses));
            }
            Destination::Addresses { addresses, .. } if !self.protocol.named() => {
                (addresses, Said::without_name())
            }
            Destination::Addresses { addresses, except } => {
                let missing = except.iter().map(names_of);
                let names = missing.fold(NameSet::everything(), |all, term| all.difference(&term));
                (addresses, Said { names, nameless: true })
            }
        };
        Some(Flows::over(self.protocol, ports, Places::new(addresses.clone(), said)))
    }
}

impl Destination {
    /// The same at these addresses.
    fn at(self, to: AddressSet) -> Self {
        match self {
            Self::Names { term, .. } => Self::Names { term, to },
            Self::Addresses { except, .. } => Self::Addresses { addresses: to, except },
            Self::Other { .. } => Self::Other { to },
            Self::Nameless { .. } => Self::Nameless { to },
            Self::Unwritable { .. } => Self::Unwritable { to },
        }
    }

    /// Whether it is about one name only.
    pub fn is_one_name(&self) -> bool {
        matches!(self, Self::Names { term: Term { pattern: Pattern::Exact(_), .. }, .. })
    }
}

impl fmt::Display for Destination {
    /// As a policy writes it, where it can: `**.example.com except *.dev.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let narrowed = |f: &mut fmt::Formatter<'_>, to: &AddressSet| {
            if to.is_everything() { Ok(()) } else { write!(f, " to {to}") }
        };
        match self {
            Self::Names { term, to } => {
                write!(f, "{term}")?;
                narrowed(f, to)
            }
            Self::Addresses { addresses, except } => {
                write!(f, "{addresses}")?;
                for (at, term) in except.iter().enumerate() {
                    write!(f, "{}{term}", if at == 0 { " except the names " } else { ", " })?;
                }
                Ok(())
            }
            Self::Other { to } => {
                f.write_str("whatever is neither TLS nor HTTP")?;
                narrowed(f, to)
            }
            Self::Nameless { to } => {
                f.write_str("whatever says no name")?;
                narrowed(f, to)
            }
            Self::Unwritable { to } => {
                f.write_str("names that no pattern writes")?;
                narrowed(f, to)
            }
        }
    }
}

impl fmt::Display for Witness {
    /// `api.example.com:443/tls`, or the address where no name is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_some_place = self.name.is_some() && self.address != addresses::ANY;
        match (&self.name, self.address) {
            (Some(name), _) => f.write_str(name)?,
            (None, IpAddr::V6(address)) if self.port.is_some() => write!(f, "[{address}]")?,
            (None, address) => write!(f, "{address}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}/{}", self.protocol)?,
            None => write!(f, "/{}", self.protocol)?,
        }
        if is_some_place { write!(f, " at {}", self.address) } else { Ok(()) }
    }
}
