//! What can be written on the command line; the comments here are the help text.

use core::net::IpAddr;
use std::path::PathBuf;
#[cfg(feature = "aws")]
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use fwc::policy::port::Protocol;
use jiff::civil::Date;

/// Egress as code: a policy compiler for AWS Network Firewall
///
/// One reviewed text file says which service may reach which names; fwc compiles it to
/// Suricata-compatible rule groups for each region.
#[derive(Debug, Parser)]
#[command(name = "fwc", version, long_version = version(), propagate_version = true)]
#[command(max_term_width = 100)]
#[command(after_help = "Exit codes:
  0  done
  1  the policy was refused, a test failed, an engine disagreed, or --check, --expect or
     --fail-on-widening was not met
  2  wrong usage, unreadable input or a failing environment
  3  a plan would change something (`fwc plan --detailed-exitcode`)
  4  a push that did not complete; its report says what holds where")]
pub(crate) struct Args {
    /// When to colour the output; `NO_COLOR` turns it off, too
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: ColorChoice,

    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// The project file, instead of the `fwc.yaml` found by walking up from the policy
    #[arg(long, global = true, value_name = "FILE", env = "FWC_PROJECT")]
    pub(crate) project: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Compile(Compile),
    Diff(Diff),
    Fmt(Fmt),
    Test(Test),
    Verify(Verify),
    Lint(Lint),
    Explain(Explain),
    #[cfg(feature = "aws")]
    Plan(Plan),
    #[cfg(feature = "aws")]
    Push(Push),
    #[cfg(feature = "aws")]
    Status(Status),
    #[cfg(feature = "aws")]
    Rollback(Rollback),
    #[cfg(feature = "lsp")]
    Lsp(Lsp),
    Generate(Generate),
}

/// Write a small project that compiles
///
/// Writes `fwc.yaml`, `policies/prod.fw` and a workflow for GitHub Actions. Never overwrites: if
/// one of them is there, nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  fwc init shop && cd shop && fwc compile")]
pub(crate) struct Init {
    /// The folder of the project; made if it is not there
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

/// Compile a policy to the rule groups of each region
///
/// Writes `DIR/<role>/` for each region and prints a table. Nothing is written unless everything
/// compiles; the folder is replaced whole. The same input gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc compile policies/prod.fw
  fwc compile --region primary --target suricata -o -
  fwc compile --target aws --target terraform -o out")]
pub(crate) struct Compile {
    /// The policy; without it the one the project file names
    pub(crate) policy: Option<PathBuf>,

    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// What to write; may be given several times [default: suricata, aws, ir]
    #[arg(long = "target", value_name = "TARGET", value_parser = target_names())]
    pub(crate) targets: Vec<String>,

    /// The folder to write; `-` prints the one artifact of one target and region
    #[arg(short, long, value_name = "DIR", default_value = "build")]
    pub(crate) output: PathBuf,

    /// Compile as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// How the table is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// How a result is printed
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Say what a change of a policy opens and closes
///
/// Compares what two policies mean, not how they are written: what a service may reach and could not
/// before, and the other way round, over every name, each with a flow as an example and the line that
/// decides. Two policies that mean the same have no difference. `!` marks what widens without a new
/// destination: a later date, new source addresses, a service that observes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc diff --base origin/main
  fwc diff --base origin/main --format markdown --fail-on-widening
  fwc diff old/prod.fw new/prod.fw
  fwc diff old-folder new-folder --region primary")]
pub(crate) struct Diff {
    /// The policy before and the policy after: files, or folders with a project file; with
    /// `--base` the policy after, or none for the one the project file names
    #[arg(value_name = "POLICY", num_args = 0..=2)]
    pub(crate) paths: Vec<PathBuf>,

    /// Compare with the policy at this revision of the git repository
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,

    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// Compare as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// How the difference is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DiffFormat,

    /// Exit with 1 if anybody may reach more, now or on a later day
    #[arg(long)]
    pub(crate) fail_on_widening: bool,
}

/// How a difference is written
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For a terminal
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
}

/// Write policies in canonical form
///
/// Comments stay. A file with a mistake in it is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc fmt
  fwc fmt --check policies
  fwc fmt - < draft.fw")]
pub(crate) struct Fmt {
    /// Files, or folders whose `.fw` files are meant; `-` is standard input; without any, the
    /// policy of the project and what it includes
    pub(crate) paths: Vec<PathBuf>,

