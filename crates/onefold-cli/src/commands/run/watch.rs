//! What a run looks like. On a terminal: what is promised, then a line a pipeline, redrawn, then a table. On a pipe, or
//! with `--json`, standard output gets events and nothing else, one a line; what is promised and the table then go to
//! standard error as text, unless `--json` asks for events alone.

use super::cause::Cause;
use super::waits::{Wait, Waits};
use crate::commands::stop::AGAIN;
use crate::console::{count, event, live, say, screen, summary::summary, tell, wrap::wrapped};
use crate::exit::Failure;
use indicatif::ProgressBar;
use onefold::explain::Explained;
use onefold::load::Loaded;
use onefold::runtime::observer::{Observer, Snapshot, WaitsFor};
use onefold::runtime::table::{Row, Table};
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
    /// Those that the run is of, once it begins.
    names: Arc<Mutex<Vec<String>>>,
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
        Watch { look, names: Arc::default(), seen: Arc::default(), waits: Arc::new(Mutex::new(Waits::new(drains))) }
    }

    pub fn guarantee(&self, explained: &Explained) {
        lock(&self.waits).target(&explained.name, &explained.target);
        self.told(&explained.to_string(), || event::guarantee(explained));
    }

    pub fn load(&self, topic: &str) -> LoadBar {
        let bar = (self.look == Look::Terminal).then(|| screen::live().add(live::load_bar(topic)));
        LoadBar { topic: topic.to_owned(), bar, watch: self.clone() }
    }

    /// Draws or prints what each pipeline tells. From here on one that has told nothing counts as one that has not begun.
    pub fn observer(&self, names: &[String]) -> Observer {
        *lock(&self.names) = names.to_vec();
        let show = match self.look {
            Look::Terminal => drawing(names),
            Look::Events { .. } => printing(),
        };
        let watch = self.clone();
        Observer::new(move |snapshot| {
            lock(&watch.seen).insert(snapshot.name.clone(), snapshot.clone());
            let wait = lock(&watch.waits).note(Instant::now(), &snapshot);
            let wait = wait.map(|wait| watch.named(wait));
            show(snapshot);
            if let Some(wait) = wait {
                watch.told(&wait.text(), || event::waiting(&wait));
            }
        })
    }

    fn named(&self, wait: Wait) -> Wait {
        named(&lock(&self.seen), wait)
    }

    /// Nothing has begun: the cluster elsewhere is not there, and is waited for so long at most.
    pub fn cluster_is_away(&self, why: &str, at_most: Duration) {
        let limit = humantime::format_duration(at_most);
        self.told(&format!("waits for the cluster, {limit} at most (--wait): {why}"), || event::away(why));
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

    /// What pipelines have left, and what they waited for, a line each; and which have not begun.
    pub fn left(&self) -> String {
        let (names, seen, waits) = (lock(&self.names), lock(&self.seen), lock(&self.waits));
        let mut left: Vec<&Snapshot> = seen.values().filter(|now| now.lag != Some(0) || now.paused.is_some()).collect();
        left.sort_by(|a, b| a.name.cmp(&b.name));
        let lines = left.into_iter().map(|now| {
            let left = match now.lag {
                Some(lag) => format!("{} left in {}", count(lag, "record"), now.name),
                None => format!("{} has no partitions yet", now.name),
            };
            let wait = waits.wait(Instant::now(), now).map(|wait| named(&seen, wait).text());
            format!("\n  {left}{}", wait.map_or_else(String::new, |wait| format!("; {wait}")))
        });
        let unseen = names.iter().filter(|name| !seen.contains_key(*name));
        lines.chain(unseen.map(|name| format!("\n  {name} has not begun"))).collect()
    }

    /// What is dead by now, a line a pipeline.
    pub fn dead(&self) -> String {
        let seen = lock(&self.seen);
        let mut dead: Vec<(&str, u64)> = seen
            .values()
            .filter(|now| now.counters.dead > 0)
            .map(|now| (now.name.as_str(), now.counters.dead))
            .collect();
        dead.sort_unstable();
        let line =
            |(name, dead): (&str, u64)| format!("\n  {} of {name} dead, kept as dead letters", count(dead, "record"));
        dead.into_iter().map(line).collect()
    }

    /// How far each came in a run that broke off.
    pub fn broken_off(&self, names: &[String], time: Duration) -> Table {
        let seen = lock(&self.seen);
        let counters = |name: &String| seen.get(name).map(|now| now.counters).unwrap_or_default();
        let rows = names.iter().map(|name| Row { name: name.clone(), counters: counters(name) }).collect();
        Table { rows, time, ..Table::default() }
    }

    /// The table of a run that did not end well, for those who read: an event would say that it is done.
    pub fn text_table(&self, table: &Table) {
        match self.look {
            Look::Terminal => tell(&summary(table, screen::width())),
            Look::Events { text: true } => say(&summary(table, screen::width())),
            Look::Events { text: false } => {}
        }
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

    /// The last word of a run that did not do what it was asked. People read it from standard error, where it goes anyway.
    pub fn failed(&self, why: &Failure) {
        if self.look != Look::Terminal {
            tell(&event::failed(why));
        }
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

/// Whose suspects a pipeline waits for: of those that are careful, by name.
fn named(seen: &HashMap<String, Snapshot>, mut wait: Wait) -> Wait {
    if wait.waits_for == Some(WaitsFor::OthersSuspects) {
        let mut careful: Vec<&str> = seen
            .values()
            .filter(|other| other.name != wait.pipeline && other.is_careful)
            .map(|other| other.name.as_str())
            .collect();
        careful.sort_unstable();
        if !careful.is_empty() {
            wait.target = format!("the suspects of {}", careful.join(", "));
        }
    }
    wait
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_suspects_it_waits_for_is_said_by_name() {
        let snapshot = |name: &str, is_careful| Snapshot { name: name.into(), is_careful, ..Snapshot::default() };
        let all = [snapshot("search", false), snapshot("receipts", true), snapshot("loyalty", true)];
        let seen: HashMap<String, Snapshot> = all.into_iter().map(|one| (one.name.clone(), one)).collect();
        let wait = |waits_for| Wait {
            pipeline: "loyalty".into(),
            target: "its own".into(),
            waits_for,
            why: "why".into(),
            record: None,
            since: std::time::SystemTime::UNIX_EPOCH,
            seconds: 5,
        };
        assert_eq!(named(&seen, wait(Some(WaitsFor::OthersSuspects))).target, "the suspects of receipts");
        assert_eq!(named(&seen, wait(Some(WaitsFor::OwnSuspects))).target, "its own");
    }
}
