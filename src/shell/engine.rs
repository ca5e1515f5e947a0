//! Suricata engines: found, made to evaluate in strict order, and asked what they do with packets.
//!
//! An [`Engine`] is a folder made by `scripts/engine`, or a `suricata` of this machine. It replays
//! conversations in line, offline ([`Engine::converse`]). There is no third answer: an engine that
//! does not start, complains, dies, stops early or writes a log that makes no sense is an error,
//! because all of these would otherwise look like "everything passes".
//!
//! The tests drive engines with this very file.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fwc::matcher;
use fwc::probe::{Conversation, Packet, Transport, pcap};
use fwc::verify::outcome::{Action, Alert, Outcome, PacketVerdict};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// What makes an engine evaluate signatures in the order of the file.
const SHIM: &str = include_str!("engine/strictorder.c");
const CONFIGURATION: &str = include_str!("engine/suricata.yaml");

/// How many lines an error repeats of what an engine wrote last.
const LAST_WORDS: usize = 10;

/// One installed engine.
#[derive(Debug)]
pub(crate) struct Engine {
    place: Place,
    shim: Shim,
    /// As it says itself: `8.0.8`.
    release: String,
    version: matcher::Engine,
}

/// Where an engine is.
#[derive(Debug)]
enum Place {
    /// With its own loader and libraries, see `scripts/engine`.
    Folder { root: PathBuf, loader: PathBuf },
    /// As the machine has it.
    Program(PathBuf),
}

/// Where the compiled shim is.
#[derive(Debug)]
enum Shim {
    /// Beside the engine.
    Beside(PathBuf),
    /// Compiled for this run.
    Compiled(TempDir),
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
    /// How signatures are ordered, see `engine/strictorder.c`.
    pub(crate) order: &'static str,
    /// Whether packets with a wrong checksum are looked at.
    pub(crate) checksums: Checksums,
    /// What is logged besides alerts and drops: `tls`, `http`, `quic`.
    pub(crate) events: &'static [&'static str],
}

/// The engine's exception policies, all of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceptions {
    /// Of those that know the flow.
    pub(crate) flow: &'static str,
    /// Of those that know the packet alone.
    pub(crate) packet: &'static str,
}

/// What is done about wrong checksums: the engine's words in its configuration and its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksums {
    pub(crate) checked: &'static str,
    pub(crate) argument: &'static str,
}

impl Default for Settings {
    /// Signatures alone decide, in the order of the file: under this a text shows its holes.
    fn default() -> Self {
        Self {
            addresses: BTreeMap::new(),
            ports: BTreeMap::new(),
            exceptions: Exceptions { flow: "ignore", packet: "ignore" },
            order: "file",
            checksums: Checksums { checked: "yes", argument: "all" },
            events: &[],
        }
    }
}

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no engine at a path.
    #[error("`{path}` is no engine: {reason}")]
    NoEngine {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// An engine of a version whose reading of names is not known.
    #[error("{path} is Suricata {release}; fwc knows how the lines 7.0 and 8.0 read names")]
    UnknownVersion {
        /// Where it is.
        path: String,
        /// What it says of itself.
        release: String,
    },
    /// What makes it evaluate in strict order cannot be compiled.
    #[error("cannot compile what makes Suricata evaluate in strict order: {0}")]
    Shim(String),
    /// It was asked and did not answer.
    #[error("Suricata {release} {what}:\n  {}", lines.join("\n  "))]
    Failed {
        /// Which engine.
        release: String,
        /// What it did.
        what: &'static str,
        /// Its last lines, or the ones that matter.
        lines: Vec<String>,
    },
    /// The folder of a run cannot be made or read.
    #[error("cannot run Suricata: {0}")]
    Folder(#[from] std::io::Error),
}

/// What happened to a capture.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replayed {
    /// A verdict a packet, in order.
    pub(crate) packets: Vec<PacketVerdict>,
    /// Every event of the log that is neither an alert nor a drop, such as `tls`.
    pub(crate) events: Vec<Value>,
}

