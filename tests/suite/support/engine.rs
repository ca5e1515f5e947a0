//! Real Suricata engines, asked what they do with a text and with packets.
//!
//! An [`Engine`] is a folder made by `scripts/engine`. It loads signatures ([`Engine::load`]) or
//! replays a capture in line, offline, in strict order ([`Engine::replay`]). There is no third
//! answer: an engine that is missing, does not start, complains, dies or stops early fails the test
//! that asked, because all of these would otherwise look like "everything passes".
//!
//! Starting an engine takes most of a second, so many conversations share one run
//! ([`Engine::converse`]).

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fwc::probe::{Conversation, Packet, Side, Transport, pcap};
use serde_json::Value;
use tempfile::TempDir;

/// One installed engine.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    release: Release,
    directory: PathBuf,
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// 7.0.10.
    Seven,
    /// 8.0.8.
    Eight,
}

/// What an engine is configured with, besides signatures.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Address variables by name, `HOME_NET` among them if a signature uses it.
    pub(crate) addresses: BTreeMap<String, String>,
    /// Port variables by name.
    pub(crate) ports: BTreeMap<String, String>,
    /// What happens to flows the engine cannot follow.
    pub(crate) exceptions: Exceptions,
    /// How signatures are ordered.
    pub(crate) order: Order,
    /// Whether packets with a wrong checksum are ignored.
    pub(crate) checksums: Checksums,
}

/// The engine's exception policies, all of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceptions {
    /// Signatures alone decide: the setting under which a text shows its holes.
    Ignore,
    /// The flow is dropped.
    Drop,
}

/// The order of evaluation, see `tests/engine/strictorder.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As written.
    File,
    /// As written but for flowbits and priority.
    Priority,
}

/// What is done about wrong checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksums {
    /// Nothing.
    Ignored,
    /// The packet is not looked at.
    Verified,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            addresses: BTreeMap::new(),
            ports: BTreeMap::new(),
            exceptions: Exceptions::Ignore,
            order: Order::File,
            checksums: Checksums::Verified,
        }
    }
}

impl Settings {
    /// The default with address variables.
    pub(crate) fn with_addresses<'v>(
        variables: impl IntoIterator<Item = (&'v str, &'v str)>,
    ) -> Self {
        let addresses =
            variables.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        Self { addresses, ..Self::default() }
    }
}

/// What happened to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It went on.
    Passed,
    /// It vanished.
    Dropped,
    /// It vanished, and its sender was told.
    Rejected,
}

/// One line in the engine's log of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// As written in the text.
    pub(crate) sid: u64,
    /// The signature's message.
    pub(crate) message: String,
    /// What the signature does, in the engine's words: `allowed` or `blocked`.
    pub(crate) action: String,
    /// What became of the packet: `alert`, `pass` or `drop`.
    pub(crate) verdict: String,
}

/// What happened to one packet, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PacketVerdict {
    /// What happened.
    pub(crate) action: Action,
    /// Why a packet did not pass, in the engine's words: `rules`, `flow drop`, ...
    pub(crate) reason: Option<String>,
    /// The alerts it raised, in order.
    pub(crate) alerts: Vec<Alert>,
}

/// What happened to a capture.
#[derive(Debug, Clone)]
pub(crate) struct Verdicts {
    /// A verdict a packet, in order.
    pub(crate) packets: Vec<PacketVerdict>,
    /// Alerts that belong to no packet: the engine raised them when it closed a flow.
    pub(crate) unplaced: Vec<Alert>,
    /// Every other event of the log, such as `tls` and `http`.
    pub(crate) events: Vec<Value>,
}

