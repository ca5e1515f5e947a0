//! What follows from a policy as a whole, over every flow and not only some: what a service may reach,
//! whether an assertion holds, what a change opens and closes.
//!
//! ```text
//! policy ──> reach ──> flows ──┬──> claims ──> diagnostics
//!                              └──> diff ──> rows ──> report
//! ```
//!
//! [`flows`] is the algebra: exact sets of flows, built on that of [names](crate::policy::names) and
//! of [`addresses`]. [`reach`] makes one of a policy for a service in a region on a day;
//! [`claims`] and [`diff()`](diff::diff) ask whether sets contain each other, and answer
//! with flows; [`rows`] writes a set as a policy would.
//!
//! # Example: what a change opens
//!
//! ```
//! use fwc::analysis::diff::{Effect, diff};
//! use fwc::project::Project;
//! use fwc::source::{SourceFile, Sources};
//!
//! let policy = |entries: &str| {
//!     let mut sources = Sources::new();
//!     let text = format!("fwc 1\nservice ci from 10.0.0.0/24 {{ {entries} }}\n");
//!     sources.add(SourceFile::new("prod.fw", text));
//!     fwc::analyse(&sources, &Project::without_file()).accept().unwrap().0
//! };
//! let before = policy("allow *.example.com");
//! let after = policy("allow **.example.com");
//! let found = diff(&before, &after, "2026-11-24".parse()?, &|_region| true);
//!
//! let [change] = found.changes.as_slice() else { panic!() };
//! assert_eq!(change.effect, Effect::Opens);
//! assert_eq!(change.written, "**.example.com except *.example.com");
//! assert_eq!(change.row.witness.to_string(), "a.a.example.com:443/tls");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it agrees with the firewall
//!
//! [`Matcher`](crate::matcher::Matcher) is the meaning of a policy, one flow at a time. A property holds the sets here
//! to it: a flow with a name or without is in a set where the matcher allows it, and changes
//! its verdict between two policies where their difference says so. The matcher also names the line
//! behind every example.

pub mod addresses;
pub mod claims;
pub mod diff;
pub mod flows;
pub mod reach;
pub mod report;
pub mod rows;
