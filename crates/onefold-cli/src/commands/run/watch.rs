//! What a run looks like. On a terminal: what is promised, then a line a pipeline, redrawn, then a table. On a pipe, or
//! with `--json`, standard output gets events and nothing else, one a line; what is promised and the table then go to
//! standard error as text, unless `--json` asks for events alone.

use super::cause::Cause;
use super::waits::Waits;
use crate::commands::stop::AGAIN;
use crate::console::{event, live, say, screen, summary::summary, tell, wrap::wrapped};
use indicatif::ProgressBar;
use onefold::explain::Explained;
use onefold::load::Loaded;
use onefold::runtime::observer::{Observer, Snapshot};
use onefold::runtime::table::Table;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    waits: Arc<Mutex<Waits>>,
}

impl Watch {
    pub fn new(json: bool, drains: bool) -> Watch {
        let look = match std::io::stdout().is_terminal() && !json {
            true => Look::Terminal,
            false => Look::Events { text: !json },
        };
        Watch { look, seen: Arc::default(), waits: Arc::new(Mutex::new(Waits::new(drains))) }
    }

    pub fn guarantee(&self, explained: &Explained) {
        lock(&self.waits).target(&explained.name, &explained.target);
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
        let watch = self.clone();
        Observer::new(move |snapshot| {
            lock(&watch.seen).insert(snapshot.name.clone(), snapshot.clone());
            let wait = lock(&watch.waits).note(Instant::now(), &snapshot);
            show(snapshot);
            if let Some(wait) = wait {
                watch.told(&wait.text(), || event::waiting(&wait));
            }
        })
    }

    /// It was asked to end, and says what it waits for.
    pub fn draining(&self, cause: Cause) {
        let (in_flight, parked_keys) = {
            let seen = lock(&self.seen);
            let sum = |count: fn(&Snapshot) -> usize| seen.values().map(count).sum::<usize>();
            (sum(|now| now.in_flight), sum(|now| now.parked_keys))
        };
        let parked = if parked_keys > 0 { format!(", {parked_keys} parked keys") } else { String::new() };
        let (who, signal) = match cause {
            Cause::Signal(signal) => (signal.name(), Some(signal.name())),
            Cause::TimeUp(_) => ("--drain-timeout", None),
        };
        let text = format!("{who}: draining: {in_flight} in flight{parked}; {AGAIN}");
        self.told(&text, || event::draining(signal, in_flight, parked_keys));
    }

    /// What pipelines have left, and what they waited for, a line each.
    pub fn left(&self) -> String {
        let (seen, waits) = (lock(&self.seen), lock(&self.waits));
        let mut left: Vec<&Snapshot> = seen.values().filter(|now| now.lag != Some(0) || now.paused.is_some()).collect();
        left.sort_by(|a, b| a.name.cmp(&b.name));
        let lines = left.into_iter().map(|now| {
            let records = now.lag.map_or_else(String::new, |lag| format!("{lag} records left in {}", now.name));
            let wait = waits.wait(Instant::now(), now).map(|wait| wait.text());
            format!("\n  {records}{}", wait.map_or_else(String::new, |wait| format!("; {wait}")))
        });
        lines.collect()
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

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut printed = lock(&printed);
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