impl Engine {
    /// The engine at a path: a folder made by `scripts/engine`, or a program.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let no_engine =
            |reason: String| Error::NoEngine { path: path.display().to_string(), reason };
        // An engine runs in a folder of its own, where a relative path would mean another place.
        let path = path.canonicalize().map_err(|error| no_engine(error.to_string()))?;
        let place = if path.is_dir() {
            let loader =
                loader(&path).filter(|_| path.join("usr/bin/suricata").is_file()).ok_or_else(
                    || no_engine("the folder was not made by `scripts/engine`".to_owned()),
                )?;
            Place::Folder { root: path.clone(), loader }
        } else {
            Place::Program(path.clone())
        };
        let output = place
            .command(None)
            .arg("-V")
            .output()
            .map_err(|error| no_engine(format!("it does not start: {error}")))?;
        let text = log(&output);
        let release = text
            .split_once("Suricata version ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .ok_or_else(|| no_engine(format!("to `-V` it says {:?}", text.trim())))?
            .to_owned();
        let Some(version) = matcher::Engine::nearest(&release) else {
            let path = path.display().to_string();
            return Err(Error::UnknownVersion { path, release });
        };
        let shim = Shim::of(&place)?;
        Ok(Self { place, shim, release, version })
    }

    /// As it says itself: `8.0.8`.
    pub(crate) fn release(&self) -> &str {
        &self.release
    }

    /// The version whose reading of names is known and nearest.
    pub(crate) fn version(&self) -> matcher::Engine {
        self.version
    }

    /// Replays conversations together, each from a client port of its own, and takes their verdicts
    /// apart again.
    pub(crate) fn converse(
        &self,
        signatures: &str,
        settings: &Settings,
        conversations: impl IntoIterator<Item = Conversation>,
    ) -> Result<Vec<Outcome>, Error> {
        let rendered = self.render_apart(conversations)?;
        let frames = rendered.iter().flatten().map(|packet| packet.frame.as_slice());
        let replayed = self.replay(signatures, settings, &pcap::write(frames))?;
        if let (Some(event), []) = (replayed.events.first(), settings.events) {
            return Err(self.failed("logged what nobody asked for", vec![event.to_string()]));
        }
        let mut verdicts = replayed.packets.into_iter();
        let outcomes = rendered
            .into_iter()
            .map(|packets| Outcome { packets: packets.into_iter().zip(&mut verdicts).collect() });
        Ok(outcomes.collect())
    }

    /// Replays a capture in line, through to its last packet.
    pub(crate) fn replay(
        &self,
        signatures: &str,
        settings: &Settings,
        capture: &[u8],
    ) -> Result<Replayed, Error> {
        // An engine waits a minute for the first packet before it gives up.
        let expected = count_packets(capture)
            .filter(|count| *count > 0)
            .ok_or_else(|| self.failed("was given a malformed capture", Vec::new()))?;
        let (numbered, sids) = renumber(signatures);
        let run = Run::prepare(self, &numbered, settings)?;
        fs::write(run.folder.path().join("capture.pcap"), capture)?;
        let output = run.start(&["-r", "capture.pcap", "--runmode=single"])?;
        let log = log(&output);
        let read = format!(" {expected} packets,");
        if !(log.contains("Engine started") && log.contains(&read)) {
            return Err(self.failed("stopped early", last_words(&output)));
        }
        let eve = fs::read_to_string(run.folder.path().join("eve.json"))
            .map_err(|_| self.failed("wrote no log", last_words(&output)))?;
        read_events(&eve, expected, &sids)
            .map_err(|line| self.failed("wrote a log that makes no sense", vec![line]))
    }

