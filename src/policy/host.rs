//! One end of a flow that is asked about: a name or an address, never a pattern.

use core::net::IpAddr;
use std::fmt;

use ipnet::IpNet;

use super::fqdn::{Fqdn, NameError, Normalized};

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name.
    Name(Fqdn),
    /// An address.
    Address(IpAddr),
}

/// Why a text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It is a network.
    #[error("it is a network, of many addresses")]
    Network,
    /// It has the digits of an address, and is none.
    #[error("it looks like an address, and is none")]
    Address,
    /// It is no name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Host {
    /// Reads an address, one of IPv6 with its brackets or without, or a name, and brings it into
    /// normal form.
    ///
    /// # Errors
    ///
    /// What [`Fqdn::parse`] says of a name; a network is no host.
    pub fn parse(text: &str) -> Result<Normalized<Self>, HostError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Ok(Normalized { value: Self::Address(address), changes: Vec::new() });
        }
        if text.parse::<IpNet>().is_ok() {
            return Err(HostError::Network);
        }
        if looks_like_address(text) {
            return Err(HostError::Address);
        }
        Ok(Fqdn::parse(text)?.map(Self::Name))
    }
}

/// As in a URL: an address of IPv6 stands in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Digits, dots and a slash, or a colon between hexadecimal digits: nobody means a name by it.
pub(super) fn looks_like_address(text: &str) -> bool {
    let (address, _) = text.split_once('/').unwrap_or((text, ""));
    let dotted = address.contains('.') && address.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let coloned = address.bytes().filter(|b| *b == b':').count() >= 2
        && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
    dotted || coloned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_a_name() {
        let check = |text: &str, expected: &str| {
            let said = match Host::parse(text) {
                Ok(host) => host.value.to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(said, expected, "{text}");
        };
        check("203.0.113.7", "203.0.113.7");
        check("2001:DB8::7", "[2001:db8::7]");
        check("[2001:db8::7]", "[2001:db8::7]");
        check("API.example.com.", "api.example.com");
        check("localhost", "localhost");
        check("203.0.113", "it looks like an address, and is none");
        check("203.0.113.0/24", "it is a network, of many addresses");
        check("2001:db8::/32", "it is a network, of many addresses");
        check("203.0.113.0/99", "it looks like an address, and is none");
        check("a..example.com", "there is an empty label between two dots");
    }
}
