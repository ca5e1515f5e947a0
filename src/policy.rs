//! What a policy means: services, grants and where they hold; names resolved, no syntax left.
//!
//! A [`Policy`] holds for every region of the project at once. What differs between regions (the
//! addresses of a service, a name with a variable in it) is kept a region each; what expires is
//! decided when somebody asks with a date, so that the same policy can be asked about tomorrow.

pub mod fqdn;
pub mod host;
pub mod names;
pub mod networks;
pub mod pattern;
pub mod port;
pub mod resolve;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::Date;

use crate::source::Location;
pub use host::Host;
use pattern::Pattern;
use port::{PortSet, Protocol};

/// Every service, grant, assertion and sample of a policy.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The regions it holds in, in the order of the project file.
    pub regions: Vec<Region>,
    /// The services, by name.
    pub services: Vec<Service>,
    /// The grants, by service, then as they were written.
    pub grants: Vec<Grant>,
    /// What entries say of their destinations; grants point here.
    pub terms: Vec<Terms>,
    /// The assertions, as written.
    pub assertions: Vec<Assertion>,
    /// The samples of the `test` statements, as written.
    pub samples: Vec<Sample>,
    /// The `lint allow` statements, as written.
    pub suppressions: Vec<Suppression>,
}

impl Policy {
    /// What the entry of a grant says.
    pub fn terms(&self, grant: &Grant) -> &Terms {
        #[expect(clippy::indexing_slicing, reason = "a grant is only made together with its terms")]
        &self.terms[grant.terms.0 as usize]
    }

    /// A grant by its number, if it is one of this policy.
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(id.0 as usize)
    }

    /// A service by its number.
    pub fn service(&self, id: ServiceId) -> &Service {
        #[expect(clippy::indexing_slicing, reason = "an id is only made for a service")]
        &self.services[id.0 as usize]
    }

    /// The grant as its line says it: `allow api.stripe.com`.
    pub fn entry_text(&self, grant: &Grant) -> String {
        format!("{} {}", grant.action, grant.written())
    }
}

/// A region of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    /// What the project calls it: `primary`.
    pub role: String,
    /// What AWS calls it: `us-east-1`.
    pub aws: Option<String>,
}

/// The number of a region in [`Policy::regions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u32);

/// The number of a service in [`Policy::services`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

/// The number of a grant in [`Policy::grants`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub u32);

/// The number of an entry's terms in [`Policy::terms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermsId(pub u32);

/// A workload that opens connections, known by its source addresses.
#[derive(Debug, Clone)]
pub struct Service {
    /// `[a-z][a-z0-9-]*`, at most 32 characters.
    pub name: Arc<str>,
    /// Whose it is.
    pub owner: Option<Arc<str>>,
    /// Its source addresses in each region; `None` where it does not run.
    pub sources: Vec<Option<Origins>>,
    /// It logs what would be denied, through this day, instead of denying it.
    pub observe: Option<Date>,
    /// Its name in the text.
    pub at: Location,
}

impl Service {
    /// Whether it observes on that day instead of enforcing.
    pub fn observes(&self, today: Date) -> bool {
        self.observe.is_some_and(|until| today <= until)
    }

    /// Its source addresses in a region, if it runs there.
    pub fn sources(&self, region: RegionId) -> Option<&Origins> {
        self.sources.get(region.0 as usize)?.as_ref()
    }
}

/// Where the packets of a service come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Networks, aggregated and sorted.
    Networks(Vec<IpNet>),
    /// A set that AWS fills: a prefix list or a container association.
    Reference {
        /// The name of the network in the project file.
        network: String,
        /// The ARN of the set.
        arn: String,
    },
}

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Opens.
    Allow,
    /// Closes, whatever opens.
    Deny,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// One destination of one entry, for one service or for all of them.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose; `None` for every service, which only a `deny` can say.
    pub service: Option<ServiceId>,
    /// What it does.
    pub action: Action,
    /// What it is about, in each region.
    pub destination: Regional<Destination>,
    /// The destination as written, if it holds a variable.
    pub template: Option<Box<str>>,
    /// What its entry says of it.
    pub terms: TermsId,
    /// The destination in the text.
    pub at: Location,
}

impl Grant {
    /// The destination in normal form, with its variables unexpanded: the same in every region.
    pub fn written(&self) -> Cow<'_, str> {
        match &self.template {
            Some(template) => Cow::Borrowed(template),
            None => self.destination.first().map(Destination::text).unwrap_or_default(),
        }
    }
}

/// A value that may differ between regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regional<T> {
    /// The same everywhere.
    Same(T),
    /// One a region, in the order of [`Policy::regions`].
    Each(Box<[T]>),
}

