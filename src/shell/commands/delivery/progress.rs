//! What happens in each region at the moment, a line each, on a terminal.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use fwc::deploy::Target;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::show;
use crate::shell::Shell;

/// How often a line shows that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// The lines of the regions.
pub(super) struct Progress {
    all: MultiProgress,
    /// By the name of the region at AWS.
    lines: BTreeMap<String, Line>,
}

/// The line of a region.
struct Line {
    place: String,
    now: Mutex<Option<Now>>,
}

/// What happens in a region at the moment.
struct Now {
    bar: ProgressBar,
    doing: String,
    /// How many calls had to be made once more.
    retries: usize,
}

impl Progress {
    pub(super) fn new(targets: &[Target], shell: &Shell) -> Self {
        let line = |target: &Target| {
            let line = Line { place: show::place(target), now: Mutex::new(None) };
            (target.region.clone(), line)
        };
        Self { all: shell.lines(), lines: targets.iter().map(line).collect() }
    }

    /// Shows what begins.
    pub(super) fn tell(&self, region: &str, doing: &str) {
        let Some(line) = self.lines.get(region) else { return };
        let Ok(mut now) = line.now.lock() else { return };
        let now = now.get_or_insert_with(|| self.start(line));
        doing.clone_into(&mut now.doing);
        now.show();
    }

    /// Shows that a call is made once more.
    pub(super) fn retried(&self, region: &str) {
        let Some(line) = self.lines.get(region) else { return };
        let Ok(mut now) = line.now.lock() else { return };
        if let Some(now) = now.as_mut() {
            now.retries += 1;
            now.show();
        }
    }

    /// Takes every line away.
    pub(super) fn clear(&self) {
        for line in self.lines.values() {
            if let Ok(mut now) = line.now.lock()
                && let Some(now) = now.take()
            {
                now.bar.finish_and_clear();
            }
        }
    }

    fn start(&self, line: &Line) -> Now {
        let bar = self.all.add(ProgressBar::new_spinner()).with_prefix(line.place.clone());
        let style = ProgressStyle::with_template("{spinner} {prefix}: {wide_msg}");
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Now { bar, doing: String::new(), retries: 0 }
    }
}

impl Now {
    fn show(&self) {
        let Self { bar, doing, retries } = self;
        bar.set_message(match retries {
            0 => doing.clone(),
            1 => format!("{doing} (asked once more)"),
            _ => format!("{doing} (asked {retries} times more)"),
        });
    }
}
