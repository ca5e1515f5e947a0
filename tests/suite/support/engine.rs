//! The engines of the tests: both that `scripts/engine` installs, driven by the code of `fwc verify`.
//!
//! An engine that is missing or gives no answer fails the test that asked.

use std::path::{Path, PathBuf};

use fwc::probe::{Conversation, Side};
pub(crate) use fwc::verify::outcome::{Action, Outcome};

pub(crate) use driver::{Checksums, Exceptions, Replayed, Settings};

#[path = "../../../src/shell/engine.rs"]
#[expect(dead_code, reason = "the tests know which engines they run")]
mod driver;

/// One installed engine.
#[derive(Debug)]
pub(crate) struct Engine {
    release: Release,
    engine: driver::Engine,
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// 7.0.10.
    Seven,
    /// 8.0.8.
    Eight,
}

/// The order of evaluation, see `src/shell/engine/strictorder.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As written.
    File,
    /// As written but for flowbits and priority.
    Priority,
}

/// Flows that the engine cannot follow are dropped.
pub(crate) const DROP: Exceptions = Exceptions { flow: "drop-flow", packet: "drop-packet" };

/// Packets with a wrong checksum are like any others.
pub(crate) const UNCHECKED: Checksums = Checksums { checked: "no", argument: "none" };

/// A conversation in one word, by the packets of the client that carry payload (by all of its
/// packets if none does).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// All went on.
    Passed,
    /// None went on.
    Dropped,
    /// None went on, and the client was told.
    Rejected,
    /// Some went on, some did not.
    Mixed,
}

impl Order {
    /// As the shim is told.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Priority => "priority",
        }
    }
}

impl Engine {
    /// Suricata 7.0.10.
    pub(crate) fn seven() -> Self {
        Self::find(Release::Seven)
    }

    /// Suricata 8.0.8.
    pub(crate) fn eight() -> Self {
        Self::find(Release::Eight)
    }

    /// Both, the older first.
    pub(crate) fn both() -> [Self; 2] {
        [Self::seven(), Self::eight()]
    }

    /// Which one this is.
    pub(crate) fn release(&self) -> Release {
        self.release
    }

    /// The same as a matcher knows it.
    pub(crate) fn version(&self) -> fwc::matcher::Engine {
        self.engine.version()
    }

    /// Where it is.
    pub(crate) fn path(release: Release) -> PathBuf {
        let number = match release {
            Release::Seven => 7,
            Release::Eight => 8,
        };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let engines = std::env::var_os("FWC_ENGINES")
            .map_or_else(|| repository.join("target/engines"), PathBuf::from);
        engines.join(format!("suricata-{number}"))
    }

    fn find(release: Release) -> Self {
        let engine = driver::Engine::open(&Self::path(release)).unwrap_or_else(|error| {
            panic!("{error}: run `scripts/engine 7` and `scripts/engine 8`")
        });
        Self { release, engine }
    }

    /// Loads the text as it is. `Err` holds every line the engine wrote at the level of a warning
    /// or above; there is at least one.
    pub(crate) fn load(&self, signatures: &str, settings: &Settings) -> Result<(), Vec<String>> {
        let run = driver::Run::prepare(&self.engine, signatures, settings);
        run.and_then(|run| run.start(&["-T"])).map(drop).map_err(lines)
    }

    /// Leaves what a run needs in a folder, with a script that runs it.
    pub(crate) fn leave(&self, signatures: &str, settings: &Settings, folder: &Path) {
        self.engine.leave(signatures, settings, folder).unwrap();
    }

    /// Replays a capture in line. `Err` if the engine did not start, complained about the text,
    /// died, or did not read every packet; it holds the engine's last lines.
    pub(crate) fn replay(
        &self,
        signatures: &str,
        settings: &Settings,
        capture: &[u8],
    ) -> Result<Replayed, Vec<String>> {
        self.engine.replay(signatures, settings, capture).map_err(lines)
    }

    /// Replays conversations together, each from a client port of its own, and takes their verdicts
    /// apart again.
    ///
    /// # Panics
    /// If the run fails, or if two conversations cannot be told apart: ICMP and other protocols
    /// have no ports, so there is one between two addresses.
    pub(crate) fn converse(
        &self,
        signatures: &str,
        settings: &Settings,
        conversations: &[Conversation],
    ) -> Vec<Outcome> {
        let outcomes = self.engine.converse(signatures, settings, conversations.iter().cloned());
        outcomes.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn lines(error: driver::Error) -> Vec<String> {
    match error {
        driver::Error::Failed { lines, .. } => lines,
        other => panic!("{other}"),
    }
}

/// A conversation in one word.
pub(crate) fn summary(outcome: &Outcome) -> Summary {
    let client = |carrying: bool| {
        outcome
            .packets
            .iter()
            .filter(move |(packet, _)| {
                packet.from == Side::Client && (!carrying || !packet.carries.is_empty())
            })
            .map(|(_, verdict)| verdict.action)
            .collect::<Vec<_>>()
    };
    let mut actions = client(true);
    if actions.is_empty() {
        actions = client(false);
    }
    match actions.as_slice() {
        all if all.iter().all(|action| *action == Action::Passed) => Summary::Passed,
        some if some.contains(&Action::Passed) => Summary::Mixed,
        none if none.contains(&Action::Rejected) => Summary::Rejected,
        _ => Summary::Dropped,
    }
}
