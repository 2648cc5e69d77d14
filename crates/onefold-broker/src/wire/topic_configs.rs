//! The configs a topic may have: Kafka 4's names, types and defaults, and what values they take.
//!
//! Known names are checked as Kafka checks them, so that a file of topics moves between the two unchanged. Which of them
//! have an effect here, `docs/unsupported.md` says. Unknown names are refused.

use std::collections::BTreeMap;

use onefold_broker_core::ErrorCode;

use super::refusal::Refusal;

/// One known config.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) default: &'static str,
    pub(super) kind: Kind,
}

/// What values a config takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Int {
        from: i64,
        to: i64,
    },
    Long {
        from: i64,
    },
    /// Between 0 and 1.
    Share,
    /// Only false: what the value true would ask for does not exist.
    Off,
    /// `*`, or partitions and brokers as `0:1,1:1`
    Replicas,
    OneOf(&'static [&'static str]),
    ListOf(&'static [&'static str]),
}

const NO_LIMIT: &str = "9223372036854775807";

const fn known(name: &'static str, default: &'static str, kind: Kind) -> Known {
    Known { name, default, kind }
}

const fn long(name: &'static str, default: &'static str, from: i64) -> Known {
    known(name, default, Kind::Long { from })
}

const fn int(name: &'static str, default: &'static str, from: i64) -> Known {
    known(name, default, Kind::Int { from, to: i32::MAX as i64 })
}

const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// By name.
pub(super) static KNOWN: &[Known] = &[
    known("cleanup.policy", "delete", Kind::ListOf(&["compact", "delete"])),
    known("compression.gzip.level", "-1", Kind::Int { from: -1, to: 9 }),
    known("compression.lz4.level", "9", Kind::Int { from: 1, to: 17 }),
    known("compression.type", "producer", Kind::OneOf(CODECS)),
    known("compression.zstd.level", "3", Kind::Int { from: -131_072, to: 22 }),
    long("delete.retention.ms", "86400000", 0),
    long("file.delete.delay.ms", "60000", 0),
    long("flush.messages", NO_LIMIT, 1),
    long("flush.ms", NO_LIMIT, 0),
    known("follower.replication.throttled.replicas", "", Kind::Replicas),
    int("index.interval.bytes", "4096", 0),
    known("leader.replication.throttled.replicas", "", Kind::Replicas),
    long("local.retention.bytes", "-2", -2),
    long("local.retention.ms", "-2", -2),
    long("max.compaction.lag.ms", NO_LIMIT, 1),
    int("max.message.bytes", "1048588", 0),
    long("message.timestamp.after.max.ms", "3600000", 0),
    long("message.timestamp.before.max.ms", NO_LIMIT, 0),
    known("message.timestamp.type", "CreateTime", Kind::OneOf(&["CreateTime", "LogAppendTime"])),
    known("min.cleanable.dirty.ratio", "0.5", Kind::Share),
    long("min.compaction.lag.ms", "0", 0),
    int("min.insync.replicas", "1", 1),
    known("preallocate", "false", Kind::Bool),
    known("remote.log.copy.disable", "false", Kind::Bool),
    known("remote.log.delete.on.disable", "false", Kind::Bool),
    known("remote.storage.enable", "false", Kind::Off),
    // Whatever is negative means no limit, and Kafka takes it.
    long("retention.bytes", "-1", i64::MIN),
    long("retention.ms", "604800000", -1),
    int("segment.bytes", "1073741824", 1_048_576),
    int("segment.index.bytes", "10485760", 4),
    long("segment.jitter.ms", "0", 0),
    long("segment.ms", "604800000", 1),
    known("unclean.leader.election.enable", "false", Kind::Bool),
];

/// A config with the value that holds.
pub(super) struct Effective<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
    pub(super) kind: Kind,
    pub(super) is_default: bool,
    pub(super) default: &'static str,
}

/// Every known config with the value it has under `set`.
pub(super) fn effective<'a>(set: &'a [(String, String)]) -> impl Iterator<Item = Effective<'a>> {
    KNOWN.iter().map(|known| {
        let own = set.iter().find(|(name, _)| name == known.name).map(|(_, value)| value.as_str());
        Effective {
            name: known.name,
            value: own.unwrap_or(known.default),
            kind: known.kind,
            is_default: own.is_none(),
            default: known.default,
        }
    })
}

