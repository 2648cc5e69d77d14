//! Where no checkpoint can be written, because the disk is full, produce is refused with KAFKA_STORAGE_ERROR while there
//! still is room in the journal: for what frees space, and for positions that consumers commit. Nobody is kept waiting, what
//! was answered can be read, and producing resumes by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{GroupId, OffsetCommitRequest};
use kafka_protocol::protocol::StrBytes;
use onefold_broker::disk::sim::{Faults, SimDisk};
use onefold_broker::journal::Pace;
use onefold_broker::log::LogSettings;

use crate::common::raw::{Raw, only, produce_request, topic_name};
use crate::common::{batch, start_with};

const KAFKA_STORAGE_ERROR: i16 = 56;

fn commit(raw: &mut Raw) -> i16 {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let topic = OffsetCommitRequestTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    let commit = OffsetCommitRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("g")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    raw.call(8, &commit).topics[0].partitions[0].error_code
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_journal_is_full_and_until_there_is_space() {
    let disk = SimDisk::default();
    let used = disk.clone();
    let here = start_with(|mut settings| {
        settings.disk = Arc::new(used);
        settings.log = LogSettings {
            first_file_bytes: 128 << 10,
            journal_file_bytes: 128 << 10,
            pace: Pace::new(64 << 10, Duration::ZERO),
            checkpoint_bytes: 256 << 10,
            tail_flush_bytes: 16 << 10,
            tail_limit_bytes: 64 << 10,
            reserve_bytes: 32 << 10,
            ..LogSettings::default()
        };
        settings
    })
    .await;
    let mut raw = here.connect();
    raw.create_topic("t", 1);
    disk.set_faults(Faults { capacity: Some(disk.world().size() + (64 << 10)), ..Faults::default() });

    let mut answered = 0;
    let refused = loop {
        assert!(answered < 2000, "more is let in than the disk can hold");
        // The client's patience is shorter than the test's: whoever is kept waiting fails here.
        let answer = raw.produce("t", 0, batch(&[vec![b'v'; 3000]]).bytes());
        if answer.error_code != 0 {
            break answer;
        }
        assert_eq!(answer.base_offset, answered);
        answered += 1;
    };
    assert_eq!(refused.error_code, KAFKA_STORAGE_ERROR);
    assert!(refused.error_message.as_ref().is_some_and(|text| text.contains("free some")), "{refused:?}");
    let unsafe_one = only(raw.call(9, &produce_request("t", 0, batch(&[vec![b'v'; 3000]]).bytes(), 1)));
    assert_eq!(unsafe_one.error_code, KAFKA_STORAGE_ERROR, "acks=1 too");
    for _ in 0..4 {
        assert_eq!(commit(&mut raw), 0, "the journal has room for what is small");
    }
    let read = raw.fetch("t", 0, answered - 1).responses[0].partitions[0].clone();
    assert_eq!((read.error_code, read.high_watermark), (0, answered));
    assert!(!read.records.unwrap_or_default().is_empty(), "what was answered can be read");

    disk.set_faults(Faults::default());
    let begin = Instant::now();
    let resumed = loop {
        let answer = raw.produce("t", 0, batch(&["resumed"]).bytes());
        if answer.error_code == 0 {
            break answer;
        }
        assert_eq!(answer.error_code, KAFKA_STORAGE_ERROR);
        assert!(begin.elapsed() < Duration::from_secs(20), "it never resumes");
    };
    assert_eq!(resumed.base_offset, answered, "what was refused has no offset");
}