    /// Leaves all that a run needs but a capture in a folder, with a script that runs it.
    pub(crate) fn leave(
        &self,
        signatures: &str,
        settings: &Settings,
        folder: &Path,
    ) -> std::io::Result<()> {
        let (numbered, _) = renumber(signatures);
        // The configuration names the folder.
        let folder = folder.canonicalize()?;
        fill(&folder, &numbered, settings)?;
        let shim = folder.join("strictorder.so");
        fs::copy(self.shim.path(), &shim)?;
        let mut command = self.command(&folder, settings, &shim);
        command.args(["-r", "CAPTURE", "--runmode=single"]);
        fs::write(folder.join("replay.sh"), script(&command))
    }

    /// The command line of a run in a folder.
    fn command(&self, folder: &Path, settings: &Settings, shim: &Path) -> Command {
        let mut command = self.place.command(Some(shim));
        command
            .arg("-c")
            .arg(folder.join("suricata.yaml"))
            .arg("-S")
            .arg(folder.join("text.rules"))
            .arg("-l")
            .arg(folder)
            .args(["--simulate-ips", "-k", settings.checksums.argument])
            .env("FWC_ORDER", settings.order)
            .current_dir(folder);
        command
    }

    /// Each conversation's packets, from client ports 20000 and up.
    fn render_apart(
        &self,
        conversations: impl IntoIterator<Item = Conversation>,
    ) -> Result<Vec<Vec<Packet>>, Error> {
        let mut numbers = 20_000..=u16::MAX;
        let mut portless = HashSet::new();
        let mut rendered = Vec::new();
        for conversation in conversations {
            let number = numbers.next();
            let distinct = match conversation.transport() {
                Transport::Tcp { .. } | Transport::Udp { .. } => true,
                // An engine tells ICMP flows apart by addresses and type alone.
                Transport::Echo { .. } => portless.insert((conversation.addresses(), 1)),
                Transport::Other(protocol) => portless.insert((conversation.addresses(), protocol)),
            };
            let (Some(number), true) = (number, distinct) else {
                let line = format!("{conversation:?}");
                return Err(self.failed("cannot tell two conversations apart", vec![line]));
            };
            rendered.push(conversation.with_client_number(number).packets());
        }
        Ok(rendered)
    }

    fn failed(&self, what: &'static str, lines: Vec<String>) -> Error {
        Error::Failed { release: self.release.clone(), what, lines }
    }
}

impl Place {
    /// Its command line up to the engine's own arguments, without the host's environment.
    fn command(&self, shim: Option<&Path>) -> Command {
        let mut command = match self {
            Self::Folder { root, loader } => {
                let mut command = Command::new(loader);
                if let Some(shim) = shim {
                    command.arg("--preload").arg(shim);
                }
                command.arg("--library-path").arg(root.join("usr/lib"));
                command.arg(root.join("usr/bin/suricata"));
                command.env_clear();
                command
            }
            Self::Program(program) => {
                let mut command = Command::new(program);
                command.env_clear();
                if let Some(shim) = shim {
                    command.env("LD_PRELOAD", shim);
                }
                command
            }
        };
        command.stdin(Stdio::null());
        command
    }
}

fn loader(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root.join("usr/lib64")).ok()?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux-"))
    })
}

impl Shim {
    /// The one beside the engine if it is of this text, else one that is compiled.
    fn of(place: &Place) -> Result<Self, Error> {
        if let Place::Folder { root, .. } = place {
            let compiled = root.join("strictorder.so");
            let source = fs::read_to_string(root.join("strictorder.c")).unwrap_or_default();
            if source == SHIM && compiled.is_file() {
                return Ok(Self::Beside(compiled));
            }
        }
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("strictorder.c");
        fs::write(&source, SHIM)?;
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("strictorder.so"))
            .arg(&source)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                Error::Shim(format!("`cc`: {error}; install a C compiler, or use `scripts/engine`"))
            })?;
        if !output.status.success() {
            return Err(Error::Shim(last_words(&output).join("\n  ")));
        }
        Ok(Self::Compiled(folder))
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Beside(path) => path.clone(),
            Self::Compiled(folder) => folder.path().join("strictorder.so"),
        }
    }
}