/// What happened to one conversation of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Its packets, each with its verdict.
    pub(crate) packets: Vec<(Packet, PacketVerdict)>,
}

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

    fn find(release: Release) -> Self {
        let number = match release {
            Release::Seven => 7,
            Release::Eight => 8,
        };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let engines = std::env::var_os("FWC_ENGINES")
            .map_or_else(|| repository.join("target/engines"), PathBuf::from);
        let directory = engines.join(format!("suricata-{number}"));
        assert!(
            directory.join("VERSION").exists(),
            "no engine in {}: run `scripts/engine {number}`",
            directory.display(),
        );
        let shim = fs::read_to_string(directory.join("strictorder.c")).unwrap_or_default();
        assert!(
            shim == include_str!("../../engine/strictorder.c"),
            "the shim in {} is of another version: run `scripts/engine {number}`",
            directory.display(),
        );
        // The engine runs in a folder of its own, where a relative path would mean another place.
        let directory = directory.canonicalize().unwrap();
        Self { release, directory }
    }

    /// Loads the text as it is. `Err` holds every line the engine wrote at the level of a warning
    /// or above; there is at least one.
    pub(crate) fn load(&self, signatures: &str, settings: &Settings) -> Result<(), Vec<String>> {
        let run = Run::prepare(self, signatures, settings);
        let output = run.start(&["-T"]);
        let complaints = complaints(&output);
        if !complaints.is_empty() {
            return Err(complaints);
        }
        if !output.status.success() {
            return Err(last_words(&output));
        }
        Ok(())
    }

    /// Replays a capture in line. `Err` if the engine did not start, complained about the text,
    /// died, or did not read every packet; it holds the engine's last lines.
    pub(crate) fn replay(
        &self,
        signatures: &str,
        settings: &Settings,
        capture: &[u8],
    ) -> Result<Verdicts, Vec<String>> {
        let expected = count_packets(capture);
        // An engine waits a minute for the first packet before it gives up.
        assert!(expected > 0, "a capture without packets");
        let (numbered, sids) = renumber(signatures);
        let run = Run::prepare(self, &numbered, settings);
        let file = run.folder.path().join("capture.pcap");
        fs::write(&file, capture).unwrap();
        let file = file.to_str().unwrap();
        let output = run.start(&["-r", file, "--runmode=single"]);

        let complaints = complaints(&output);
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let log = log(&output);
        let finished = output.status.success()
            && log.contains("Engine started")
            && log.contains(&format!(" {expected} packets,"));
        if !finished {
            return Err(last_words(&output));
        }
        let eve = fs::read_to_string(run.folder.path().join("eve.json")).unwrap_or_default();
        read_events(&eve, expected, &sids).map_err(|line| vec![format!("unexpected event: {line}")])
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
        let rendered = render_apart(conversations);
        let frames = rendered.iter().flatten().map(|packet| packet.frame.as_slice());
        let verdicts = self
            .replay(signatures, settings, &pcap::write(frames))
            .unwrap_or_else(|lines| panic!("{:?} failed:\n{}", self.release, lines.join("\n")));
        let mut verdicts = verdicts.packets.into_iter();
        rendered
            .into_iter()
            .map(|packets| Outcome { packets: packets.into_iter().zip(&mut verdicts).collect() })
            .collect()
    }
}

