//! Texts of rule groups, loaded as the service loads them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::super::engine::{Engine, Settings};

/// What loads a text, or does not.
#[derive(Clone)]
pub(crate) enum Loader {
    /// A real engine.
    Engine(Arc<Known>),
    /// Whatever refuses lines with this part, and nothing else.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only what runs a push needs it"))]
    Without(&'static str),
}

/// An engine, and what it has said. A text is loaded once.
pub(crate) struct Known {
    engine: Engine,
    answers: Mutex<BTreeMap<Load, Result<(), Complaint>>>,
}

/// A text with the values of its variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Load {
    pub(crate) signatures: String,
    pub(crate) addresses: BTreeMap<String, String>,
    pub(crate) ports: BTreeMap<String, String>,
}

/// Why a text does not load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The line, from one; nought if no line is to blame.
    pub(crate) line: usize,
    /// What the engine says.
    pub(crate) reason: String,
}

impl Loader {
    /// Suricata 8; the service runs 8.0.3 (model, 2026-10-21).
    pub(crate) fn suricata() -> Self {
        let (engine, answers) = (Engine::eight(), Mutex::default());
        Self::Engine(Arc::new(Known { engine, answers }))
    }

    /// Asks whether a text loads.
    pub(super) fn load(&self, load: &Load) -> Result<(), Complaint> {
        match self {
            Self::Engine(known) => known.load(load),
            Self::Without(part) => {
                let mut lines = load.signatures.lines();
                let line = lines.position(|line| line.contains(part));
                let complaint =
                    |line| Complaint { line: line + 1, reason: format!("{part} is not supported") };
                line.map_or(Ok(()), |line| Err(complaint(line)))
            }
        }
    }
}

impl Known {
    fn load(&self, load: &Load) -> Result<(), Complaint> {
        let mut answers = self.answers.lock().unwrap();
        if let Some(answer) = answers.get(load) {
            return answer.clone();
        }
        let answer = ask(&self.engine, load);
        answers.insert(load.clone(), answer.clone());
        answer
    }
}

fn ask(engine: &Engine, load: &Load) -> Result<(), Complaint> {
    let settings = Settings {
        addresses: load.addresses.clone(),
        ports: load.ports.clone(),
        ..Settings::default()
    };
    let lines = engine.load(&load.signatures, &settings).err().unwrap_or_default();
    // The service cannot mind warnings: a bit that only another group sets is one.
    let mut errors = lines.iter().filter(|line| !line.starts_with("Warning:"));
    let Some(first) = errors.next() else { return Ok(()) };
    // `Error: detect-parse: unknown rule keyword 'x'.`, then `Error: detect: error parsing signature
    // "..." from file ... at line 2`.
    let line = errors.find_map(|line| line.rsplit_once(" at line ")?.1.trim().parse().ok());
    let reason = first.split_once(": ").map_or(first.as_str(), |(_, rest)| rest);
    Err(Complaint { line: line.unwrap_or(0), reason: reason.to_owned() })
}
