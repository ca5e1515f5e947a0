//! `fwc test flows`: flows in, verdicts out, a line of JSON each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use fwc::answer::{Answers, json};
use fwc::flow::Source;
use fwc::flow::record::{Origin, Record};
use fwc::policy::ServiceId;

use super::{answers, service};
use crate::shell::args::{Flows, ResultFormat};
use crate::shell::{Args, Error, Exit, Shell, disk, project};

/// The longest line, in bytes: a name has at most 65,535.
const LONGEST_LINE: u64 = 1 << 20;

/// How much is answered before it is written, in bytes.
const ENOUGH: usize = 1 << 16;

pub(super) fn flows(args: &Args, flows: &Flows, shell: &mut Shell) -> Result<Exit, Error> {
    let named = flows.policy.as_deref();
    let Some(found) = project::find(args, named, shell)? else { return Ok(Exit::Findings) };
    let roles = found.regions("all")?;
    let path = found.policy(named)?;
    let Some(compiled) = found.compile(&path, flows.today, shell)? else {
        return Ok(Exit::Findings);
    };
    let regions = answers(&compiled, &roles, ResultFormat::Json);
    let desk = Desk::new(&regions);
    if flows.file == Path::new("-") {
        return serve(&desk, "<stdin>", io::stdin().lock(), shell);
    }
    let shown = disk::shown(&flows.file);
    let file = File::open(&flows.file)
        .map_err(|error| Error::Read { path: shown.clone(), reason: error.to_string() })?;
    serve(&desk, &shown, file, shell)
}

/// Answers every line, as long as anybody reads the answers.
fn serve(desk: &Desk<'_>, path: &str, input: impl Read, shell: &mut Shell) -> Result<Exit, Error> {
    let mut input = BufReader::with_capacity(ENOUGH, input);
    let mut exit = Exit::Done;
    let (mut line, mut out) = (Vec::new(), String::new());
    for number in 1.. {
        line.clear();
        let unreadable =
            |error: io::Error| Error::Read { path: path.to_owned(), reason: error.to_string() };
        if !read_line(&mut input, &mut line).map_err(unreadable)? {
            break;
        }
        match desk.answer(&line) {
            Ok(answer) => out.push_str(&answer),
            Err(error) => {
                exit = Exit::Failure;
                out.push_str(&json::mistake(number, &error));
            }
        }
        // Whoever waits for the answer before asking on gets it.
        if out.len() >= ENOUGH || input.buffer().is_empty() {
            if !shell.print_on(&out)? {
                return Ok(exit);
            }
            out.clear();
        }
    }
    shell.print(&out)?;
    Ok(exit)
}

/// Reads a line without its end, of one that is too long a byte more than is allowed; `false` if
/// there is none.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    if input.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > LONGEST_LINE {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

/// Regions and services by their names.
struct Desk<'a> {
    regions: BTreeMap<&'a str, &'a Answers<'a>>,
    /// The region that is meant where none is named.
    only: Option<&'a Answers<'a>>,
}

impl<'a> Desk<'a> {
    fn new(regions: &'a [Answers<'a>]) -> Self {
        let by_role = regions.iter().map(|it| (it.region().role.as_str(), it));
        let by_name = regions.iter().filter_map(|it| Some((it.region().aws.as_deref()?, it)));
        let only = match regions {
            [only] => Some(only),
            _ => None,
        };
        // A role that is called as another region at AWS is the role.
        Self { regions: by_name.chain(by_role).collect(), only }
    }

    fn answer(&self, line: &[u8]) -> Result<String, String> {
        if line.len() as u64 > LONGEST_LINE {
            return Err(format!("the line is longer than {LONGEST_LINE} bytes"));
        }
        let text = str::from_utf8(line).map_err(|error| {
            format!("not UTF-8 text (byte {}); see `name_hex`", error.valid_up_to() + 1)
        })?;
        let record: Record = text.parse().map_err(|mistake| format!("{mistake}"))?;
        let answers = self.region(record.region.as_deref())?;
        let source = match &record.source {
            Origin::Address(address) => Source::Address(*address),
            Origin::Service(name) => Source::Service(runs(answers, name)?),
        };
        Ok(record.with_flow(source, |flow| {
            json::flow(answers.policy(), record.id.as_ref(), &answers.answer(flow))
        }))
    }

    fn region(&self, name: Option<&str>) -> Result<&'a Answers<'a>, String> {
        let found = match name {
            Some(name) => self.regions.get(name).copied().ok_or(format!("no region `{name}`")),
            None => self.only.ok_or("`region` is missing".to_owned()),
        };
        found.map_err(|error| {
            let known: BTreeMap<_, _> =
                self.regions.values().map(|it| (&it.region().role, ())).collect();
            let known: Vec<_> = known.keys().map(|role| format!("`{role}`")).collect();
            format!("{error}; the project has {}", known.join(", "))
        })
    }
}

/// The service of that name, if it runs in the region.
fn runs(answers: &Answers<'_>, name: &str) -> Result<ServiceId, String> {
    let id = service(answers.policy(), name)?;
    if answers.runs(id) {
        return Ok(id);
    }
    Err(format!("`{name}` does not run in `{}`", answers.region().role))
}
