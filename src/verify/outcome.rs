//! What an engine did with the packets of a conversation.

use core::fmt;
use core::ops::Range;

use crate::probe::{Packet, Side};

/// What happened to one conversation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its packets, each with what became of it.
    pub packets: Vec<(Packet, PacketVerdict)>,
}

/// What happened to one packet, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketVerdict {
    /// What happened.
    pub action: Action,
    /// Why a packet did not pass, in the engine's words: `rules`, `flow drop`, ...
    pub reason: Option<String>,
    /// The alerts it raised, in order.
    pub alerts: Vec<Alert>,
}

/// What happened to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// It went on.
    #[default]
    Passed,
    /// It vanished.
    Dropped,
    /// It vanished, and its sender was told.
    Rejected,
}

/// One line in the engine's log of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// As written in the text.
    pub sid: u64,
    /// The signature's message.
    pub message: String,
    /// What the signature does, in the engine's words: `allowed` or `blocked`.
    pub action: String,
    /// What became of the packet: `alert`, `pass` or `drop`.
    pub verdict: String,
}

impl Alert {
    /// Whether it says that a service which observes would have been stopped.
    pub fn is_would_deny(&self) -> bool {
        self.message.contains(": would deny")
    }
}

impl Outcome {
    /// Whether every packet of both sides went on.
    pub fn passed(&self) -> bool {
        self.packets.iter().all(|(_, verdict)| verdict.action == Action::Passed)
    }

    /// Which bytes of a side's stream its peer has got, merged and in order.
    pub fn delivered(&self, from: Side) -> Vec<Range<u32>> {
        let mut ranges: Vec<Range<u32>> = self
            .packets
            .iter()
            .filter(|(packet, verdict)| packet.from == from && verdict.action == Action::Passed)
            .map(|(packet, _)| packet.carries.clone())
            .filter(|range| !range.is_empty())
            .collect();
        ranges.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u32>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    /// Every alert, in order.
    pub fn alerts(&self) -> Vec<&Alert> {
        self.packets.iter().flat_map(|(_, verdict)| &verdict.alerts).collect()
    }

    /// Two letters a packet: `c` or `s` for the side that sent it, in upper case where it carries
    /// payload; `.` passed, `x` dropped, `R` rejected.
    pub fn trace(&self) -> String {
        let packets = self.packets.iter().map(|(packet, verdict)| {
            let side = match (packet.from, packet.carries.is_empty()) {
                (Side::Client, false) => 'C',
                (Side::Client, true) => 'c',
                (Side::Server, false) => 'S',
                (Side::Server, true) => 's',
            };
            format!("{side}{}", verdict.action)
        });
        packets.collect::<Vec<_>>().join(" ")
    }
}

/// As in [`Outcome::trace`].
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => ".",
            Self::Dropped => "x",
            Self::Rejected => "R",
        })
    }
}
