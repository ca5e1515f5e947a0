//! Protocols and sets of ports.

use std::fmt;
use std::str::FromStr;

/// What a flow speaks, as a policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TLS over TCP; the engine sees the name in the ClientHello.
    Tls,
    /// HTTP over TCP in clear text; the engine sees the name in the Host header.
    Http,
    /// QUIC over UDP; the engine sees the name in the ClientHello.
    Quic,
    /// Anything over TCP.
    Tcp,
    /// Anything over UDP.
    Udp,
    /// ICMP and ICMPv6.
    Icmp,
}

impl Protocol {
    /// Every protocol, in the order a policy's documentation lists them.
    pub const ALL: [Self; 6] =
        [Self::Tls, Self::Http, Self::Quic, Self::Tcp, Self::Udp, Self::Icmp];

    /// The word a policy uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }

    /// The port that is meant where none is written.
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::Tls | Self::Quic => Some(443),
            Self::Http => Some(80),
            Self::Tcp | Self::Udp | Self::Icmp => None,
        }
    }

    /// Whether the engine sees the name of the other end.
    pub const fn named(self) -> bool {
        match self {
            Self::Tls | Self::Http | Self::Quic => true,
            Self::Tcp | Self::Udp | Self::Icmp => false,
        }
    }

    /// Whether flows of it have ports.
    pub const fn has_ports(self) -> bool {
        !matches!(self, Self::Icmp)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no protocol")]
pub struct UnknownProtocol {
    /// The word.
    pub word: Box<str>,
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    /// Reads the word of [`Protocol::as_str`], in lower case only.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.as_str() == word);
        found.ok_or_else(|| UnknownProtocol { word: word.into() })
    }
}

/// The ports `first..=last`, both at least 1 and `first` at most `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The ports `first..=last`; `None` if there are none or port 0 is among them.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first == 0 || first > last { None } else { Some(Self { first, last }) }
    }

    /// The lowest port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The highest port.
    pub const fn last(self) -> u16 {
        self.last
    }

    fn fmt(self, f: &mut fmt::Formatter<'_>, between: char) -> fmt::Result {
        let Self { first, last } = self;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}{between}{last}") }
    }
}

/// A set of ports with at least one in it.
///
/// Its ranges are sorted and do not touch, so equal sets are `==`. A single range, by far the most
/// common, needs no allocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet {
    first: PortRange,
    rest: Box<[PortRange]>,
}

/// Why a text is not a set of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Nothing stands where a port should.
    #[error("a port is missing")]
    Empty,
    /// Not a number.
    #[error("`{text}` is no port number")]
    NotANumber {
        /// What stands there.
        text: Box<str>,
    },
    /// Port 0, which no flow has.
    #[error("port 0 does not exist, ports are 1 to 65535")]
    Zero,
    /// Over 65535.
    #[error("port {text} does not exist, ports are 1 to 65535")]
    TooLarge {
        /// The number as written.
        text: Box<str>,
    },
    /// `8080-8000`
    #[error("the range {first}-{last} runs backwards")]
    Reversed {
        /// What stands first.
        first: u16,
        /// What stands last.
        last: u16,
    },
}

impl PortSet {
    /// One port; `None` for port 0.
    pub fn single(port: u16) -> Option<Self> {
        PortRange::new(port, port).map(Self::from)
    }

    /// Every port, 1 to 65535.
    pub fn all() -> Self {
        Self::from(PortRange { first: 1, last: u16::MAX })
    }

    /// The ranges in rising order; no two touch.
    pub fn ranges(&self) -> impl Iterator<Item = PortRange> + Clone {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// The lowest port.
    pub fn first(&self) -> u16 {
        self.first.first
    }

    /// Whether the port is in the set.
    pub fn contains(&self, port: u16) -> bool {
        self.ranges_from(port).next().is_some_and(|range| range.first <= port)
    }

    /// The ranges that reach `port` or lie above it.
    fn ranges_from(&self, port: u16) -> impl Iterator<Item = PortRange> {
        let below = self.rest.partition_point(|range| range.last < port);
        let rest = self.rest.iter().skip(below).copied();
        Some(self.first).filter(|range| range.last >= port).into_iter().chain(rest)
    }

    /// The ports of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::merge(self.first, self.rest.iter().copied().chain(other.ranges()))
    }

    /// The ports of this set that are not in the other; `None` if there are none.
    pub fn difference(&self, other: &Self) -> Option<Self> {
        let mut left = Vec::new();
        for range in self.ranges() {
            let mut next = Some(range.first);
            for cut in other.ranges_from(range.first).take_while(|cut| cut.first <= range.last) {
                left.extend(next.and_then(|first| PortRange::new(first, cut.first - 1)));
                next = cut.last.checked_add(1);
            }
            left.extend(next.and_then(|first| PortRange::new(first, range.last)));
        }
        let mut left = left.into_iter();
        Some(Self { first: left.next()?, rest: left.collect() })
    }