impl Outcome {
    /// In one word.
    pub(crate) fn summary(&self) -> Summary {
        let client = |carrying: bool| {
            self.packets
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

    /// Which bytes of a side's stream its peer has got, merged and in order.
    pub(crate) fn delivered(&self, from: Side) -> Vec<Range<u32>> {
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
    pub(crate) fn alerts(&self) -> Vec<&Alert> {
        self.packets.iter().flat_map(|(_, verdict)| &verdict.alerts).collect()
    }

    /// A letter a packet, `.` passed, `x` dropped, `R` rejected, upper side first: `c` and `s` say
    /// whose packet it is where it carries payload.
    pub(crate) fn trace(&self) -> String {
        self.packets
            .iter()
            .map(|(packet, verdict)| {
                let side = match (packet.from, packet.carries.is_empty()) {
                    (Side::Client, false) => "C",
                    (Side::Client, true) => "c",
                    (Side::Server, false) => "S",
                    (Side::Server, true) => "s",
                };
                let action = match verdict.action {
                    Action::Passed => ".",
                    Action::Dropped => "x",
                    Action::Rejected => "R",
                };
                format!("{side}{action}")
            })
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// One start of an engine: its folder with configuration, signatures and logs.
struct Run<'e> {
    engine: &'e Engine,
    settings: &'e Settings,
    folder: TempDir,
}

impl<'e> Run<'e> {
    fn prepare(engine: &'e Engine, signatures: &str, settings: &'e Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("suricata.yaml", &configuration(engine, settings, folder.path()));
        write("text.rules", signatures);
        write("threshold.config", "");
        Self { engine, settings, folder }
    }

    /// Runs the engine to its end, through its own loader and without the host's environment.
    fn start(&self, arguments: &[&str]) -> Output {
        let root = &self.engine.directory;
        let folder = self.folder.path();
        let order = match self.settings.order {
            Order::File => "file",
            Order::Priority => "priority",
        };
        let checksums = match self.settings.checksums {
            Checksums::Ignored => "none",
            Checksums::Verified => "all",
        };
        Command::new(loader(root))
            .arg("--preload")
            .arg(root.join("strictorder.so"))
            .arg("--library-path")
            .arg(root.join("usr/lib"))
            .arg(root.join("usr/bin/suricata"))
            .arg("-c")
            .arg(folder.join("suricata.yaml"))
            .arg("-S")
            .arg(folder.join("text.rules"))
            .arg("-l")
            .arg(folder)
            .args(["--simulate-ips", "-k", checksums])
            .args(arguments)
            .env_clear()
            .env("FWC_ORDER", order)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn loader(root: &Path) -> PathBuf {
    let folder = root.join("usr/lib64");
    fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("ld-linux-"))
        .unwrap_or_else(|| panic!("no loader in {}", folder.display()))
}

/// Stock settings where they matter to a verdict, one thread, one log, nothing of the host.
fn configuration(engine: &Engine, settings: &Settings, folder: &Path) -> String {
    let (exceptions, packet_exceptions) = match settings.exceptions {
        Exceptions::Ignore => ("ignore", "ignore"),
        Exceptions::Drop => ("drop-flow", "drop-packet"),
    };
    let checksums = match settings.checksums {
        Checksums::Ignored => "no",
        Checksums::Verified => "yes",
    };
    let mut addresses = settings.addresses.clone();
    for name in ["HOME_NET", "EXTERNAL_NET"] {
        addresses.entry(name.to_owned()).or_insert_with(|| "any".to_owned());
    }
    let groups = |variables: &BTreeMap<String, String>| {
        variables.iter().fold(String::new(), |mut lines, (name, text)| {
            writeln!(lines, "    {name}: \"{text}\"").unwrap();
            lines
        })
    };
    let mut ports = settings.ports.clone();
    ports.entry("HTTP_PORTS".to_owned()).or_insert_with(|| "80".to_owned());
    include_str!("suricata.yaml")
        .replace("@ADDRESSES@\n", &groups(&addresses))
        .replace("@PORTS@\n", &groups(&ports))
        .replace("@ENGINE@", engine.directory.to_str().unwrap())
        .replace("@FOLDER@", folder.to_str().unwrap())
        .replace("@PACKET_EXCEPTIONS@", packet_exceptions)
        .replace("@EXCEPTIONS@", exceptions)
        .replace("@CHECKSUMS@", checksums)
}

/// All that the engine wrote to the terminal; complaints and notices take different ways out.
fn log(output: &Output) -> String {
    [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text)).concat()
}

/// The lines of the engine's log at the level of a warning or above.
fn complaints(output: &Output) -> Vec<String> {
    log(output)
        .lines()
        .filter(|line| {
            ["Warning:", "Error:", "Critical:", "Alert:", "Emergency:", "strictorder:"]
                .iter()
                .any(|level| line.starts_with(level))
        })
        .map(str::to_owned)
        .collect()
}

fn last_words(output: &Output) -> Vec<String> {
    let text = log(output);
    let lines: Vec<&str> = text.lines().collect();
    let mut words = vec![format!("the engine ended with {}", output.status)];
    words.extend(lines.iter().skip(lines.len().saturating_sub(10)).map(|line| (*line).to_owned()));
    words
}

/// The text with sids 1, 2, 3, ... down the file, and the sid that each number stands for.
///
/// In strict order the engine decides by ascending sid, see `strictorder.c`.
fn renumber(signatures: &str) -> (String, Vec<u64>) {
    let mut sids = Vec::new();
    let mut numbered = String::new();
    for line in signatures.lines() {
        let Some((before, sid, after)) = split_at_sid(line) else {
            numbered.push_str(line);
            numbered.push('\n');
            continue;
        };
        sids.push(sid);
        writeln!(numbered, "{before}sid:{};{after}", sids.len()).unwrap();
    }
    (numbered, sids)
}

/// The parts of a line around its last `sid:N;`.
fn split_at_sid(line: &str) -> Option<(&str, u64, &str)> {
    if line.starts_with('#') {
        return None;
    }
    let at = line.rfind("sid:")?;
    let (number, after) = line[at + 4..].split_once(';')?;
    Some((&line[..at], number.trim().parse().ok()?, after))
}

fn count_packets(capture: &[u8]) -> usize {
    let mut count = 0;
    let mut rest = &capture[24..];
    while let Some(header) = rest.get(..16) {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap());
        rest = rest.get(16 + length as usize..).unwrap_or_default();
        count += 1;
    }
    count
}

/// The events of a run, put to the packets they speak of. `Err` holds a line that makes no sense.
fn read_events(eve: &str, packets: usize, sids: &[u64]) -> Result<Verdicts, String> {
    let untouched = PacketVerdict { action: Action::Passed, reason: None, alerts: Vec::new() };
    let mut verdicts =
        Verdicts { packets: vec![untouched; packets], unplaced: Vec::new(), events: Vec::new() };
    for line in eve.lines() {
        let event: Value = serde_json::from_str(line).map_err(|_| line.to_owned())?;
        let packet = event["pcap_cnt"]
            .as_u64()
            .and_then(|number| verdicts.packets.get_mut(number as usize - 1));
        match event["event_type"].as_str() {
            Some("alert") => {
                let alert = read_alert(&event, sids).ok_or(line)?;
                match packet {
                    Some(packet) => packet.alerts.push(alert),
                    None => verdicts.unplaced.push(alert),
                }
            }
            Some("drop") => {
                let Some(packet) = packet else { continue };
                packet.reason = event["drop"]["reason"].as_str().map(str::to_owned);
                packet.action = if event["verdict"]["reject"].is_array() {
                    Action::Rejected
                } else {
                    Action::Dropped
                };
            }
            Some(_) => verdicts.events.push(event),
            None => return Err(line.to_owned()),
        }
    }
    Ok(verdicts)
}

fn read_alert(event: &Value, sids: &[u64]) -> Option<Alert> {
    let alert = &event["alert"];
    let number = usize::try_from(alert["signature_id"].as_u64()?).ok()?;
    Some(Alert {
        sid: *sids.get(number.checked_sub(1)?)?,
        message: alert["signature"].as_str()?.to_owned(),
        action: alert["action"].as_str()?.to_owned(),
        verdict: event["verdict"]["action"].as_str().unwrap_or_default().to_owned(),
    })
}

/// Each conversation's packets, from client ports 20000 and up.
fn render_apart(conversations: &[Conversation]) -> Vec<Vec<Packet>> {
    let numbers = 20_000..=u16::MAX;
    assert!(conversations.len() <= numbers.len(), "more conversations than client ports");
    let mut portless = HashSet::new();
    conversations
        .iter()
        .zip(numbers)
        .map(|(conversation, number)| {
            let distinct = match conversation.transport() {
                Transport::Tcp { .. } | Transport::Udp { .. } => true,
                // An engine tells ICMP flows apart by addresses and type alone.
                Transport::Echo { .. } => portless.insert((conversation.addresses(), 1)),
                Transport::Other(protocol) => portless.insert((conversation.addresses(), protocol)),
            };
            assert!(distinct, "two conversations of one flow: {conversation:?}");
            conversation.clone().with_client_number(number).packets()
        })
        .collect()
}
