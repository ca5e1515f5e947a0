//! The project file, `fwc.yaml`, as data: regions, networks, variables, and how the firewall is set.
//!
//! Terraform reads the same file with `yamldecode`, so nothing here is more lenient than that:
//! what both would not read alike (a number for an account, `${…}`, tags) is refused.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use ipnet::IpNet;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Location};

mod read;
mod yaml;

/// One project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Prefix of the name of every AWS object the project owns: a letter, then letters, digits
    /// and hyphens, at most [`LONGEST_NAME`] in all.
    pub name: String,
    /// The policy, relative to the project file.
    pub policy: Option<String>,
    /// Variables that hold in every region.
    pub vars: BTreeMap<String, String>,
    /// Regions by role, in the order of the file.
    pub regions: IndexMap<String, Region>,
    /// How the firewall is set.
    pub firewall: Firewall,
    /// Which lints refuse and which are silent.
    pub lint: Lint,
    /// The address of a ticket, `{}` for its id.
    pub tickets: Option<String>,
}

/// One region of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    /// The name AWS has for it: `us-east-1`.
    pub aws: Option<String>,
    /// The addresses of its VPC.
    pub vpc_cidr: Option<IpNet>,
    /// What a service can be `from`, by name.
    pub networks: IndexMap<String, Network>,
    /// Variables that hold in this region only, or differ in it.
    pub vars: BTreeMap<String, String>,
    /// The name of its firewall policy, if it is not `<project>-<role>`.
    pub firewall_policy: Option<String>,
    /// The names of the firewalls that enforce that policy, if it is not the one of that name.
    pub firewalls: Vec<String>,
}

/// Where the flows of a network come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// These addresses.
    Cidrs(Vec<IpNet>),
    /// The entries of an EC2 managed prefix list, by its ARN.
    PrefixList(String),
    /// The pods of a container association of Network Firewall, by its ARN.
    ContainerAssociation(String),
}

/// How the firewall is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firewall {
    /// What happens to a flow that is denied.
    pub on_deny: OnDeny,
    /// Which forms of signature may be emitted.
    pub profile: ProfileName,
    /// The addresses the engine calls its own; none leaves them to the networks of the region.
    pub home_net: Option<Vec<IpNet>>,
    /// Capacity kept free in a rule group, in percent of its signatures, 0 to 400.
    pub headroom_percent: u32,
    /// How many generations before the one in force are kept to be switched back to, 0 to 10.
    pub keep_generations: u32,
    /// What AWS allows this account.
    pub quotas: Quotas,
}

/// What happens to a flow that is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDeny {
    /// The client is told at once.
    #[default]
    Reject,
    /// The client waits in vain.
    Drop,
}

/// Which forms of signature may be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProfileName {
    /// The forms that hold against everything that was tried.
    #[default]
    Hardened,
    /// Only forms that AWS's own documents print.
    Published,
}

/// Quotas of AWS that an account can have raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Signatures a firewall policy; 30,000 unless raised (quota `L-E65239AF`,
    /// <https://docs.aws.amazon.com/network-firewall/latest/developerguide/quotas.html>, checked
    /// 2026-11-22).
    pub signatures_per_policy: u32,
    /// Stateful rule groups a region; 50 unless raised (quota `L-2D7A0EE2`, same page and day).
    pub rule_groups: u32,
}

/// Lints by name or code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lint {
    /// Those that refuse the policy.
    pub deny: Vec<String>,
    /// Those that are only shown.
    pub warn: Vec<String>,
    /// Those that say nothing.
    pub allow: Vec<String>,
}

/// The longest name of a project, in characters. AWS allows 128 for the name of an object
/// (`ResourceName`, model of 2026-11-17); role, number and digest need the rest.
pub const LONGEST_NAME: usize = 64;

/// The longest role of a region, in characters.
pub const LONGEST_ROLE: usize = 32;

impl Default for Firewall {
    fn default() -> Self {
        let (on_deny, profile, home_net, quotas) = Default::default();
        Self { on_deny, profile, home_net, headroom_percent: 25, keep_generations: 2, quotas }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self { signatures_per_policy: 30_000, rule_groups: 50 }
    }
}

