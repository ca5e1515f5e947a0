//! Where a service runs and where its packets come from.

use ipnet::IpNet;

use super::{Resolver, word};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::policy::Origins;
use crate::project::{Network, Project};
use crate::source::{FileId, Location};
use crate::syntax::ast;

impl<'a> Resolver<'a> {
    /// The source addresses of a service in each region; `None` where it does not run.
    pub(super) fn sources(
        &mut self,
        file: FileId,
        block: &'a ast::Service<'a>,
    ) -> Vec<Option<Origins>> {
        for role in &block.only {
            self.check_role(*role, Location { file, span: role.span });
        }
        let project: &'a Project = self.project;
        let mut everywhere = Vec::with_capacity(project.regions.len());
        for (role, region) in &project.regions {
            if !block.only.is_empty() && !block.only.iter().any(|only| only.node == role) {
                everywhere.push(None);
                continue;
            }
            let mut networks: Vec<IpNet> = Vec::new();
            let mut references = Vec::new();
            for from in &block.from {
                let at = Location { file, span: from.span };
                if word::looks_like_address(from.node) {
                    networks.extend(word::network(from.node, at, &mut self.found));
                    continue;
                }
                match region.networks.get(from.node) {
                    Some(Network::Cidrs(cidrs)) => networks.extend(cidrs),
                    Some(Network::PrefixList(arn) | Network::ContainerAssociation(arn)) => {
                        references.push((at, from.node, arn.as_str()));
                    }
                    None => self.unknown_network(role, *from, at),
                }
            }
            everywhere.push(self.origins(networks, &references));
        }
        everywhere
    }

    fn origins(
        &mut self,
        networks: Vec<IpNet>,
        references: &[(Location, &str, &str)],
    ) -> Option<Origins> {
        match references {
            [] if networks.is_empty() => None,
            [] => {
                let mut aggregated = IpNet::aggregate(&networks);
                aggregated.sort_unstable();
                Some(Origins::Networks(aggregated))
            }
            [(_, network, arn)] if networks.is_empty() => {
                Some(Origins::Reference { network: (*network).into(), arn: (*arn).into() })
            }
            [(at, network, _), ..] => {
                self.found.push(
                    Diagnostic::error(
                        codes::MIXED_SOURCES,
                        format!("`{network}` is a set that AWS fills and cannot be mixed"),
                    )
                    .at(*at, "")
                    .note("a signature names either addresses or one such set")
                    .help("give the service this network alone, or split the service"),
                );
                None
            }
        }
    }

    fn check_role(&mut self, role: ast::Word<'a>, at: Location) {
        let roles = || self.project.regions.keys().map(String::as_str);
        if roles().any(|known| known == role.node) {
            return;
        }
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_ROLE, format!("no region `{}`", role.node)).at(at, "");
        let diagnostic = match did_you_mean(role.node, roles()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => {
                let known = roles().map(|role| format!("`{role}`")).collect::<Vec<_>>();
                diagnostic.help(format!("the project file has {}", known.join(", ")))
            }
        };
        self.found.push(diagnostic);
    }

    fn unknown_network(&mut self, role: &str, from: ast::Word<'a>, at: Location) {
        let project: &'a Project = self.project;
        let elsewhere = project
            .regions
            .iter()
            .find(|(_, region)| region.networks.contains_key(from.node))
            .map(|(role, _)| role);
        let known = project.regions.values().flat_map(|region| region.networks.keys());
        let near = did_you_mean(from.node, known.map(String::as_str));
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_NETWORK,
            format!("no network `{}` in region `{role}`", from.node),
        )
        .at(at, "");
        self.found.push(match (elsewhere, near) {
            (Some(other), _) => diagnostic.help(format!(
                "add it under `regions.{role}.networks` of fwc.yaml, or write `only {other}`"
            )),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (None, None) => diagnostic.help(format!(
                "name it under `regions.{role}.networks` of fwc.yaml, or write a network: `10.0.0.0/24`"
            )),
        });
    }
}
