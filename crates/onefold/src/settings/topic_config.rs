//! `[topics.NAME] config = { .. }`: Kafka's names and values, checked before a broker refuses them in the middle of a
//! start. The names are those of Apache Kafka 4's `TopicConfig`; the embedded broker takes these and no others, another
//! cluster may have more of its own.

use super::nearest::nearest;
use super::problem::{Fix, Problem};
use super::reader::{Entries, Located, Reader};

/// What a value must be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    /// A whole number within these.
    Number(i64, i64),
    /// From 0 to 1.
    Share,
    /// `*`, or partitions and brokers as `0:1,1:1`.
    Replicas,
    /// What the embedded broker does not have.
    Tiered,
    OneOf(&'static [&'static str]),
    ListOf(&'static [&'static str]),
}

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

const KNOWN: [(&str, Kind); 33] = [
    ("cleanup.policy", Kind::ListOf(&["compact", "delete"])),
    ("compression.gzip.level", Kind::Number(-1, 9)),
    ("compression.lz4.level", Kind::Number(1, 17)),
    ("compression.type", Kind::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])),
    ("compression.zstd.level", Kind::Number(-131_072, 22)),
    ("delete.retention.ms", Kind::Number(0, LONG)),
    ("file.delete.delay.ms", Kind::Number(0, LONG)),
    ("flush.messages", Kind::Number(1, LONG)),
    ("flush.ms", Kind::Number(0, LONG)),
    ("follower.replication.throttled.replicas", Kind::Replicas),
    ("index.interval.bytes", Kind::Number(0, INT)),
    ("leader.replication.throttled.replicas", Kind::Replicas),
    ("local.retention.bytes", Kind::Number(-2, LONG)),
    ("local.retention.ms", Kind::Number(-2, LONG)),
    ("max.compaction.lag.ms", Kind::Number(1, LONG)),
    ("max.message.bytes", Kind::Number(0, INT)),
    ("message.timestamp.after.max.ms", Kind::Number(0, LONG)),
    ("message.timestamp.before.max.ms", Kind::Number(0, LONG)),
    ("message.timestamp.type", Kind::OneOf(&["CreateTime", "LogAppendTime"])),
    ("min.cleanable.dirty.ratio", Kind::Share),
    ("min.compaction.lag.ms", Kind::Number(0, LONG)),
    ("min.insync.replicas", Kind::Number(1, INT)),
    ("preallocate", Kind::Bool),
    ("remote.log.copy.disable", Kind::Bool),
    ("remote.log.delete.on.disable", Kind::Bool),
    ("remote.storage.enable", Kind::Tiered),
    // Whatever is negative means no limit.
    ("retention.bytes", Kind::Number(i64::MIN, LONG)),
    ("retention.ms", Kind::Number(-1, LONG)),
    ("segment.bytes", Kind::Number(1_048_576, INT)),
    ("segment.index.bytes", Kind::Number(4, INT)),
    ("segment.jitter.ms", Kind::Number(0, LONG)),
    ("segment.ms", Kind::Number(1, LONG)),
    ("unclean.leader.election.enable", Kind::Bool),
];

/// Keys of the topic's own table that say the same in a friendlier way.
const OWN_KEYS: [(&str, &str); 2] = [("retention", "retention.ms"), ("retention_size", "retention.bytes")];

pub(super) fn check(topic: &Reader<'_>, config: &Located<Entries<String>>, embedded: bool) {
    for (name, value) in &config.value {
        match KNOWN.iter().find(|(known, _)| *known == name.value) {
            Some((_, Kind::Tiered)) if !embedded => takes(topic, name, value, Kind::Bool),
            Some((_, kind)) => takes(topic, name, value, *kind),
            None => unknown(topic, name, embedded),
        }
        if let Some((own, _)) = OWN_KEYS.iter().find(|(own, means)| *means == name.value && topic.has(own)) {
            let what =
                format!("{}.config has `{}`, which `{own}` sets too: leave one of them out", topic.path, name.value);
            topic.problem(Problem::new(name.span.clone(), what));
        }
    }
}

/// Why a broker may have refused this config of a topic; `None` where it looks right.
pub fn config_slip(name: &str, value: &str) -> Option<String> {
    match KNOWN.iter().find(|(known, _)| *known == name) {
        Some((_, kind)) if kind.takes(value.trim()) => None,
        Some((_, kind)) => Some(format!("{name}: \"{value}\" is {}", kind.refuses())),
        None => {
            let near = nearest(name, KNOWN.iter().map(|(known, _)| *known));
            let near = near.map_or_else(String::new, |near| format!(", but {near}"));
            Some(format!("Kafka knows no `{name}`{near}"))
        }
    }
}

/// Only the embedded broker's configs are all known.
fn unknown(topic: &Reader<'_>, name: &Located<String>, embedded: bool) {
    let near = nearest(name, KNOWN.iter().map(|(known, _)| *known));
    if near.is_none() && !embedded {
        return;
    }
    let whose = if embedded { "the embedded broker" } else { "Kafka" };
    let what = format!("{}.config: {whose} knows no `{}`", topic.path, name.value);
    let fix = near.map(|near| Fix::replace(topic.found.source, name.span.clone(), format!("\"{near}\"")));
    let known = KNOWN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let problem = Problem::new(name.span.clone(), what);
    topic.problem(if fix.is_some() { problem.fix(fix) } else { problem.because("known", known) });
}

fn takes(topic: &Reader<'_>, name: &str, value: &Located<String>, kind: Kind) {
    if !kind.takes(value.trim()) {
        let what = format!("{}.config.\"{name}\": \"{}\" is {}", topic.path, value.value, kind.refuses());
        let near = match kind {
            Kind::OneOf(words) => nearest(value, words.iter().copied()),
            Kind::ListOf(words) if !value.contains(',') => nearest(value, words.iter().copied()),
            _ => None,
        };
        let fix = near.map(|near| Fix::replace(topic.found.source, value.span.clone(), format!("\"{near}\"")));
        topic.problem(Problem::new(value.span.clone(), what).fix(fix));
    }
}

impl Kind {
    fn takes(self, value: &str) -> bool {
        match self {
            Kind::Bool => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Kind::Number(from, to) => value.parse().is_ok_and(|number: i64| (from..=to).contains(&number)),
            Kind::Share => value.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share)),
            Kind::Replicas => value.is_empty() || value == "*" || value.split(',').all(is_replica),
            Kind::Tiered => value.eq_ignore_ascii_case("false"),
            Kind::OneOf(words) => words.contains(&value),
            Kind::ListOf(words) => value.is_empty() || value.split(',').all(|word| words.contains(&word.trim())),
        }
    }

    /// What a value that is not taken is.
    fn refuses(self) -> String {
        match self {
            Kind::Bool => "neither true nor false".into(),
            Kind::Number(from, LONG) => format!("no whole number from {from} on"),
            Kind::Number(from, to) => format!("no whole number from {from} to {to}"),
            Kind::Share => "no number from 0 to 1".into(),
            Kind::Replicas => "neither * nor a list of partition:broker".into(),
            Kind::Tiered => "not false: the embedded broker keeps all of a topic on its own disk".into(),
            Kind::OneOf(words) => format!("none of {}", words.join(", ")),
            Kind::ListOf(words) => format!("no list of {}", words.join(", ")),
        }
    }
}

fn is_replica(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
}
