//! What may stand at a place: sets behind `use`, networks behind `from`, clauses behind a destination.
//!
//! A line that is being written is rarely a whole one, so the pieces before the place are asked, not
//! the tree.

use std::collections::BTreeSet;

use jiff::ToSpan as _;

use super::Draft;
use super::mentions::{self, Subject};
use crate::diagnostic::codes;
use crate::policy::port::Protocol;
use crate::source::{FileId, Span};
use crate::syntax::{
    self, CLAUSES, SERVICE_LINES, STATEMENTS, TOP_LEVEL_ONLY, Token, ast::Statement,
};

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is written.
    pub label: String,
    /// What it is, in a few words; may be empty.
    pub detail: String,
    /// Which kind it is.
    pub kind: Kind,
    /// What it replaces: what is written of it so far.
    pub replaces: Span,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word of the language.
    Keyword,
    /// A set.
    Set,
    /// A service.
    Service,
    /// A network of the project file.
    Network,
    /// The role of a region.
    Role,
    /// A variable of the project file.
    Variable,
    /// A value: a port, a day, an owner, a name.
    Value,
}

/// The block around a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    File,
    Set,
    Service,
    /// Destinations in braces.
    List,
}

/// What may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Keywords(&'static [&'static str]),
    Sets,
    Services,
    Networks,
    Roles,
    Owners,
    Ports,
    Days,
    Hosts,
    Lints,
}

/// What stands before a place.
struct Before<'s> {
    block: Block,
    /// The words of the line, `"` for a text and `{}` for a list.
    line: Vec<&'s str>,
    /// The word that is being written.
    partial: &'s str,
}

impl Draft {
    /// What may stand at a place of a file of the policy.
    pub fn completions(&self, file: FileId, offset: u32) -> Vec<Completion> {
        let Some(source) =
            self.sources.policies().find(|(id, _)| *id == file).map(|(_, source)| source)
        else {
            return Vec::new();
        };
        let before = source.text.get(..offset as usize).unwrap_or_default();
        let Some(Before { block, line, partial }) = read(before) else { return Vec::new() };
        if let Some((_, name)) = partial.rsplit_once("${")
            && !name.contains('}')
        {
            let mut list = self.variables(Span::new(offset - name.len() as u32, offset));
            list.retain(|it| it.label.starts_with(name));
            return list;
        }
        let start = offset - partial.len() as u32;
        let mut list = Vec::new();
        for wanted in wanted(block, &line) {
            self.candidates(wanted, &line, partial, Span::new(start, offset), &mut list);
        }
        list.retain(|it| it.label.starts_with(partial));
        list
    }

    fn candidates(
        &self,
        wanted: Wanted,
        line: &[&str],
        partial: &str,
        replaces: Span,
        list: &mut Vec<Completion>,
    ) {
        let mut add = |kind, label: &str, detail: &str| {
            let (label, detail) = (label.to_owned(), detail.to_owned());
            list.push(Completion { label, detail, kind, replaces });
        };
        match wanted {
            Wanted::Keywords(words) => {
                words.iter().for_each(|word| add(Kind::Keyword, word, ""));
            }
            Wanted::Sets => {
                for (file, source) in self.sources.policies() {
                    for statement in syntax::parse(file, &source.text).file.statements {
                        if let Statement::Set(set) = statement.node {
                            let doc = set.doc.map(|doc| doc.value()).unwrap_or_default();
                            add(Kind::Set, set.name.node, &doc);
                        }
                    }
                }
            }
            Wanted::Services => {
                for service in &self.policy.services {
                    if !line.contains(&&*service.name) {
                        add(Kind::Service, &service.name, service.owner.as_deref().unwrap_or(""));
                    }
                }
            }
            Wanted::Networks => {
                let regions = self.project.regions.values();
                let names: BTreeSet<&String> =
                    regions.flat_map(|region| region.networks.keys()).collect();
                for name in names.into_iter().filter(|name| !line.contains(&name.as_str())) {
                    add(Kind::Network, name, &self.network_in_short(name));
                }
            }
            Wanted::Roles => {
                for (role, region) in &self.project.regions {
                    add(Kind::Role, role, region.aws.as_deref().unwrap_or(""));
                }
            }
            Wanted::Owners => {
                let owners = self.mentioned(Subject::Owner);
                // What is being written is no owner yet.
                let others = owners.iter().filter(|owner| **owner != partial);
                others.for_each(|owner| add(Kind::Value, owner, ""));
            }
            Wanted::Ports => {
                let ports = partial.split_once('/').map_or("", |(ports, _)| ports);
                for protocol in Protocol::ALL {
                    let has_one = protocol.default_port().is_some() || !protocol.has_ports();
                    let fits = if ports.is_empty() { has_one } else { protocol.has_ports() };
                    if fits {
                        let default = protocol.default_port().filter(|_| ports.is_empty());
                        let detail = default.map(|port| format!("port {port}"));
                        add(
                            Kind::Value,
                            &format!("{ports}/{protocol}"),
                            detail.as_deref().unwrap_or(""),
                        );
                    }
                }
            }
            Wanted::Days => {
                for days in [30, 90, 180, 365] {
                    if let Ok(day) = self.today.checked_add(days.days()) {
                        add(Kind::Value, &day.to_string(), &format!("in {days} days"));
                    }
                }
            }
            Wanted::Hosts => {
                let names = self.mentioned(Subject::Destination);
                let exact = names.iter().filter(|name| !name.contains(['*', '/']));
                exact.for_each(|name| add(Kind::Value, &format!("{name}:443"), ""));
            }
            Wanted::Lints => {
                // Lints own the codes below 100; what refuses a policy cannot be allowed.
                for code in codes::ALL.iter().filter(|code| code.id < "FW100") {
                    add(Kind::Value, code.name, code.id);
                }
            }
        }
    }