impl Project {
    /// The project of a policy that has no project file: one region `default` that binds nothing.
    pub fn without_file() -> Self {
        Self {
            name: "fwc".to_owned(),
            regions: IndexMap::from([("default".to_owned(), Region::default())]),
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        let (name, policy, vars, regions, firewall, lint, tickets) = Default::default();
        Self { name, policy, vars, regions, firewall, lint, tickets }
    }

    /// What stands for each `${variable}` in a region: the project's, then the region's own, and
    /// `region` if the region has a name at AWS. Empty for a role that is none.
    pub fn variables(&self, role: &str) -> BTreeMap<String, String> {
        let Some(region) = self.regions.get(role) else {
            return BTreeMap::new();
        };
        let mut variables = self.vars.clone();
        variables.extend(region.vars.clone());
        variables.extend(region.aws.clone().map(|aws| ("region".to_owned(), aws)));
        variables
    }

    /// The name of the firewall policy of a region, which is that of its firewall, too, unless the
    /// project says otherwise.
    pub fn policy_name(&self, role: &str) -> String {
        let own = self.regions.get(role).and_then(|region| region.firewall_policy.clone());
        own.unwrap_or_else(|| format!("{}-{role}", self.name))
    }

    /// The names of the firewalls that enforce the policy of a region.
    pub fn firewalls(&self, role: &str) -> Vec<String> {
        match self.regions.get(role).map(|region| region.firewalls.as_slice()) {
            None | Some([]) => vec![format!("{}-{role}", self.name)],
            Some(own) => own.to_vec(),
        }
    }

    /// The regions that `--region` means: all for `all` and `both`, else the one of that role, or
    /// of that name at AWS. None if there is none.
    pub fn select(&self, wanted: &str) -> Vec<(&str, &Region)> {
        let every = || self.regions.iter().map(|(role, region)| (role.as_str(), region));
        if matches!(wanted, "all" | "both") {
            return every().collect();
        }
        let of_role = every().find(|(role, _)| *role == wanted);
        let of_name = || every().find(|(_, region)| region.aws.as_deref() == Some(wanted));
        of_role.or_else(of_name).into_iter().collect()
    }
}

/// Reads a project file and reports everything wrong with it.
///
/// There is no project if the text is not YAML or no mapping. If a finding refuses, the project
/// is what could be read: enough to report what a policy says wrong, not to compile it.
pub fn parse(file: FileId, text: &str) -> (Option<Project>, Vec<Diagnostic>) {
    read::project(file, text)
}

/// Where an entry of a project file stands: the key or the element that the path ends with, or
/// as much of the path as there is.
///
/// `locate(file, text, &["regions", "primary", "networks", "web"])` is the key `web`. Reads the
/// text twice, so ask only when there is something to say about the place.
pub fn locate(file: FileId, text: &str, path: &[&str]) -> Option<Location> {
    let span = yaml::locate(text, path)?;
    Some(Location { file, span })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name: shop
vars: { account: \"123456789012\", stage: prod }
regions:
  primary: { aws: us-east-1, networks: { web: [10.0.0.0/24] } }
  secondary:
    aws: us-west-2
    vars: { stage: standby }
    networks:
      web:
      - 10.1.0.0/24
lint: { deny: [a-lint] }
";

    fn project() -> Project {
        let (project, found) = parse(FileId(0), TEXT);
        assert_eq!(found, []);
        project.unwrap()
    }

    #[test]
    fn a_region_overrides_variables_and_knows_its_name() {
        let values = |role| project().variables(role).into_values().collect::<Vec<_>>();
        assert_eq!(values("primary"), ["123456789012", "us-east-1", "prod"]);
        assert_eq!(values("secondary"), ["123456789012", "us-west-2", "standby"]);
        assert!(values("third").is_empty());
    }

    #[test]
    fn a_region_is_selected_by_role_or_name() {
        let project = project();
        let roles =
            |wanted| project.select(wanted).iter().map(|(role, _)| *role).collect::<Vec<_>>();
        assert_eq!(roles("primary"), ["primary"]);
        assert_eq!(roles("us-west-2"), ["secondary"]);
        assert_eq!(roles("both"), ["primary", "secondary"]);
        assert!(roles("third").is_empty());
    }

    #[test]
    fn an_entry_is_located_by_its_path() {
        let at = |path: &[&str]| {
            let at = locate(FileId(0), TEXT, path).unwrap();
            (at.span.start, TEXT.get(at.span.range()).unwrap())
        };
        assert_eq!(at(&["regions", "primary", "networks", "web"]).1, "web");
        assert_eq!(
            at(&["regions", "secondary", "networks", "web", "10.1.0.0/24"]).1,
            "10.1.0.0/24"
        );
        assert_eq!(at(&["lint", "deny", "a-lint"]).1, "a-lint");
        assert_eq!(at(&["regions", "secondary", "networks", "ops"]).1, "networks");
        assert_eq!(at(&["firewall", "profile"]), (0, "name"));
        assert_eq!(locate(FileId(0), "[", &["a"]), None);
    }

    #[test]
    fn without_a_file_there_is_one_region() {
        let project = Project::without_file();
        assert_eq!(project.select("all").len(), 1);
        assert!(project.variables("default").is_empty());
    }
}