impl Effective<'_> {
    /// Kafka's number for where the value comes from: the topic, the broker, or the built-in default.
    pub(super) fn source(&self) -> i8 {
        match self.is_default {
            false => TOPIC_CONFIG,
            // There is one node, whatever a topic asks for. (On Apache Kafka it is a setting of the cluster, too.)
            true if self.name == "min.insync.replicas" => BROKER_CONFIG,
            true => DEFAULT_CONFIG,
        }
    }
}

pub(super) const TOPIC_CONFIG: i8 = 1;
pub(super) const BROKER_CONFIG: i8 = 4;
pub(super) const DEFAULT_CONFIG: i8 = 5;

/// Checks names and values; the pairs come back sorted by name.
pub(super) fn check_all<'a>(
    pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut checked = BTreeMap::new();
    for (name, value) in pairs {
        let Some(value) = value else {
            return Err(refuse(format!("Null value not supported for topic configs: {name}")));
        };
        check(name, value)?;
        checked.insert(name.to_owned(), value.to_owned());
    }
    Ok(checked.into_iter().collect())
}

/// Checks one name and value.
pub(super) fn check(name: &str, value: &str) -> Result<(), Refusal> {
    let Some(known) = find(name) else {
        return Err(refuse(format!("Unknown topic config name: {name}")));
    };
    match known.kind.takes(value) {
        true => Ok(()),
        false => Err(refuse(format!("Invalid value {value} for configuration {name}: {}", known.kind.describe()))),
    }
}

pub(super) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

fn refuse(text: String) -> Refusal {
    Refusal::new(ErrorCode::INVALID_CONFIG, text)
}

impl Kind {
    fn takes(self, value: &str) -> bool {
        let value = value.trim();
        match self {
            Kind::Bool => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Kind::Int { from, to } => value.parse().is_ok_and(|value: i64| (from..=to).contains(&value)),
            Kind::Long { from } => value.parse().is_ok_and(|value: i64| value >= from),
            Kind::Share => value.parse().is_ok_and(|value: f64| (0.0..=1.0).contains(&value)),
            Kind::Off => value.eq_ignore_ascii_case("false"),
            Kind::Replicas => value.is_empty() || value == "*" || value.split(',').all(is_replica),
            Kind::OneOf(values) => values.contains(&value),
            Kind::ListOf(values) => value.is_empty() || value.split(',').all(|one| values.contains(&one.trim())),
        }
    }

    fn describe(self) -> String {
        match self {
            Kind::Bool => "it must be true or false".into(),
            Kind::Int { from, to } => format!("it must be a number from {from} to {to}"),
            Kind::Long { from } => format!("it must be a number of at least {from}"),
            Kind::Share => "it must be a number from 0 to 1".into(),
            Kind::Off => "it must be false: this broker has no such thing".into(),
            Kind::Replicas => "it must be * or a list of partition:broker".into(),
            Kind::OneOf(values) => format!("it must be one of {}", values.join(", ")),
            Kind::ListOf(values) => format!("it must be a list of {}", values.join(", ")),
        }
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self, Kind::ListOf(_) | Kind::Replicas)
    }

    /// Kafka's number for the type.
    pub(super) fn number(self) -> i8 {
        match self {
            Kind::Bool | Kind::Off => 1,
            Kind::OneOf(_) => 2,
            Kind::Int { .. } => 3,
            Kind::Long { .. } => 5,
            Kind::Share => 6,
            Kind::ListOf(_) | Kind::Replicas => 7,
        }
    }
}

/// `partition:broker`
fn is_replica(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_passes_its_own_check() {
        for known in KNOWN {
            assert_eq!(check(known.name, known.default), Ok(()), "{}", known.name);
        }
        assert!(KNOWN.is_sorted_by_key(|known| known.name));
    }

    #[test]
    fn wrong_names_and_values_are_refused_with_their_reason() {
        for (name, value) in [
            ("retention.days", "1"),
            ("retention.ms", "-2"),
            ("segment.bytes", "10000"),
            ("cleanup.policy", "compact,remove"),
            ("compression.type", "brotli"),
            ("preallocate", "yes"),
            ("follower.replication.throttled.replicas", "0:1,x"),
            ("remote.storage.enable", "true"),
        ] {
            assert_eq!(check(name, value).map_err(|refusal| refusal.code), Err(ErrorCode::INVALID_CONFIG), "{name}");
        }
    }
}