    /// The ports of both; `None` if there are none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        match self.difference(other) {
            Some(outside) => self.difference(&outside),
            None => Some(self.clone()),
        }
    }

    /// Whether every port of `other` is in this set.
    pub fn covers(&self, other: &Self) -> bool {
        // Ranges do not touch, so one of `other` lies within one of ours or is not covered.
        other.ranges().all(|inner| {
            let outer = self.ranges_from(inner.first).next();
            outer.is_some_and(|outer| outer.first <= inner.first && inner.last <= outer.last)
        })
    }

    /// The lowest port that is in both, if there is one.
    pub fn overlap(&self, other: &Self) -> Option<u16> {
        self.ranges().find_map(|a| {
            let b = other.ranges_from(a.first).next().filter(|b| b.first <= a.last)?;
            Some(a.first.max(b.first))
        })
    }

    /// Whether any port is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.overlap(other).is_some()
    }

    /// The set as Suricata writes it: `443`, `8000:8080`, `[80,443,8000:8080]`.
    pub fn suricata(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            if self.rest.is_empty() {
                return self.list(f, ':');
            }
            f.write_str("[")?;
            self.list(f, ':')?;
            f.write_str("]")
        })
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, between: char) -> fmt::Result {
        self.first.fmt(f, between)?;
        for range in &self.rest {
            f.write_str(",")?;
            range.fmt(f, between)?;
        }
        Ok(())
    }

    fn merge(first: PortRange, others: impl IntoIterator<Item = PortRange>) -> Self {
        let mut ranges: Vec<PortRange> = std::iter::once(first).chain(others).collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, last| {
            let touches = u32::from(next.first) <= u32::from(last.last) + 1;
            if touches {
                last.last = last.last.max(next.last);
            }
            touches
        });
        let mut ranges = ranges.into_iter();
        let first = ranges.next().unwrap_or(first);
        Self { first, rest: ranges.collect() }
    }
}

impl From<PortRange> for PortSet {
    fn from(first: PortRange) -> Self {
        Self { first, rest: Box::default() }
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list(f, '-')
    }
}

impl FromStr for PortSet {
    type Err = PortError;

    /// Reads `443`, `443,8443` or `443,8000-8080`; order and overlaps do not matter.
    fn from_str(text: &str) -> Result<Self, PortError> {
        let ranges: Vec<PortRange> = text.split(',').map(parse_range).collect::<Result<_, _>>()?;
        let mut ranges = ranges.into_iter();
        let first = ranges.next().ok_or(PortError::Empty)?;
        Ok(Self::merge(first, ranges))
    }
}

fn parse_range(text: &str) -> Result<PortRange, PortError> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (parse_port(first)?, parse_port(last)?),
        None => {
            let port = parse_port(text)?;
            (port, port)
        }
    };
    PortRange::new(first, last).ok_or(PortError::Reversed { first, last })
}

fn parse_port(text: &str) -> Result<u16, PortError> {
    if text.is_empty() {
        return Err(PortError::Empty);
    }
    // `u16::from_str` takes a sign too.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PortError::NotANumber { text: text.into() });
    }
    match text.parse() {
        Ok(0) => Err(PortError::Zero),
        Ok(port) => Ok(port),
        Err(_) => Err(PortError::TooLarge { text: text.into() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn ports(text: &str) -> PortSet {
        text.parse().unwrap()
    }

    #[test]
    fn sets_are_written_in_one_way() {
        let check = |text: &str, canonical: &str, suricata: &str| {
            assert_eq!(ports(text).to_string(), canonical);
            assert_eq!(ports(text).suricata().to_string(), suricata);
        };
        check("443", "443", "443");
        check("443,443", "443", "443");
        check("8443,443", "443,8443", "[443,8443]");
        check("8000-8080", "8000-8080", "8000:8080");
        check("443,80,8000-8080", "80,443,8000-8080", "[80,443,8000:8080]");
        check("1-10,11-20,15-30", "1-30", "1:30");
        check("1-65535,7", "1-65535", "1:65535");
        check("00443", "443", "443");
    }

    #[test]
    fn what_is_no_set_is_told_why() {
        let check = |text: &str, message: &str| {
            assert_eq!(text.parse::<PortSet>().unwrap_err().to_string(), message);
        };
        check("", "a port is missing");
        check("443,", "a port is missing");
        check("80-", "a port is missing");
        check("https", "`https` is no port number");
        check("+80", "`+80` is no port number");
        check("1-2-3", "`2-3` is no port number");
        check("0", "port 0 does not exist, ports are 1 to 65535");
        check("65536", "port 65536 does not exist, ports are 1 to 65535");
        check(
            "99999999999999999999",
            "port 99999999999999999999 does not exist, ports are 1 to 65535",
        );
        check("8080-8000", "the range 8080-8000 runs backwards");
    }

    #[test]
    fn every_protocol_is_read_as_it_is_written() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert_eq!("TLS".parse::<Protocol>().unwrap_err().to_string(), "`TLS` is no protocol");
    }

    fn any_set() -> impl Strategy<Value = PortSet> {
        let range = (1u16..40, 0u16..6)
            .prop_map(|(first, more)| PortRange::new(first, first + more).unwrap());
        proptest::collection::vec(range, 1..5).prop_map(|ranges| PortSet::merge(ranges[0], ranges))
    }

    proptest! {
        #[test]
        fn sets_agree_with_their_ports(a in any_set(), b in any_set()) {
            let shared: Vec<u16> = (0..60).filter(|port| a.contains(*port) && b.contains(*port)).collect();
            let union = a.union(&b);
            let left = a.difference(&b);
            for port in 0..60 {
                let (in_a, in_b) = (a.contains(port), b.contains(port));
                prop_assert_eq!(union.contains(port), in_a || in_b);
                prop_assert_eq!(left.as_ref().is_some_and(|left| left.contains(port)), in_a && !in_b);
            }
            prop_assert_eq!(a.overlap(&b), shared.first().copied());
            prop_assert_eq!(a.covers(&b), b.difference(&a).is_none());
            prop_assert_eq!(union.to_string().parse::<PortSet>(), Ok(union));
        }
    }
}
