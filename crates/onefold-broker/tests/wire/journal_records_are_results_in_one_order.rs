//! One sequencer gives a record its number and its batches their offsets in one step, so the journal's order is every
//! partition's order; and what the journal holds is what came of a request: offsets and epochs patched in, the broker's
//! time, the ids that were drawn, the generation that began. Read here from the files that a broker leaves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use kafka_protocol::messages::InitProducerIdRequest;
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::journal::{ReplayStart, replay};
use onefold_broker::log::Clock;
use onefold_broker_core::batch::Header;
use onefold_broker_core::{Record, Stamp, TopicPartition};

use crate::common::group::Member;
use crate::common::raw::Raw;
use crate::common::{batch, start_with};

const NOW_MS: i64 = 1_800_000_000_000;

/// What a start would read.
fn journal(disk: &SimDisk, folder: &Path) -> Vec<(Stamp, Record)> {
    let disk = SimDisk::of(disk.world().crash(Lost::All, &mut fastrand::Rng::with_seed(1)));
    let mut found = Vec::new();
    let end = replay(&disk, &folder.join("journal"), ReplayStart::default(), |replayed| {
        Record::decode(replayed.frame.content).map(|record| found.push((replayed.frame.stamp, record)))
    });
    end.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn with_many_producers_at_once() {
    let disk = SimDisk::default();
    let used = disk.clone();
    let here = start_with(|mut settings| {
        settings.disk = Arc::new(used);
        settings.log.clock = Clock::Manual(Arc::new(AtomicI64::new(NOW_MS)));
        settings
    })
    .await;
    let mut raw = here.connect();
    raw.create_topic("t", 3);
    let drawn = raw.call(4, &InitProducerIdRequest::default().with_transactional_id(None)).producer_id.0;
    let member = Member::joined(&mut raw, "g");
    let address = here.broker.address();
    let producers: Vec<_> = (0..6)
        .map(|number| {
            std::thread::spawn(move || {
                let mut raw = Raw::connect(address);
                let produce = |n: i32| {
                    let records = vec!["x"; 1 + n as usize % 3];
                    raw.produce("t", number % 3, batch(&records).bytes())
                };
                (0..40).map(produce).map(|answer| (number % 3, answer.base_offset)).collect::<Vec<_>>()
            })
        })
        .collect();
    let answered: Vec<(i32, i64)> = producers.into_iter().flat_map(|producer| producer.join().unwrap()).collect();

    let journal = journal(&disk, &here.folder.path().join("broker"));

    for ((before, _), (after, _)) in journal.iter().zip(&journal[1..]) {
        assert_eq!(after.lsn, before.lsn.next(), "numbers have no gaps");
    }
    assert!(
        journal.iter().all(|(stamp, _)| (stamp.start_epoch, stamp.time_ms) == (1, NOW_MS)),
        "of this start and its clock"
    );
    let mut ends: BTreeMap<TopicPartition, i64> = BTreeMap::new();
    let mut places = Vec::new();
    for append in journal.iter().filter_map(|(_, record)| appended(record)).flatten() {
        let header = Header::parse(&append.batch).unwrap();
        let end = ends.entry(append.at).or_default();
        assert_eq!((append.base_offset, header.base_offset), (*end, *end), "in the journal's order, patched in");
        assert_eq!(header.leader_epoch, 1, "patched in");
        *end = header.last_offset() + 1;
        places.push((append.at.partition, append.base_offset));
    }
    places.sort_unstable();
    let mut answered = answered;
    answered.sort_unstable();
    assert_eq!(places, answered, "every answer is the place in the journal");
    let reserved = journal.iter().find_map(|(_, record)| match record {
        Record::ProducerIdsReserved { next } => Some(*next),
        _ => None,
    });
    assert!(reserved.is_some_and(|next| next > drawn), "the block, not the wish for one");
    let generation = journal.iter().rev().find_map(|(_, record)| match record {
        Record::GroupChanged(group) => Some((group.generation, group.members[0].assignment.clone())),
        _ => None,
    });
    assert_eq!(generation, Some((member.generation, "all".into())), "the generation as it is");
}

fn appended(record: &Record) -> Option<&Vec<onefold_broker_core::Append>> {
    match record {
        Record::Appended(appends) => Some(appends),
        _ => None,
    }
}