    /// Write nothing; show what would change and exit with 1 if anything would
    #[arg(long)]
    pub(crate) check: bool,
}

/// Ask what the firewall does
///
/// Decides the `test` and `assert` statements of policies. `fwc test domain` asks about one name, `fwc test
/// flows` about any number of flows. The answers are those of the signatures that `fwc compile`
/// writes.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  fwc test
  fwc test policies --region primary
  fwc test domain api.stripe.com --service checkout --expect allow
  fwc test flows flows.jsonl"
)]
pub(crate) struct Test {
    /// A policy, or a folder: of its `.fw` files those that no other one includes; without any,
    /// the policy of the project
    pub(crate) paths: Vec<PathBuf>,

    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// Decide as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// How the result is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,

    /// What else to ask
    #[command(subcommand)]
    pub(crate) what: Option<Asked>,
}

/// What can be asked
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    Domain(Domain),
    Flows(Flows),
}

/// Ask which services may reach a name, and why
///
/// The decision for every service and region, or the ones given, with the line of the policy that
/// makes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc test domain api.stripe.com
  fwc test domain mirror.shop.example --protocol http --service ci
  fwc test domain evil.example --expect deny
  fwc test domain 203.0.113.33 --protocol tcp --port 8443 --format json")]
pub(crate) struct Domain {
    /// The name, or an address
    #[arg(value_name = "FQDN")]
    pub(crate) host: String,

    /// Only this service; may be given several times
    #[arg(long = "service", value_name = "SERVICE")]
    pub(crate) services: Vec<String>,

    /// The port [default: 443, with http 80]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// What is spoken: tls, http, quic; with an address also tcp, udp, icmp
    #[arg(long, value_name = "PROTOCOL", default_value = "tls", value_parser = protocols())]
    pub(crate) protocol: Protocol,

    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// The address of the name, where an entry narrows the name `to` addresses [default: the first
    /// of these]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<IpAddr>,

    /// Exit with 1 unless every decision is this one
    #[arg(long, value_name = "VERDICT")]
    pub(crate) expect: Option<Verdict>,

    /// How the decisions are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,

    /// The policy; without it the one the project file names
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Decide as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,
}

/// What the firewall can do
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verdict {
    /// Let it through
    Allow,
    /// Stop it
    Deny,
    /// Let it through, and log that it would be stopped
    Observe,
}

/// Answer flows, a line of JSON each
///
/// A verdict a line, in the order of the flows. A line that is no flow is answered with its number
/// and what is wrong, and the exit code is 2 at the end. docs/test.md has the keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc test flows flows.jsonl
  zcat flows.jsonl.gz | fwc test flows -
  fwc test flows flows.jsonl | jq -c 'select(.action == \"deny\")'")]
pub(crate) struct Flows {
    /// The flows; `-` is standard input
    pub(crate) file: PathBuf,

    /// The policy; without it the one the project file names
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Decide as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,
}

/// Prove that real engines do what the policy says
///
/// Makes traffic at every boundary of the policy, runs it through the compiled signatures in Suricata,
/// in strict order, and compares each verdict with what `fwc test` says. docs/verify.md has the traffic
/// and how to read a disagreement.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc verify
  fwc verify policies/prod.fw --region primary --flows 2000
  fwc verify --suricata /usr/bin/suricata -o build-verify

Without --suricata, engines are looked for in $FWC_ENGINES, in target/engines beside the project
file (where scripts/engine installs them), and as `suricata` in $PATH.

Exit codes: 0 no disagreement, 1 some, 2 an engine is missing or gave no answer")]
pub(crate) struct Verify {
    /// The policy; without it the one the project file names
    pub(crate) policy: Option<PathBuf>,

    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// A folder made by `scripts/engine`, or a `suricata` program; may be given several times
    #[arg(long = "suricata", value_name = "PATH")]
    pub(crate) engines: Vec<PathBuf>,

    /// How many flows a region at most; each kind of boundary has its share
    #[arg(long, value_name = "N", default_value = "50000", value_parser = at_least_one())]
    pub(crate) flows: u32,

    /// Which flows, if there could be more
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,

