//! A set of flows as a policy would write it: one row a destination, each with a flow that is in it.

use core::net::IpAddr;
use std::fmt;

use super::addresses::{self, AddressSet};
use super::flows::{Flows, Places, Point, Said};
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
        /// The names that are not in it.
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
        let request = [Request::get(name.as_slice())];
        let spoken = match self.protocol {
            Protocol::Tls => Spoken::Tls { name },
            Protocol::Http => Spoken::Http { requests: &request },
            Protocol::Quic => Spoken::Quic { name },
            Protocol::Tcp => Spoken::Tcp,
            Protocol::Udp => Spoken::Udp,
            Protocol::Icmp => Spoken::Icmp,
        };
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

/// The set as rows: together they are the set, and none is in another.
pub fn rows(flows: &Flows) -> Vec<Row> {
    let mut left = flows.clone();
    let mut rows = carriers(&mut left);
    for protocol in Protocol::ALL {
        for lane in left.lanes(protocol) {
            let mut add = |destination, name, addresses: &AddressSet| {
                let witness = Witness::at(protocol, &lane.ports, addresses, name);
                let ports = protocol.has_ports().then(|| lane.ports.clone());
                rows.push(Row { protocol, ports, destination, witness });
            };
            for place in lane.places.iter() {
                place_rows(protocol, &place.said, &place.addresses, &mut add);
            }
        }
    }
    rows.sort_by(|a, b| {
        let key = |row: &Row| (row.protocol, row.ports.clone(), row.destination.clone());
        key(a).cmp(&key(b))
    });
    rows
}

/// The rows of TCP: bytes of any kind, and with them whatever is said over TLS and HTTP to the same
/// addresses and ports. What they are about is taken out of the set.
fn carriers(left: &mut Flows) -> Vec<Row> {
    let mut rows = Vec::new();
    for lane in left.clone().lanes(Protocol::Tcp) {
        for place in lane.places.iter() {
            let Some(address) = place.addresses.witness() else { continue };
            let said = |protocol| {
                let lanes: &[_] = left.lanes(protocol);
                let here = lanes.iter().find(|it| it.ports.contains(lane.ports.first()))?;
                here.places.at(address).cloned()
            };
            let (Some(tls), Some(http)) = (said(Protocol::Tls), said(Protocol::Http)) else {
                continue;
            };
            let Some(except) = missing(&tls).filter(|_| tls == http) else { continue };
            let places = Places::new(place.addresses.clone(), tls);
            let raw = Places::new(place.addresses.clone(), Said::without_name());
            let over = |protocol, places: &Places| Flows::over(protocol, &lane.ports, places.clone());
            let carried = Flows::of_all(vec![
                over(Protocol::Tls, &places),
                over(Protocol::Http, &places),
                over(Protocol::Tcp, &raw),
            ]);
            if !carried.difference(left).is_empty() {
                continue;
            }
            *left = left.difference(&carried);
            rows.push(Row {
                protocol: Protocol::Tcp,
                ports: Some(lane.ports.clone()),
                destination: Destination::Addresses { addresses: place.addresses.clone(), except },
                witness: Witness::at(Protocol::Tcp, &lane.ports, &place.addresses, None),
            });
        }
    }
    rows
}

/// What is not said where anything else is; `None` where names are the exception.
fn missing(said: &Said) -> Option<Vec<Term>> {
    NameSet::everything().difference(&said.names).terms().filter(|_| said.nameless)
}

fn place_rows(
    protocol: Protocol,
    said: &Said,
    addresses: &AddressSet,
    add: &mut dyn FnMut(Destination, Option<String>, &AddressSet),
) {
    if !protocol.named() {
        let to = addresses.clone();
        let destination = match protocol {
            Protocol::Tcp => Destination::Other { to },
            _ => Destination::Addresses { addresses: to, except: Vec::new() },
        };
        add(destination, None, addresses);
        return;
    }
    if let Some(terms) = said.names.terms() {
        for term in terms {
            let names = NameSet::from_pattern(&term.pattern)
                .difference(&NameSet::from_patterns(&term.except));
            add(Destination::Names { term, to: addresses.clone() }, names.witness(), addresses);
        }
        if said.nameless {
            add(Destination::Nameless { to: addresses.clone() }, None, addresses);
        }
    } else if let Some(except) = missing(said) {
        let addresses = addresses.clone();
        let witness = Some(said.names.witness()).filter(|_| !except.is_empty()).flatten();
        add(Destination::Addresses { addresses: addresses.clone(), except }, witness, &addresses);
    } else {
        let witness = said.names.witness();
        add(Destination::Unwritable { to: addresses.clone() }, witness, addresses);
        if said.nameless {
            add(Destination::Nameless { to: addresses.clone() }, None, addresses);
        }
    }
}

impl Row {
    /// The flows of the row; `None` for names that no pattern writes.
    pub fn flows(&self) -> Option<Flows> {
        let names = |terms: &[Term]| {
            let names = terms.iter().map(|Term { pattern, except }| {
                NameSet::from_pattern(pattern).difference(&NameSet::from_patterns(except))
            });
            names.fold(NameSet::empty(), |all, names| all.union(&names))
        };
        let (addresses, said) = match &self.destination {
            Destination::Names { term, to } => (to, Said::of(names(std::slice::from_ref(term)))),
            Destination::Other { to } | Destination::Nameless { to } => {
                (to, Said::without_name())
            }
            Destination::Unwritable { .. } => return None,
            Destination::Addresses { addresses, except } => {
                let names = NameSet::everything().difference(&names(except));
                (addresses, Said { names, nameless: true })
            }
        };
        let all = PortSet::all();
        let over = |protocol: Protocol| {
            let said = if protocol.named() { said.clone() } else { Said::without_name() };
            let places = Places::new(addresses.clone(), said);
            Flows::over(protocol, self.ports.as_ref().unwrap_or(&all), places)
        };
        Some(match (self.protocol, &self.destination) {
            (Protocol::Tcp, Destination::Addresses { .. }) => {
                let carried = [Protocol::Tls, Protocol::Http, Protocol::Tcp];
                Flows::of_all(carried.into_iter().map(over).collect())
            }
            (protocol, _) => over(protocol),
        })
    }
}

impl Destination {
    /// The one name it is about, if it is one.
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
