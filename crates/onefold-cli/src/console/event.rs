//! What happens in a run, as lines of JSON: for scripts and for log collectors.

use crate::commands::run::waits::Wait;
use crate::exit::Failure;
use onefold::explain::Explained;
use onefold::load::Loaded;
use onefold::runtime::counters::Counters;
use onefold::runtime::observer::Snapshot;
use onefold::runtime::table::Table;
use serde_json::{Value, json};

pub fn guarantee(explained: &Explained) -> String {
    let mut event = super::explanation::json(explained);
    event["event"] = "guarantee".into();
    event.to_string()
}

pub fn load(topic: &str, loaded: &Loaded) -> String {
    json!({"event": "loaded", "topic": topic, "lines": loaded.lines, "found": loaded.found, "without_key": loaded.keyless})
        .to_string()
}

pub fn progress(now: &Snapshot) -> String {
    let mut event = counters(&now.counters);
    event["event"] = if now.ended { "ended" } else { "progress" }.into();
    event["pipeline"] = now.name.as_str().into();
    event["per_second"] = (now.per_second.round() as u64).into();
    event["lag"] = now.lag.into();
    event["in_flight"] = now.in_flight.into();
    event["parked_keys"] = now.parked_keys.into();
    event["partitions"] = now.partitions.into();
    event["paused"] = now.paused.as_deref().into();
    event.to_string()
}

/// A pipeline is paused, or held up by a record, for so long by now.
pub fn waiting(wait: &Wait) -> String {
    let record = wait.record.as_ref();
    json!({
        "event": "waiting", "pipeline": wait.pipeline, "for": wait.target, "why": wait.why,
        "since": wait.since_text(), "seconds": wait.seconds,
        "partition": record.map(|at| at.partition), "offset": record.map(|at| at.offset),
    })
    .to_string()
}

/// A cluster elsewhere is waited for, before anything has begun.
pub fn away(why: &str) -> String {
    let since = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    json!({
        "event": "waiting", "pipeline": null, "for": "the cluster", "why": why, "since": since, "seconds": 0,
        "partition": null, "offset": null,
    })
    .to_string()
}

/// The run was asked to end and finishes what is in flight. `None`: not by a signal, its time was up.
pub fn draining(signal: Option<&str>, in_flight: usize, parked_keys: usize) -> String {
    json!({"event": "draining", "signal": signal, "in_flight": in_flight, "parked_keys": parked_keys}).to_string()
}

/// The run ends, and did not do what it was asked.
pub fn failed(why: &Failure) -> String {
    json!({"event": "failed", "exit_code": why.code(), "error": why.text()}).to_string()
}

pub fn table(table: &Table) -> String {
    let rows = table.rows.iter().map(|row| {
        let mut line = counters(&row.counters);
        line["pipeline"] = row.name.as_str().into();
        line
    });
    let seconds = (table.time.as_secs_f64() * 1000.0).round() / 1000.0;
    json!({"event": "done", "seconds": seconds, "pipelines": rows.collect::<Vec<_>>(), "notes": table.notes})
        .to_string()
}

fn counters(counters: &Counters) -> Value {
    json!({
        "delivered": counters.delivered,
        "effects": counters.effects,
        "duplicates": {
            "progress": counters.duplicates_progress,
            "id": counters.duplicates_id,
            "boundary": counters.duplicates_boundary,
        },
        "skipped": counters.skipped,
        "retried": counters.retried,
        "dead": counters.dead,
    })
}

#[cfg(test)]
#[path = "../../tests/common/documented.rs"]
mod documented;

#[cfg(test)]
mod tests {
    use super::*;
    use onefold::runtime::table::Row;
    use onefold_core::guarantee::{Explanation, Guarantee};

    fn documented_as(heading: &str, line: &str) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let name = line["event"].as_str().expect("an event");
        assert_eq!(heading, format!("### {name}"));
        documented::holds(heading, &line);
    }

    #[test]
    fn every_field_is_documented() {
        let line = onefold_core::guarantee::Line { label: "warning", text: "a".into() };
        let explanation =
            Explanation { guarantee: Guarantee::AtLeastOnce, lines: vec![line], weakest_link: String::new() };
        let (name, topic, target) = ("p".to_owned(), "t".to_owned(), "x".to_owned());
        documented_as("### guarantee", &guarantee(&Explained { name, topic, target, explanation }));
        documented_as("### loaded", &load("t", &Loaded { lines: 1, found: 0, keyless: 0 }));
        documented_as("### progress", &progress(&Snapshot::default()));
        documented_as("### ended", &progress(&Snapshot { ended: true, ..Snapshot::default() }));
        let (pipeline, target, why) = ("p".to_owned(), "x".to_owned(), "down".to_owned());
        documented_as("### failed", &failed(&Failure::failed("why")));
        let waits_for = None;
        let wait = Wait {
            pipeline,
            target,
            waits_for,
            why,
            record: None,
            since: std::time::SystemTime::UNIX_EPOCH,
            seconds: 5,
        };
        documented_as("### waiting", &waiting(&wait));
        documented_as("### draining", &draining(Some("SIGTERM"), 1, 0));
        let row = Row { name: "p".into(), counters: Counters::default() };
        documented_as("### done", &table(&Table { rows: vec![row], ..Table::default() }));
    }
}
