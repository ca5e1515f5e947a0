//! `suricata.rules`: every signature in strict order, for reading and for a local engine.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Context, Delivery, Output, Target, Usage};
use crate::suricata::print;

/// The target.
pub(super) static SURICATA: Target = Target {
    name: "suricata",
    summary: "suricata.rules: every signature, in strict order",
    usage: Usage::Default,
    owns: |name| name == "suricata.rules",
    emit,
};

fn emit(context: &Context<'_>, delivery: &Delivery<'_>, out: &mut Output<'_>) {
    let ruleset = delivery.ruleset;
    let mut text = String::new();
    let (project, role) = (&context.project.name, &ruleset.region.role);
    let _ = writeln!(text, "# {project} {role}, written by fwc {}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "# digest {}", delivery.digest);
    text.push_str(
        "# Suricata must keep the order of this file, as Network Firewall does: STRICT_ORDER.\n",
    );
    for (name, networks) in &ruleset.variables {
        let _ = write!(text, "# ${name} = ");
        print::networks(networks, &mut text);
        text.push('\n');
    }
    for (name, arn) in &ruleset.references {
        let _ = writeln!(text, "# @{name} = {arn}");
    }
    out.parts(ruleset, "suricata.rules", vec![text.into(), Cow::from(&ruleset.text)]);
}
