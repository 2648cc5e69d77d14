//! Pipelines that are paused, or held up by a record that keeps failing, said again and again at a gentle pace: who watches a drain sees what it waits for.

use onefold::runtime::observer::{Failing, Snapshot, WaitsFor};
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

/// A pipeline that waits, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub pipeline: String,
    /// What is waited for, in words: where its effects go, unless it is something else.
    pub target: String,
    pub waits_for: Option<WaitsFor>,
    pub why: String,
    /// Nothing is paused: it is this record that keeps failing.
    pub record: Option<Failing>,
    pub since: SystemTime,
    pub seconds: u64,
}

impl Wait {
    pub fn since_text(&self) -> String {
        humantime::format_rfc3339_seconds(self.since).to_string()
    }

    pub fn text(&self) -> String {
        let Wait { pipeline, target, why, seconds, .. } = self;
        let long = humantime::format_duration(Duration::from_secs(*seconds));
        format!("{pipeline} waits for {target} since {} ({long}): {why}", self.since_text())
    }
}

/// When a wait is told first: most are over by then.
const FIRST: Duration = Duration::from_secs(5);
/// And then.
const AGAIN_IN_A_DRAIN: Duration = Duration::from_secs(30);
/// Nobody waits for a run that never ends.
const AGAIN: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct Since {
    began: Instant,
    clock: SystemTime,
    next: Instant,
}

#[derive(Debug, Default)]
pub struct Waits {
    drains: bool,
    targets: HashMap<String, String>,
    since: HashMap<String, Since>,
}

impl Waits {
    pub fn new(drains: bool) -> Waits {
        Waits { drains, ..Waits::default() }
    }

    pub fn target(&mut self, pipeline: &str, target: &str) {
        self.targets.insert(pipeline.to_owned(), target.to_owned());
    }

    /// Takes note of a pipeline as it is now; the wait, where it is time to tell it.
    pub fn note(&mut self, now: Instant, snapshot: &Snapshot) -> Option<Wait> {
        if (snapshot.paused.is_none() && snapshot.failing.is_none()) || snapshot.ended {
            // Its last word may be that it gave up waiting: what it waited for is told at the end.
            if !snapshot.ended {
                self.since.remove(&snapshot.name);
            }
            return None;
        }
        let fresh = || Since { began: now, clock: SystemTime::now(), next: now + FIRST };
        let since = self.since.entry(snapshot.name.clone()).or_insert_with(fresh);
        if now < since.next {
            return None;
        }
        since.next = now + if self.drains { AGAIN_IN_A_DRAIN } else { AGAIN };
        self.wait(now, snapshot)
    }

    fn what(&self, snapshot: &Snapshot) -> String {
        match snapshot.waits_for {
            None | Some(WaitsFor::Sink) => {
                self.targets.get(&snapshot.name).cloned().unwrap_or_else(|| "its sink".to_owned())
            }
            Some(other) => other.as_str().to_owned(),
        }
    }

    /// What a pipeline waits for, where it does.
    pub fn wait(&self, now: Instant, snapshot: &Snapshot) -> Option<Wait> {
        let since = self.since.get(&snapshot.name)?;
        Some(Wait {
            pipeline: snapshot.name.clone(),
            target: self.what(snapshot),
            waits_for: snapshot.waits_for,
            why: why(snapshot),
            record: snapshot.failing.clone().filter(|_| snapshot.paused.is_none()),
            since: since.clock,
            seconds: now.duration_since(since.began).as_secs(),
        })
    }
}

fn why(snapshot: &Snapshot) -> String {
    match (&snapshot.paused, &snapshot.failing) {
        (Some(paused), _) => paused.clone(),
        (None, Some(failing)) => failing_text(failing),
        (None, None) => "no answer".to_owned(),
    }
}

pub fn failing_text(failing: &Failing) -> String {
    let Failing { partition, offset, times, why } = failing;
    format!("partition {partition}, offset {offset} failed {times} times: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_names_what_is_waited_for() {
        let (mut waits, began) = (Waits::new(true), Instant::now());
        waits.target("receipts", "http://h/");
        let mut seen =
            Snapshot { name: "receipts".into(), paused: Some("why".into()), waits_for: None, ..Snapshot::default() };
        waits.note(began, &seen);
        let mut target = |waits_for| {
            seen.waits_for = waits_for;
            waits.wait(began, &seen).map(|wait| wait.target)
        };
        for (waits_for, what) in [
            (None, "http://h/"),
            (Some(WaitsFor::Sink), "http://h/"),
            (Some(WaitsFor::Cluster), "the cluster"),
            (Some(WaitsFor::OwnSuspects), "its suspects"),
            (Some(WaitsFor::OthersSuspects), "another pipeline's suspects"),
        ] {
            assert_eq!(target(waits_for).as_deref(), Some(what));
        }
    }

    #[test]
    fn a_wait_is_told_at_a_gentle_pace_until_it_is_over() {
        let (mut waits, began) = (Waits::new(true), Instant::now());
        waits.target("receipts", "http://h/");
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let seen = |paused: Option<&str>| Snapshot {
            name: "receipts".into(),
            paused: paused.map(str::to_owned),
            ..Snapshot::default()
        };
        let mut told = vec![];
        for second in 0..100 {
            told.extend(waits.note(at(second), &seen(Some("sink down"))).map(|wait| wait.seconds));
        }
        assert_eq!(told, [5, 35, 65, 95]);
        assert!(
            waits
                .wait(at(100), &seen(Some("sink down")))
                .is_some_and(|wait| wait.text().contains("waits for http://h/ since"))
        );
        assert_eq!(waits.note(at(101), &seen(None)), None);
        assert_eq!(waits.note(at(102), &seen(Some("again"))), None, "a new wait begins anew");
        assert_eq!(
            waits.note(at(107), &seen(Some("again"))).map(|wait| (wait.seconds, wait.why)),
            Some((5, "again".into()))
        );
    }
}
