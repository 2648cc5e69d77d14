//! What a run looks like: on a terminal a line a pipeline, redrawn; on a pipe or with `--json` events, one a line.

use crate::console::{event, live, tell};
use indicatif::{MultiProgress, ProgressBar};
use onefold::explain::Explained;
use onefold::load::Loaded;
use onefold::runtime::observer::{Observer, Snapshot};
use onefold::runtime::table::Table;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub struct Watch {
    json: bool,
    /// Where bars are drawn; none on a pipe.
    bars: Option<MultiProgress>,
}

impl Watch {
    pub fn new(json: bool) -> Watch {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        Watch { json, bars: (terminal && !json).then(MultiProgress::new) }
    }

    pub fn guarantee(&self, explained: &Explained) {
        tell(&if self.json { event::guarantee(explained) } else { explained.to_string() });
    }

    pub fn load(&self, topic: &str) -> LoadBar {
        let bar = self.bars.as_ref().map(|bars| bars.add(live::load_bar(topic)));
        LoadBar { topic: topic.to_owned(), bar, json: self.json }
    }

    /// Draws or prints what each pipeline tells.
    pub fn observer(&self, names: &[String]) -> Observer {
        match &self.bars {
            Some(bars) => drawing(bars, names),
            None => printing(),
        }
    }

    pub fn end(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }

    pub fn table(&self, table: &Table) {
        if self.json {
            tell(&event::table(table));
        }
    }
}

fn drawing(bars: &MultiProgress, names: &[String]) -> Observer {
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let lines: HashMap<String, ProgressBar> =
        names.iter().map(|name| (name.clone(), bars.add(live::pipeline_line()))).collect();
    Observer::new(move |snapshot| {
        if let Some(line) = lines.get(&snapshot.name) {
            line.set_message(live::line(&snapshot, width));
        }
    })
}

/// How often a pipeline's event is printed, unless it ends.
const EVERY: Duration = Duration::from_secs(1);

fn printing() -> Observer {
    let printed: Arc<Mutex<HashMap<String, (Instant, Snapshot)>>> = Arc::default();
    Observer::new(move |snapshot| {
        let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        let last = printed.get(&snapshot.name);
        let early = last.is_some_and(|(at, _)| at.elapsed() < EVERY);
        let same = last.is_some_and(|(_, last)| last.counters == snapshot.counters && last.paused == snapshot.paused);
        if (early || same) && !snapshot.ended {
            return;
        }
        tell(&event::progress(&snapshot));
        printed.insert(snapshot.name.clone(), (Instant::now(), snapshot));
    })
}

/// How far a load is.
pub struct LoadBar {
    topic: String,
    bar: Option<ProgressBar>,
    json: bool,
}

impl LoadBar {
    pub fn at(&self, there: u64, all: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(there);
        }
    }

    pub fn end(&self, loaded: Option<&Loaded>) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(loaded) = loaded {
            let text = live::loaded(&self.topic, loaded);
            match (self.json, &self.bar) {
                (true, _) => tell(&event::load(&self.topic, loaded)),
                (false, _) => tell(&text),
            }
        }
    }
}
