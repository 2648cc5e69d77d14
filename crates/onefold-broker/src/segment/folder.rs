//! The names: a folder for each partition, by topic id, since a topic's name can be made again; a file for each segment,
//! by the offset it begins at.

use onefold_broker_core::{TopicId, TopicPartition};

/// The name of a partition's folder.
pub fn folder_name(at: TopicPartition) -> String {
    let topic: String = at.topic.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{topic}-{}", at.partition)
}

/// The partition a folder is for; none when the folder is not ours.
pub fn parse_folder_name(name: &str) -> Option<TopicPartition> {
    let (topic, partition) = name.split_once('-')?;
    let id = u128::from_str_radix(topic, 16).ok()?;
    let at = TopicPartition::new(TopicId(id.to_be_bytes()), partition.parse().ok()?);
    (folder_name(at) == name).then_some(at)
}

/// The name of the segment that begins at this offset.
pub fn file_name(base_offset: i64) -> String {
    format!("{base_offset:020}.log")
}

/// The offset a segment begins at; none when the file is not ours.
pub fn parse_file_name(name: &str) -> Option<i64> {
    let base: i64 = name.strip_suffix(".log")?.parse().ok()?;
    (base >= 0 && file_name(base) == name).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_they_name_belong_together() {
        let at = TopicPartition::new(TopicId([0xA7; 16]), 12);
        assert_eq!(parse_folder_name(&folder_name(at)), Some(at));
        assert_eq!(parse_file_name(&file_name(77)), Some(77));
        for foreign in ["77.log", "lost+found", "a-1", "00000000000000000077.index", "-0000000000000000077.log"] {
            assert_eq!((parse_folder_name(foreign), parse_file_name(foreign)), (None, None), "{foreign}");
        }
    }
}
