//! A topic's configs as values: read once when they change, not at each batch.

/// Which clock a record's timestamp is by (`message.timestamp.type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// The configs that this broker acts on. Defaults are Kafka 4's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicSettings {
    /// None: the broker's (`message.max.bytes`).
    pub max_message_bytes: Option<usize>,
    pub segment_bytes: usize,
    pub timestamp_type: TimestampType,
    /// How far a record's timestamp may lie before broker time.
    pub timestamp_before_max_ms: i64,
    /// How far a record's timestamp may lie after broker time.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy` has `compact`: every record needs a key.
    pub compacted: bool,
    /// `cleanup.policy` has `delete`: retention applies.
    pub deletes: bool,
    /// None: without end.
    pub retention_ms: Option<i64>,
    /// None: without end.
    pub retention_bytes: Option<u64>,
}

impl Default for TopicSettings {
    fn default() -> Self {
        TopicSettings {
            max_message_bytes: None,
            segment_bytes: 1 << 30,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 60 * 60 * 1000,
            compacted: false,
            deletes: true,
            retention_ms: Some(7 * 24 * 60 * 60 * 1000),
            retention_bytes: None,
        }
    }
}

impl TopicSettings {
    /// Reads what is known. A value that does not read leaves its default: whoever sets configs checks them first, and a
    /// record is never refused afterwards.
    pub fn read(configs: &[(String, String)]) -> Self {
        let mut settings = TopicSettings::default();
        for (name, value) in configs {
            settings.set(name, value.trim());
        }
        settings
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "max.message.bytes" => self.max_message_bytes = value.parse().ok(),
            "segment.bytes" => set_if_read(&mut self.segment_bytes, value),
            "message.timestamp.before.max.ms" => set_if_read(&mut self.timestamp_before_max_ms, value),
            "message.timestamp.after.max.ms" => set_if_read(&mut self.timestamp_after_max_ms, value),
            "message.timestamp.type" => match value {
                "CreateTime" => self.timestamp_type = TimestampType::CreateTime,
                "LogAppendTime" => self.timestamp_type = TimestampType::LogAppendTime,
                _ => {}
            },
            "cleanup.policy" => {
                let has = |wanted| value.split(',').any(|policy| policy.trim() == wanted);
                self.compacted = has("compact");
                self.deletes = has("delete");
            }
            // Negative is Kafka's way of saying without end.
            "retention.ms" => {
                self.retention_ms = value.parse().map_or(self.retention_ms, |ms: i64| (ms >= 0).then_some(ms))
            }
            "retention.bytes" => {
                self.retention_bytes =
                    value.parse().map_or(self.retention_bytes, |bytes: i64| u64::try_from(bytes).ok());
            }
            _ => {}
        }
    }
}

fn set_if_read<T: std::str::FromStr>(slot: &mut T, value: &str) {
    if let Ok(read) = value.parse() {
        *slot = read;
    }
}

#[cfg(test)]
mod tests {
    use super::{TimestampType, TopicSettings};

    fn read(pairs: &[(&str, &str)]) -> TopicSettings {
        TopicSettings::read(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_set_is_read_and_the_rest_is_kafkas_default() {
        let settings = read(&[
            ("cleanup.policy", "compact,delete"),
            ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", "2000"),
            ("retention.ms", "-1"),
        ]);
        assert!(settings.compacted && settings.deletes);
        assert_eq!(settings.timestamp_type, TimestampType::LogAppendTime);
        assert_eq!(settings.max_message_bytes, Some(2000));
        assert_eq!(settings.retention_ms, None);
        assert_eq!(settings.segment_bytes, 1 << 30);
    }

    #[test]
    fn a_value_that_does_not_read_leaves_the_default() {
        assert_eq!(read(&[("max.message.bytes", "many"), ("unknown", "1")]), TopicSettings::default());
    }
}