/// One start of an engine: its folder with configuration, signatures and logs.
pub(crate) struct Run<'e> {
    engine: &'e Engine,
    settings: &'e Settings,
    folder: TempDir,
}

impl<'e> Run<'e> {
    pub(crate) fn prepare(
        engine: &'e Engine,
        signatures: &str,
        settings: &'e Settings,
    ) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        fill(folder.path(), signatures, settings)?;
        Ok(Self { engine, settings, folder })
    }

    /// Runs the engine to its end. Whatever it writes at the level of a warning or above is an error.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Output, Error> {
        let shim = self.engine.shim.path();
        let mut command = self.engine.command(self.folder.path(), self.settings, &shim);
        let output = command.args(arguments).output()?;
        let complaints = complaints(&output);
        if !complaints.is_empty() {
            return Err(self.engine.failed("complained", complaints));
        }
        if !output.status.success() {
            return Err(self.engine.failed("died", last_words(&output)));
        }
        // A loader that cannot preload the shim goes on without it.
        if !log(&output).contains(&format!("strict order in force: {}", self.settings.order)) {
            return Err(self.engine.failed("has an order of its own", last_words(&output)));
        }
        Ok(output)
    }
}

/// Writes what an engine reads.
fn fill(folder: &Path, signatures: &str, settings: &Settings) -> std::io::Result<()> {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text);
    write("suricata.yaml", &configuration(settings, folder))?;
    write("text.rules", signatures)?;
    write("empty.config", "")
}

/// A script that runs a command on the capture it is given.
fn script(command: &Command) -> String {
    let quoted = |text: &std::ffi::OsStr| match text.to_str() {
        Some("CAPTURE") => "\"$1\"".to_owned(),
        _ => format!("'{}'", text.to_string_lossy().replace('\'', r"'\''")),
    };
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    let line: Vec<String> = variables.chain(words).collect();
    format!(
        "#!/bin/sh\n# Usage: sh replay.sh 1.pcap; what was logged and dropped is in eve.json.\n\
         cd \"$(dirname \"$0\")\" && rm -f eve.json && exec env -i {}\n",
        line.join(" ")
    )
}

fn configuration(settings: &Settings, folder: &Path) -> String {
    let group = |variables: &BTreeMap<String, String>, defaults: &[(&str, &str)]| {
        let mut all: BTreeMap<&str, &str> = defaults.iter().copied().collect();
        all.extend(variables.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        all.iter().fold(String::new(), |mut lines, (name, text)| {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "    {name}: \"{text}\"");
            lines
        })
    };
    let events = settings.events.iter().fold(String::new(), |lines, event| {
        lines + &format!("        - {event}:\n            extended: yes\n")
    });
    let addresses = group(&settings.addresses, &[("HOME_NET", "any"), ("EXTERNAL_NET", "any")]);
    CONFIGURATION
        .replace("@ADDRESSES@\n", &addresses)
        .replace("@PORTS@\n", &group(&settings.ports, &[("HTTP_PORTS", "80")]))
        .replace("@EVENTS@\n", &events)
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@PACKET_EXCEPTIONS@", settings.exceptions.packet)
        .replace("@EXCEPTIONS@", settings.exceptions.flow)
        .replace("@CHECKSUMS@", settings.checksums.checked)
}

/// All that the engine wrote to the terminal; complaints and notices take different ways out.
fn log(output: &Output) -> String {
    [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text)).concat()
}

/// The lines of the engine's log at the level of a warning or above.
fn complaints(output: &Output) -> Vec<String> {
    const LEVELS: [&str; 6] =
        ["Warning:", "Error:", "Critical:", "Alert:", "Emergency:", "strictorder:"];
    let log = log(output);
    let lines = log.lines().filter(|line| LEVELS.iter().any(|level| line.starts_with(level)));
    lines.map(str::to_owned).collect()
}

fn last_words(output: &Output) -> Vec<String> {
    let text = log(output);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LAST_WORDS));
    let ended = format!("it ended with {}", output.status);
    last.map(|line| (*line).to_owned()).chain([ended]).collect()
}

