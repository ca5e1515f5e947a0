//! Which forms may be emitted, and how a verdict follows from them.
//!
//! A profile is data: a matcher that knows the policy and the profile knows the firewall.

use std::fmt;

use crate::project::ProfileName;

/// How a policy becomes signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// What the project file calls it.
    pub name: &'static str,
    /// How an exact name is asked for.
    pub exact: Exact,
    /// How a request is judged.
    pub http: Http,
    /// What stands around the grants.
    pub frame: Frame,
}

/// How a signature asks for one exact name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// `bsize`: loads five times faster than the other form and means the same.
    Bsize,
    /// `startswith; endswith`: what the documents of AWS print.
    StartEnd,
}

/// How a grant of HTTP lets a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// Each request is judged: an allowed one marks its flow, an unmarked one ends it.
    EachRequest,
    /// The first allowed request passes its connection, whatever follows on it.
    FirstRequest,
}

/// What stands around the denies and grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Signatures that decide everything that no grant decides, so that the default actions of the
    /// firewall policy never do.
    Closed,
    /// Nothing: the default actions of the firewall policy decide.
    Defaults,
}

/// Every request is judged and every refusal is a signature of its own: the skeleton of the lab
/// that let no refused flow through in 15,000 random ones, on 7.0.10, 8.0.3 and 8.0.8 (November
/// 2026).
pub const HARDENED: Profile = Profile {
    name: "hardened",
    exact: Exact::Bsize,
    http: Http::EachRequest,
    frame: Frame::Closed,
};

/// Only forms that AWS prints in its own documents, for a region whose service refuses a keyword
/// of the other. It cannot hold a second request on an HTTP connection, a CONNECT tunnel or a TLS
/// hello that never ends.
pub const PUBLISHED: Profile = Profile {
    name: "published",
    exact: Exact::StartEnd,
    http: Http::FirstRequest,
    frame: Frame::Defaults,
};

/// Every profile.
pub const PROFILES: &[&Profile] = &[&HARDENED, &PUBLISHED];

impl Profile {
    /// The profile that a project file names.
    pub const fn of(name: ProfileName) -> &'static Self {
        match name {
            ProfileName::Hardened => &HARDENED,
            ProfileName::Published => &PUBLISHED,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
