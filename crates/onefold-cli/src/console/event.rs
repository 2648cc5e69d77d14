//! What happens in a run, as lines of JSON: for scripts and for log collectors.

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

/// The run was asked to end and finishes what is in flight.
pub fn draining(signal: &str, in_flight: usize, parked_keys: usize) -> String {
    json!({"event": "draining", "signal": signal, "in_flight": in_flight, "parked_keys": parked_keys}).to_string()
}

pub fn table(table: &Table) -> String {
    let rows = table.rows.iter().map(|row| {
        let mut line = counters(&row.counters);
        line["pipeline"] = row.name.as_str().into();
        line
    });
    let seconds = (table.time.as_secs_f64() * 1000.0).round() / 1000.0;
    json!({"event": "done", "seconds": seconds, "pipelines": rows.collect::<Vec<_>>()}).to_string()
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