    /// The variables of the project, with their values.
    fn variables(&self, replaces: Span) -> Vec<Completion> {
        let roles = self.project.regions.keys();
        let names: BTreeSet<String> =
            roles.flat_map(|role| self.project.variables(role).into_keys()).collect();
        let item = |name: String| {
            let mut values: Vec<_> =
                self.values(&name).into_iter().filter_map(|(_, value)| value).collect();
            values.dedup();
            Completion { label: name, detail: values.join(", "), kind: Kind::Variable, replaces }
        };
        names.into_iter().map(item).collect()
    }

    /// Every word of a kind that the policy has, once.
    fn mentioned(&self, subject: Subject) -> BTreeSet<&str> {
        let mut words = BTreeSet::new();
        for (file, source) in self.sources.policies() {
            let parsed = syntax::parse(file, &source.text);
            let mentions = mentions::mentions(&parsed.file).into_iter();
            words.extend(mentions.filter(|it| it.subject == subject).map(|it| it.word.node));
        }
        words
    }
}

/// What stands before the end of a text; `None` in a comment or a text.
fn read(before: &str) -> Option<Before<'_>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    let mut partial = "";
    for token in syntax::tokens(before) {
        let ends_here = token.span.end as usize == before.len();
        match token.node {
            Token::Word(word) => {
                if line.is_empty() && !ends_here && TOP_LEVEL_ONLY.contains(&word) {
                    // No block holds it: the `}` before it is not written yet.
                    blocks.clear();
                }
                if ends_here {
                    partial = word;
                } else if blocks.last() != Some(&Block::List) {
                    line.push(word);
                }
            }
            Token::Text { closed } => {
                if ends_here {
                    return None;
                }
                if closed {
                    line.push("\"");
                }
            }
            Token::Comment if ends_here => return None,
            Token::Comment => {}
            Token::Open => {
                blocks.push(match (blocks.is_empty(), line.first()) {
                    (true, Some(&"set")) => Block::Set,
                    (true, Some(&"service")) => Block::Service,
                    _ => Block::List,
                });
                if blocks.last() != Some(&Block::List) {
                    line.clear();
                }
            }
            Token::Close => match blocks.pop() {
                Some(Block::List) => line.push("{}"),
                _ => line.clear(),
            },
            Token::LineEnd => {
                if blocks.last() != Some(&Block::List) {
                    line.clear();
                }
            }
        }
    }
    Some(Before { block: blocks.last().copied().unwrap_or(Block::File), line, partial })
}