    /// A folder for what reproduces each disagreement; made if there is one
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Compile as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// How the result is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// Find what is wrong with policies, before they are merged
///
/// Says what cannot be read, resolved or compiled, and what compiles but is not what somebody meant:
/// wildcards over names that strangers can register, entries that decide nothing, what has expired
/// or says neither why nor whose it is. `fwc explain lints` lists the lints, `fwc explain FW001`
/// explains one, `lint` in `fwc.yaml` sets what each of them does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc lint
  fwc lint policies 'teams/*/egress.fw' --format github
  fwc lint --fix")]
pub(crate) struct Lint {
    /// Policies, folders whose `.fw` files are meant, or globs; what one of them includes is read with
    /// it; without any, the policy of the project
    pub(crate) paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(crate) format: LintFormat,

    /// Apply the fixes that change no meaning, and show what is left
    #[arg(long)]
    pub(crate) fix: bool,

    /// Review as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// Another public suffix list than the one in this version
    #[arg(long, value_name = "FILE")]
    pub(crate) public_suffix_list: Option<PathBuf>,
}

/// How findings are written
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people, with the source and what to do
    Full,
    /// A line each: `path:line:column: error[FW001]: message`
    Concise,
    /// For programs
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations of a workflow of GitHub Actions
    Github,
}

/// Explain a code, a signature id or a name
///
/// A code or the name of a lint: what is found, why that matters, what to write instead. A signature id:
/// its entry, owner and ticket, and its text in every region. A name: its forms, its public suffix, whose
/// customers share its parent, and who may reach it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc explain lints
  fwc explain shadowed-entry
  fwc explain 1048577
  fwc explain api.stripe.com")]
pub(crate) struct Explain {
    /// `lints`, a code, the name of a lint, a signature id, or a name
    pub(crate) what: String,

    /// The policy; without it the one the project file names
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Explain as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,

    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// Say what a push would do, and change nothing
///
/// Asks each region what it enforces, and writes the steps from there to what the policy says, each with
/// its cause. Needs permission to read only. A plan that is kept (`-o`) is what `fwc push --plan` does,
/// or refuses to do if a firewall has moved on. docs/delivery.md tells the whole story.
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc plan
  fwc plan --region secondary --format markdown
  fwc plan -o plan.json --detailed-exitcode

Exit codes: 0 there is a plan, 1 the policy or the plan was refused, 2 a region gave no answer,
3 the plan changes something (with --detailed-exitcode)")]
pub(crate) struct Plan {
    /// The policy; without it the one the project file names
    pub(crate) policy: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) regions: Regions,

    #[command(flatten)]
    pub(crate) account: Account,

    #[command(flatten)]
    pub(crate) permitted: Permitted,

    /// A file to write the plan to, for `fwc push --plan`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Exit with 3 if anything would change
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,

    /// How the plan is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DiffFormat,
}

/// Bring what the policy says into force, in every region
///
/// Makes new rule groups, switches each firewall policy to them in one guarded call, waits until every
/// Availability Zone is in sync, and deletes what is too old when all of that is done. The last region
/// of the project file is switched first. A region enforces one whole generation at every moment,
/// whatever fails; a push that is repeated finishes or cleans up. On a terminal the plan is shown, and
/// a question asked; without one, and with --plan, there is no question.
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc push
  fwc push --plan plan.json
  fwc push --region secondary --yes
  fwc push --on-failure stop --format json

Exit codes: 0 every region enforces what the policy says, 1 the policy or the plan was refused and
nothing was changed, 2 a region gave no answer and nothing was changed, 4 the push did not complete:
the report says what holds where")]
pub(crate) struct Push {
    /// The policy; without it the one the project file names
    #[arg(conflicts_with = "plan")]
    pub(crate) policy: Option<PathBuf>,

    /// Do what this plan says, and nothing else; refused if a firewall has moved on since
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["region", "today", "allow_empty", "create_policy", "destroy"]
    )]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) regions: Regions,

    #[command(flatten)]
    pub(crate) account: Account,

    #[command(flatten)]
    pub(crate) permitted: Permitted,

    #[command(flatten)]
    pub(crate) how: How,
}

/// Say what each region enforces, and whether that is what it should
///
/// The generation in force, where it comes from, how far each Availability Zone is, and what differs:
/// what somebody changed by hand since it was pushed, and what a push would change. Needs permission to
/// read only.
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc status
  fwc status --region us-west-2 --format json
  fwc status --watch