impl<T> Regional<T> {
    /// The value in a region.
    pub fn get(&self, region: RegionId) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Each(values) => values.get(region.0 as usize),
        }
    }

    /// The value in the first region.
    pub fn first(&self) -> Option<&T> {
        self.get(RegionId(0))
    }
}

/// What an entry names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Names, seen in a TLS hello, an HTTP request or a QUIC hello.
    Names(Pattern),
    /// Addresses.
    Addresses(IpNet),
}

impl Destination {
    /// The destination as a policy writes it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Names(pattern) => pattern.text(),
            Self::Addresses(network) if network.prefix_len() == network.max_prefix_len() => {
                Cow::Owned(network.addr().to_string())
            }
            Self::Addresses(network) => Cow::Owned(network.to_string()),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

/// Protocol and ports of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Whatever can be said of the destination: what a `deny` without `port` closes.
    Everything,
    /// One protocol; without ports only for `icmp`.
    Protocol(Protocol, Option<PortSet>),
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("any"),
            Self::Protocol(protocol, Some(ports)) => write!(f, "{ports}/{protocol}"),
            Self::Protocol(protocol, None) => write!(f, "{protocol}"),
        }
    }
}

/// What an entry says of each of its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Protocol and ports.
    pub reach: Reach,
    /// What narrows it, which few entries have.
    pub narrowed: Option<Box<Narrowed>>,
    /// The ticket of the reason.
    pub ticket: Option<Arc<str>>,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// Whose.
    pub owner: Option<Arc<str>>,
    /// In force through this day, UTC.
    pub until: Option<Date>,
}

/// What an entry leaves out of its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// Only at these addresses, sorted; empty for any.
    pub to: Box<[IpNet]>,
    /// Not these, in each region, sorted; of the same kind as the destination.
    pub except: Regional<Box<[Destination]>>,
    /// The exceptions as written, sorted, with their variables unexpanded.
    pub except_written: Box<[Box<str>]>,
}

impl Terms {
    /// The addresses it is narrowed to; empty for any.
    pub fn to(&self) -> &[IpNet] {
        self.narrowed.as_ref().map_or(&[], |narrowed| &narrowed.to)
    }

    /// The exceptions in a region.
    pub fn except(&self, region: RegionId) -> &[Destination] {
        let except = self.narrowed.as_ref().and_then(|narrowed| narrowed.except.get(region));
        except.map_or(&[], |except| except)
    }

    /// The exceptions as written, with their variables unexpanded.
    pub fn except_written(&self) -> &[Box<str>] {
        self.narrowed.as_ref().map_or(&[], |narrowed| &narrowed.except_written)
    }

    /// Whether an entry with these terms is in force on that day.
    pub fn in_force(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

/// A property over every name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// What has to hold.
    pub claim: Claim,
    /// The statement in the text.
    pub at: Location,
}

/// What an assertion claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody but these reaches any name of the patterns.
    Only {
        /// Those that may.
        services: Vec<ServiceId>,
        /// The names and addresses.
        targets: Vec<Regional<Destination>>,
        /// Narrowed to this protocol and these ports.
        reach: Option<Reach>,
    },
    /// The service (every one if `None`) reaches nothing of the patterns.
    Never {
        /// The service.
        service: Option<ServiceId>,
        /// The names and addresses.
        targets: Vec<Regional<Destination>>,
        /// Narrowed to this protocol and these ports.
        reach: Option<Reach>,
    },
    /// The service reaches all of the patterns.
    Reaches {
        /// The service.
        service: ServiceId,
        /// The names and addresses.
        targets: Vec<Regional<Destination>>,
        /// Instead of TLS on its default port.
        reach: Option<Reach>,
    },
    /// The same names in every region, modulo variables.
    RegionsEqual {
        /// Services that may differ.
        except: Vec<ServiceId>,
    },
    /// Nothing is allowed that the other policy does not allow to the same service.
    Within {
        /// The path as written, relative to the file of the assertion.
        path: String,
    },
}

/// One expected decision of a `test` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The service; `None` for `any`.
    pub service: Option<ServiceId>,
    /// The name or address, in each region.
    pub host: Regional<Host>,
    /// The port.
    pub port: u16,
    /// What is spoken.
    pub protocol: Protocol,
    /// What the firewall should do.
    pub expected: Expected,
    /// The sample in the text.
    pub at: Location,
}

/// The verdict a sample expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It passes.
    Allow,
    /// It is stopped.
    Deny,
    /// It passes and is logged, because it would be stopped.
    Observe,
}

impl Expected {
    /// Its word: `allow`, `deny` or `observe`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Observe => "observe",
        }
    }
}

/// A `lint allow` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Codes or names of lints, as written, with their places.
    pub lints: Vec<(String, Location)>,
    /// The service it stands in; `None` for its file.
    pub service: Option<ServiceId>,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// In force through this day.
    pub until: Option<Date>,
    /// The statement in the text.
    pub at: Location,
}
