//! What a run looks like. On a terminal: what is promised, then a line a pipeline, redrawn, then a table. On a pipe, or
//! with `--json`, standard output gets events and nothing else, one a line; what is promised and the table then go to
//! standard error as text, unless `--json` asks for events alone.

use super::super::stop::{AGAIN, Signal};
use crate::console::{event, live, say, screen, summary::summary, tell, wrap::wrapped};
use indicatif::ProgressBar;
use onefold::explain::Explained;
use onefold::load::Loaded;
use onefold::runtime::observer::{Observer, Snapshot};
use onefold::runtime::table::Table;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Terminal,
    /// Events on standard output; `text` beside them on standard error.
    Events {
        text: bool,
    },
}

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Watch {
    look: Look,
    /// Each pipeline as it was seen last.
    seen: Arc<Mutex<HashMap<String, Snapshot>>>,
}

impl Watch {
    pub fn new(json: bool) -> Watch {
        let look = match std::io::stdout().is_terminal() && !json {
            true => Look::Terminal,
            false => Look::Events { text: !json },
        };
        Watch { look, seen: Arc::default() }
    }

    pub fn guarantee(&self, explained: &Explained) {
        self.told(&explained.to_string(), || event::guarantee(explained));
    }

    pub fn load(&self, topic: &str) -> LoadBar {
        let bar = (self.look == Look::Terminal).then(|| screen::live().add(live::load_bar(topic)));
        LoadBar { topic: topic.to_owned(), bar, watch: self.clone() }
    }

    /// Draws or prints what each pipeline tells.
    pub fn observer(&self, names: &[String]) -> Observer {
        let show = match self.look {
            Look::Terminal => drawing(names),
            Look::Events { .. } => printing(),
        };
        let seen = self.seen.clone();
        Observer::new(move |snapshot| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(snapshot.name.clone(), snapshot.clone());
            show(snapshot);
        })
    }

    /// It was asked to end, and says what it waits for.
    pub fn draining(&self, signal: Signal) {
        let (in_flight, parked_keys) = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let sum = |count: fn(&Snapshot) -> usize| seen.values().map(count).sum::<usize>();
            (sum(|now| now.in_flight), sum(|now| now.parked_keys))
        };
        let parked = if parked_keys > 0 { format!(", {parked_keys} parked keys") } else { String::new() };
        let text = format!("{}: draining: {in_flight} in flight{parked}; {AGAIN}", signal.name());
        self.told(&text, || event::draining(signal.name(), in_flight, parked_keys));
    }

    /// Takes the live lines away.
    pub fn end(&self) {
        if self.look == Look::Terminal {
            let _ = screen::live().clear();
        }
    }

    pub fn table(&self, table: &Table) {
        self.told(&summary(table, screen::width()), || event::table(table));
    }

    /// As text for those who read, as an event for those who parse.
    fn told(&self, text: &str, event: impl FnOnce() -> String) {
        match self.look {
            Look::Terminal => tell(&screen::width().map_or(text.to_owned(), |width| wrapped(text, width))),
            Look::Events { text: beside } => {
                tell(&event());
                if beside {
                    say(text);
                }
            }
        }
    }
}

type Show = Box<dyn Fn(Snapshot) + Send + Sync>;

fn drawing(names: &[String]) -> Show {
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let lines: HashMap<String, ProgressBar> =
        names.iter().map(|name| (name.clone(), screen::live().add(live::pipeline_line()))).collect();
    Box::new(move |snapshot| {
        if let Some(line) = lines.get(&snapshot.name) {
            line.set_message(live::line(&snapshot, width));
        }
    })
}

/// How often a pipeline's event is printed, unless it ends.
const EVERY: Duration = Duration::from_secs(1);

fn printing() -> Show {
    let printed: Mutex<HashMap<String, (Instant, Snapshot)>> = Mutex::default();
    Box::new(move |snapshot| {
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
    watch: Watch,
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
            self.watch.told(&live::loaded(&self.topic, loaded), || event::load(&self.topic, loaded));
        }
    }
}
