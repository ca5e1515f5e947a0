//! AWS Network Firewall on a port of this machine, so that a push can be tried without an account.
//!
//! It is the emulator of the tests. What it is made of and what it knows is in
//! `tests/suite/support/emulator.rs`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what the tests are made of"
)]

use std::error::Error;

use clap::Parser;

use support::emulator::http::Server;
use support::emulator::{Call, Cloud, Loader, Outcome, Settings, Stack};

#[path = "../tests/suite/support"]
#[allow(dead_code, unused_imports, reason = "most of it is for tests")]
mod support {
    pub(crate) mod emulator;
    pub(crate) mod engine;
}

/// Serves AWS Network Firewall on a port of this machine, for tests and trials.
#[derive(Debug, Parser)]
struct Arguments {
    /// The port; any that is free unless given
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Begin with what Terraform would have made: in us-east-1 and us-west-2 a firewall with two
    /// zones and a policy that lets nothing through
    #[arg(long)]
    stack: bool,
    /// Let no Suricata load the texts of rule groups; without this, `scripts/engine 8` has to have
    /// installed one
    #[arg(long)]
    no_engine: bool,
    /// What identifiers and tokens are made from
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let loader = (!arguments.no_engine).then(Loader::suricata);
    let settings = Settings { seed: arguments.seed, loader, ..Settings::default() };
    let stacks = if arguments.stack { Stack::example().to_vec() } else { Vec::new() };
    let server = Server::start(Cloud::with_stacks(settings, &stacks), arguments.port, tell)?;
    println!("{}", server.url());
    loop {
        std::thread::park();
    }
}

/// A line a call.
fn tell(call: &Call) {
    let outcome = match &call.outcome {
        Outcome::Done => "done",
        Outcome::Refused(code) => code,
        Outcome::Lost => "lost",
    };
    let fault = call.fault.map(|fault| format!(" ({fault})")).unwrap_or_default();
    println!("{:>5} {} {}: {outcome}{fault}", call.tick, call.region, call.operation);
}