Exit codes: 0 every region enforces what the policy says, 1 one of them differs, 2 one of them gave
no answer")]
pub(crate) struct Status {
    /// The policy; without it the one the project file names
    pub(crate) policy: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) regions: Regions,

    #[command(flatten)]
    pub(crate) account: Account,

    /// Ask again and again, and print what changes, until interrupted
    #[arg(long)]
    pub(crate) watch: bool,

    /// How long to wait in between
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) poll: Duration,

    /// How the status is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// Bring the generation before the one in force back
///
/// Switches each firewall policy to the rule groups it referred to before, which were kept, in the same
/// order and with the same care as a push. The policy file stays as it is: mend it before the next push.
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc rollback
  fwc rollback --region primary --yes

Exit codes: as those of `fwc push`")]
pub(crate) struct Rollback {
    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    #[command(flatten)]
    pub(crate) account: Account,

    #[command(flatten)]
    pub(crate) how: How,
}

/// Which regions, and as on which day
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
pub(crate) struct Regions {
    /// A role (`primary`), an AWS name (`us-east-1`), `both` or `all`
    #[arg(long, value_name = "REGION", default_value = "all")]
    pub(crate) region: String,

    /// Compile as on this day, UTC, instead of today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) today: Option<Date>,
}

/// Whose firewalls
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
pub(crate) struct Account {
    /// Take credentials from this profile of the files that AWS's tools share
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Ask the service at this address instead of AWS's
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) endpoint_url: Option<String>,
}

/// What a plan may do
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
pub(crate) struct Permitted {
    /// A policy that allows nothing may take the place of one that allows something
    #[arg(long)]
    pub(crate) allow_empty: bool,

    /// Make the firewall policy where there is none
    #[arg(long)]
    pub(crate) create_policy: bool,

    /// Take everything of fwc out again; the firewall then closes everything
    #[arg(long, conflicts_with_all = ["policy", "today", "allow_empty", "create_policy"])]
    pub(crate) destroy: bool,
}

/// How a push is done
#[cfg(feature = "aws")]
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// Switch all regions at once, instead of one after the other
    #[arg(long)]
    pub(crate) parallel: bool,

    /// What becomes of regions that have switched when another one fails
    #[arg(long, value_name = "WHAT", default_value = "rollback")]
    pub(crate) on_failure: OnFailure,

    /// How long the zones of a region may take to be in sync
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub(crate) sync_timeout: Duration,

    /// How long to wait before the service is asked again how far it is
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) poll: Duration,

    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// What becomes of regions that have switched when another one fails
#[cfg(feature = "aws")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// They are switched back
    Rollback,
    /// They stay as they are
    Stop,
}

/// Serve an editor: findings while typing, completion, what a name means and who reaches it
///
/// Speaks the Language Server Protocol on standard input and output; an editor starts it. See
/// docs/editors.md.
#[cfg(feature = "lsp")]
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, for Neovim:
  vim.lsp.config('fwc', { cmd = { 'fwc', 'lsp' }, filetypes = { 'fw' } })")]
pub(crate) struct Lsp {
    /// Taken and ignored: some editors add it, and there is no other way to talk
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

/// Write shell completions or man pages
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fwc generate completions bash > /etc/bash_completion.d/fwc
  fwc generate man -o /usr/local/share/man/man1")]
pub(crate) struct Generate {
    /// What to write
    #[command(subcommand)]
    pub(crate) what: Generated,
}

/// What can be generated
#[derive(Debug, Subcommand)]
pub(crate) enum Generated {
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// One man page a command, into a folder
    Man {
        /// The folder; made if it is not there
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

fn version() -> String {
    let list = fwc::lints::suffix::embedded_version();
    format!("{}\npublic suffix list {list}", env!("CARGO_PKG_VERSION"))
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "write year, month and day: 2027-03-31")
}

#[cfg(feature = "aws")]
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("write a number of seconds above 0")
}

#[cfg(feature = "aws")]
fn url(text: &str) -> Result<String, &'static str> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    is_url.then(|| text.to_owned()).ok_or("write it with `https://` or `http://`")
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

fn protocols() -> impl TypedValueParser<Value = Protocol> {
    let words = Protocol::ALL.map(|protocol| protocol.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Protocol>())
}

fn target_names() -> PossibleValuesParser {
    let values = fwc::emit::TARGETS
        .iter()
        .map(|target| PossibleValue::new(target.name).help(target.summary));
    values.collect::<Vec<_>>().into()
}
