//! For a terminal of 100 columns.

use std::fmt::Write as _;

use super::{Effect, Group, Place, Review};

/// The longest line of source that fits behind its place.
const WIDTH: usize = 100;

/// The diff as text: a summary, what opens, what closes, what else changed.
pub fn text(review: &Review<'_>) -> String {
    let groups = review.groups();
    let mut text = review.summary(&groups) + "\n";
    for effect in [Effect::Opens, Effect::Closes] {
        let mut section: Option<String> = None;
        for group in groups.iter().filter(|group| group.effect == effect) {
            let head = match review.regions(&group.regions) {
                Some(regions) => format!("{}, only in {regions}", group.service()),
                None => group.service(),
            };
            if section.as_ref() != Some(&head) {
                let _ = write!(text, "\n{} for {head}\n", effect.as_str());
                section = Some(head);
            }
            write_group(group, &mut text);
        }
    }
    if !review.diff.facts.is_empty() {
        text.push_str("\nalso\n");
        for fact in &review.diff.facts {
            let mark = if fact.widens() { '!' } else { ' ' };
            let _ = writeln!(text, "{mark} {}", fact.sentence());
            if let Some((side, at)) = fact.at() {
                let _ = writeln!(text, "      {}", place(&review.place(side, at)));
            }
        }
    }
    text
}

fn write_group(group: &Group<'_>, text: &mut String) {
    let mark = match group.effect {
        Effect::Opens => '+',
        Effect::Closes => '-',
    };
    let widest = group.destinations.iter().map(|it| it.chars().count()).max().unwrap_or_default();
    for destination in &group.destinations {
        let _ = writeln!(text, "{mark} {destination:widest$}  {}", group.reach);
    }
    if group.is_pattern || group.destinations.len() > 1 {
        let _ = writeln!(text, "      for example {}", group.witness);
    }
    let (line, what) = group.cause();
    let _ = writeln!(text, "      {what} {}", place(line));
    if let Some(observed) = group.observed() {
        let _ = writeln!(text, "      {observed}");
    }
}

/// `policies/prod.fw:12: allow api.example.com because …`, without the blanks that align it, as much
/// as fits.
fn place(place: &Place) -> String {
    let head = format!("{}:{}: ", place.file, place.line);
    let text = place.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let room = WIDTH.saturating_sub(28 + head.chars().count()).max(20);
    if text.chars().count() <= room {
        return head + &text;
    }
    let cut: String = text.chars().take(room - 1).collect();
    format!("{head}{}…", cut.trim_end())
}