/// The text with sids 1, 2, 3, ... down the file, and the sid that each number stands for.
///
/// In strict order the engine decides by ascending sid, see `engine/strictorder.c`.
fn renumber(signatures: &str) -> (String, Vec<u64>) {
    let mut sids = Vec::new();
    let mut numbered = String::with_capacity(signatures.len());
    for line in signatures.lines() {
        match split_at_sid(line) {
            Some((before, sid, after)) => {
                sids.push(sid);
                // Writing to a string cannot fail.
                let _ = writeln!(numbered, "{before}sid:{};{after}", sids.len());
            }
            None => {
                numbered.push_str(line);
                numbered.push('\n');
            }
        }
    }
    (numbered, sids)
}

/// The parts of a line around its last `sid:N;`.
fn split_at_sid(line: &str) -> Option<(&str, u64, &str)> {
    if line.starts_with('#') {
        return None;
    }
    let (before, rest) = line.rsplit_once("sid:")?;
    let (number, after) = rest.split_once(';')?;
    Some((before, number.trim().parse().ok()?, after))
}

/// How many packets a capture has; `None` if it is none, or not whole.
fn count_packets(capture: &[u8]) -> Option<usize> {
    let mut rest = capture.get(24..)?;
    let mut count = 0;
    while !rest.is_empty() {
        let length: [u8; 4] = rest.get(8..12)?.try_into().ok()?;
        rest = rest.get(16 + u32::from_le_bytes(length) as usize..)?;
        count += 1;
    }
    Some(count)
}

/// A line of the log, as far as it is read.
#[derive(Deserialize)]
struct Event<'l> {
    event_type: &'l str,
    pcap_cnt: Option<usize>,
    alert: Option<LoggedAlert>,
    drop: Option<LoggedDrop>,
    verdict: Option<LoggedVerdict>,
}

#[derive(Deserialize)]
struct LoggedAlert {
    signature_id: usize,
    signature: String,
    action: String,
}

#[derive(Deserialize)]
struct LoggedDrop {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct LoggedVerdict {
    action: Option<String>,
    #[serde(default)]
    reject: Vec<Value>,
}

/// The events of a run, put to the packets they speak of. `Err` holds a line that makes no sense.
///
/// An alert that speaks of no packet was raised when the engine closed a flow; it decides nothing.
fn read_events(eve: &str, packets: usize, sids: &[u64]) -> Result<Replayed, String> {
    let mut replayed =
        Replayed { packets: vec![PacketVerdict::default(); packets], events: Vec::new() };
    for line in eve.lines() {
        let event: Event<'_> = serde_json::from_str(line).map_err(|_| line.to_owned())?;
        let packet = match event.pcap_cnt {
            Some(number) => {
                let at = number.checked_sub(1);
                Some(at.and_then(|at| replayed.packets.get_mut(at)).ok_or(line)?)
            }
            None => None,
        };
        match (event.event_type, packet) {
            ("alert", Some(packet)) => packet.alerts.push(read_alert(&event, sids).ok_or(line)?),
            ("drop", Some(packet)) => {
                packet.reason = event.drop.and_then(|drop| drop.reason);
                packet.action = match event.verdict {
                    Some(verdict) if !verdict.reject.is_empty() => Action::Rejected,
                    _ => Action::Dropped,
                };
            }
            ("alert" | "drop", None) => {}
            _ => replayed.events.push(serde_json::from_str(line).map_err(|_| line.to_owned())?),
        }
    }
    Ok(replayed)
}

fn read_alert(event: &Event<'_>, sids: &[u64]) -> Option<Alert> {
    let alert = event.alert.as_ref()?;
    let verdict = event.verdict.as_ref().and_then(|verdict| verdict.action.clone());
    Some(Alert {
        sid: *sids.get(alert.signature_id.checked_sub(1)?)?,
        message: alert.signature.clone(),
        action: alert.action.clone(),
        verdict: verdict.unwrap_or_default(),
    })
}
