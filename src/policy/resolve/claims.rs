//! Assertions and samples: what a policy says of itself, read but not yet decided.

use super::{Resolver, word};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::policy::fqdn::{Fqdn, Normalized};
use crate::policy::port::Protocol;
use crate::policy::{
    Assertion, Claim, Destination, Expected, Host, Reach, Regional, Sample, ServiceId,
};
use crate::source::{FileId, Location};
use crate::syntax::ast;

impl<'a> Resolver<'a> {
    /// Reads an `assert` statement.
    pub(super) fn assertion(&mut self, at: Location, claim: &'a ast::Assert<'a>) {
        let file = at.file;
        let claim = match claim {
            ast::Assert::Only { services, patterns, port } => {
                let services = self.services_named(file, services);
                let (targets, reach) = self.claimed(file, patterns, *port);
                services.map(|services| Claim::Only { services, targets, reach })
            }
            ast::Assert::Never { service, patterns, port } => {
                let service = self.service_or_any(file, *service);
                let (targets, reach) = self.claimed(file, patterns, *port);
                service.map(|service| Claim::Never { service, targets, reach })
            }
            ast::Assert::Reaches { service, patterns, port } => {
                let service = self.service_named(file, *service);
                let (targets, reach) = self.claimed(file, patterns, *port);
                service.map(|service| Claim::Reaches { service, targets, reach })
            }
            ast::Assert::RegionsEqual { except } => {
                self.services_named(file, except).map(|except| Claim::RegionsEqual { except })
            }
            ast::Assert::Within(path) => Some(Claim::Within { path: path.value() }),
        };
        self.policy.assertions.extend(claim.map(|claim| Assertion { claim, at }));
    }

    fn services_named(&mut self, file: FileId, words: &[ast::Word<'a>]) -> Option<Vec<ServiceId>> {
        let known: Vec<_> =
            words.iter().filter_map(|word| self.service_named(file, *word)).collect();
        // A claim about fewer services than were named would be another claim.
        (known.len() == words.len()).then_some(known)
    }

    /// A service, or `None` within for `any`.
    fn service_or_any(&mut self, file: FileId, word: ast::Word<'a>) -> Option<Option<ServiceId>> {
        if word.node == "any" {
            return Some(None);
        }
        self.service_named(file, word).map(Some)
    }

    fn claimed(
        &mut self,
        file: FileId,
        patterns: &[ast::Word<'a>],
        port: Option<ast::Word<'a>>,
    ) -> (Vec<Regional<Destination>>, Option<Reach>) {
        let at = |word: &ast::Word<'a>| Location { file, span: word.span };
        let targets = patterns
            .iter()
            .filter_map(|word| self.scope.destination(word.node, at(word), &mut self.found))
            .collect();
        let reach = port.and_then(|word| word::reach(word.node, at(&word), &mut self.found));
        (targets, reach)
    }

    /// Reads a `test` statement.
    pub(super) fn samples(&mut self, file: FileId, samples: &'a [ast::Sample<'a>]) {
        for sample in samples {
            let service = self.service_or_any(file, sample.who);
            let expected = self.expected(file, sample.expected);
            let target = self.sample_target(file, sample.target);
            let (Some(service), Some(expected), Some((host, port, protocol))) =
                (service, expected, target)
            else {
                continue;
            };
            let span = sample.who.span.to(sample.expected.span);
            let at = Location { file, span };
            self.policy.samples.push(Sample { service, host, port, protocol, expected, at });
        }
    }

    fn expected(&mut self, file: FileId, word: ast::Word<'a>) -> Option<Expected> {
        let expected = match word.node {
            "allow" => Expected::Allow,
            "deny" => Expected::Deny,
            "observe" => Expected::Observe,
            other => {
                let known = ["allow", "deny", "observe"];
                let diagnostic =
                    Diagnostic::error(codes::BAD_SAMPLE, format!("no verdict `{other}`"))
                        .at(Location { file, span: word.span }, "");
                self.found.push(match did_you_mean(other, known) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help("write `allow`, `deny` or `observe`"),
                });
                return None;
            }
        };
        Some(expected)
    }

    /// Reads `HOST:PORT[/PROTO]`.
    fn sample_target(
        &mut self,
        file: FileId,
        word: ast::Word<'a>,
    ) -> Option<(Regional<Host>, u16, Protocol)> {
        let at = Location { file, span: word.span };
        let bad = |message: String| {
            Diagnostic::error(codes::BAD_SAMPLE, message)
                .at(at, "")
                .help("write `api.example.com:443` or `203.0.113.7:22/tcp`")
        };
        let (target, protocol) = match word.node.rsplit_once('/') {
            Some((target, protocol)) => match protocol.parse::<Protocol>() {
                Ok(protocol) => (target, protocol),
                Err(_) => {
                    self.found.push(bad(format!("no protocol `{protocol}`")));
                    return None;
                }
            },
            None => (word.node, Protocol::Tls),
        };
        // A variable holds no colon outside its braces, and an IPv6 address stands in brackets.
        let Some((host, port)) = target.rsplit_once(':') else {
            self.found.push(bad(format!("`{}` has no port", word.node)));
            return None;
        };
        let Some(port) = port.parse::<u16>().ok().filter(|port| *port > 0) else {
            self.found.push(bad(format!("`{port}` is not a port")));
            return None;
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = match self.scope.expand(host, at, &mut self.found)? {
            Regional::Same(text) => Regional::Same(self.host(&text, at, protocol)?),
            Regional::Each(texts) => {
                let hosts: Option<Box<[Host]>> =
                    texts.iter().map(|text| self.host(text, at, protocol)).collect();
                Regional::Each(hosts?)
            }
        };
        Some((host, port, protocol))
    }

    fn host(&mut self, text: &str, at: Location, protocol: Protocol) -> Option<Host> {
        if word::looks_like_address(text) {
            let network = word::network(text, at, &mut self.found)?;
            if network.prefix_len() != network.max_prefix_len() {
                let message = format!("`{text}` is a network; a sample needs one address");
                self.found.push(Diagnostic::error(codes::BAD_SAMPLE, message).at(at, ""));
                return None;
            }
            return Some(Host::Address(network.addr()));
        }
        if !protocol.named() {
            self.found.push(
                Diagnostic::error(
                    codes::NAME_UNSEEN,
                    format!("no name is seen on {protocol}, so `{text}` cannot be matched"),
                )
                .at(at, "")
                .help(format!("write an address: `203.0.113.7:22/{protocol}`")),
            );
            return None;
        }
        match Fqdn::parse(text) {
            Ok(Normalized { value, .. }) => Some(Host::Name(value)),
            Err(error) => {
                self.found.push(word::explain_name(text, &error, at));
                None
            }
        }
    }
}