/// What may stand behind the words of a line.
fn wanted(block: Block, line: &[&str]) -> Vec<Wanted> {
    match (block, line) {
        (Block::List, _) => Vec::new(),
        (Block::File, []) => vec![Wanted::Keywords(STATEMENTS)],
        (Block::Service, []) => vec![Wanted::Keywords(SERVICE_LINES)],
        (Block::Set, []) => vec![Wanted::Keywords(&["use"])],
        (Block::File, ["service", rest @ ..]) => header(rest),
        (Block::File, ["assert", rest @ ..]) => assertion(rest),
        (Block::File, ["test", rest @ ..]) => sample(rest),
        (Block::File | Block::Service, ["owner"]) => vec![Wanted::Owners],
        (Block::File | Block::Service, ["lint"]) => vec![Wanted::Keywords(&["allow"])],
        (Block::File | Block::Service, ["lint", "allow"]) => vec![Wanted::Lints],
        (Block::File | Block::Service, ["lint", "allow", rest @ ..]) => {
            let mut wanted = clauses(rest, &["because", "until"]);
            if !rest.iter().any(|word| matches!(*word, "because" | "until")) {
                wanted.push(Wanted::Lints);
            }
            wanted
        }
        (Block::Service | Block::Set, ["use"]) => vec![Wanted::Sets],
        (Block::Service, ["allow" | "deny"]) | (Block::File, ["deny"]) => Vec::new(),
        (Block::Service | Block::Set, ["use", _, rest @ ..])
        | (Block::Service, ["allow" | "deny", _, rest @ ..])
        | (Block::File, ["deny", _, rest @ ..]) => clauses(rest, CLAUSES),
        (Block::Set, [_, rest @ ..]) => clauses(rest, CLAUSES),
        (Block::File | Block::Service, _) => Vec::new(),
    }
}

/// Behind `service`.
fn header(words: &[&str]) -> Vec<Wanted> {
    match words {
        [] | [.., "{}"] => Vec::new(),
        [_] => vec![Wanted::Keywords(&["from"])],
        [.., "observe"] => vec![Wanted::Keywords(&["until"])],
        [.., "until"] => vec![Wanted::Days],
        [.., "from"] => vec![Wanted::Networks],
        [.., "only"] => vec![Wanted::Roles],
        _ => {
            let has = |word| words.contains(&word);
            let mut wanted = match words.iter().rfind(|word| matches!(**word, "only" | "until")) {
                Some(&"only") => vec![Wanted::Roles],
                Some(_) => Vec::new(),
                None => vec![Wanted::Networks],
            };
            wanted.extend((!has("only")).then_some(Wanted::Keywords(&["only"])));
            wanted.extend((!has("observe")).then_some(Wanted::Keywords(&["observe"])));
            wanted
        }
    }
}

/// Behind the destinations of an entry or the set of a `use`.
fn clauses(words: &[&str], known: &'static [&'static str]) -> Vec<Wanted> {
    match words {
        [.., "port"] => return vec![Wanted::Ports],
        [.., "until"] => return vec![Wanted::Days],
        [.., "because" | "except" | "to"] => return Vec::new(),
        // A ticket, and its reason is still to come.
        [.., "because", ticket] if *ticket != "\"" => return Vec::new(),
        _ => {}
    }
    let left = known.iter().enumerate().filter(|(_, clause)| !words.contains(*clause));
    left.filter_map(|(at, _)| known.get(at..=at)).map(Wanted::Keywords).collect()
}

/// Behind `assert`.
fn assertion(words: &[&str]) -> Vec<Wanted> {
    match words {
        [] => vec![Wanted::Keywords(&["only", "any", "regions", "within"]), Wanted::Services],
        ["within", ..] => Vec::new(),
        ["regions"] => vec![Wanted::Keywords(&["equal"])],
        ["regions", "equal"] => vec![Wanted::Keywords(&["except"])],
        ["regions", ..] => vec![Wanted::Services],
        [.., "port"] => vec![Wanted::Ports],
        ["only"] => vec![Wanted::Services],
        [.., "never"] => vec![Wanted::Keywords(&["reaches"])],
        [.., "reach" | "reaches"] => Vec::new(),
        _ if words.iter().any(|word| matches!(*word, "reach" | "reaches")) => {
            if words.contains(&"port") { Vec::new() } else { vec![Wanted::Keywords(&["port"])] }
        }
        ["only", _] => vec![Wanted::Keywords(&["reaches"]), Wanted::Services],
        ["only", ..] => vec![Wanted::Keywords(&["reach"]), Wanted::Services],
        ["any"] => vec![Wanted::Keywords(&["never"])],
        [_] => vec![Wanted::Keywords(&["reaches", "never"])],
        _ => Vec::new(),
    }
}

/// Behind `test`: samples of four words each.
fn sample(words: &[&str]) -> Vec<Wanted> {
    match words.len() % 4 {
        0 => vec![Wanted::Keywords(&["any"]), Wanted::Services],
        1 => vec![Wanted::Keywords(&["->"])],
        2 => vec![Wanted::Hosts],
        _ => vec![Wanted::Keywords(&["allow", "deny", "observe"])],
    }
}
