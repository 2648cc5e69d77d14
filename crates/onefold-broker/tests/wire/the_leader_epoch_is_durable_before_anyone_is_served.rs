//! Every start is an epoch, higher than any before it, and durable before the broker listens: else a crash right after the
//! first answer could give the same epoch to other records. The table of epochs answers for every one of them, whatever
//! DeleteRecords, a checkpoint and restarts have done since, and never with -1.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{DeleteRecordsRequest, MetadataRequest, OffsetForLeaderEpochRequest};
use onefold_broker::disk::sim::{Lost, SimDisk};
use onefold_broker::{Broker, BrokerSettings};

use crate::common::gate::{Gate, GatedDisk, Opens, Syncs};
use crate::common::raw::{Raw, topic_name};
use crate::common::{batch, start};

/// An address that nobody listens on, so far as anyone can know.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn epoch(raw: &mut Raw) -> i32 {
    raw.call(12, &MetadataRequest::default().with_topics(None)).topics[0].partitions[0].leader_epoch
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_while_its_sync_is_held() {
    let here = start().await;
    here.connect().create_topic("t", 1);
    let (folder, gate, address) = (here.folder, Gate::open(), free_address());
    here.broker.shutdown().await;
    let _opens = Opens(gate.clone());
    let mut settings = BrokerSettings::new(folder.path().join("broker")).listen(address.to_string());
    settings.disk = Arc::new(GatedDisk(gate.clone()));
    gate.set(Syncs::Held);
    let starting = tokio::spawn(Broker::start(settings));
    tokio::task::block_in_place(|| gate.until_held());
    for _ in 0..20 {
        assert!(TcpStream::connect(address).is_err(), "it listens before its epoch is durable");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!starting.is_finished());
    gate.set(Syncs::Pass);
    let broker = starting.await.unwrap().unwrap();
    assert_eq!(epoch(&mut Raw::connect(address)), 2);
    broker.shutdown().await;
}

/// The power goes right after each start, before anyone has asked for anything.
#[tokio::test(flavor = "multi_thread")]
async fn d6_it_rises_at_every_start_even_if_the_power_goes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let on = |disk: &SimDisk| {
        let mut settings = BrokerSettings::new(folder.path());
        settings.disk = Arc::new(disk.clone());
        Broker::start(settings)
    };
    let mut disk = SimDisk::default();
    let first = on(&disk).await.unwrap();
    Raw::connect(first.address()).create_topic("t", 1);
    let mut rng = Rng::with_seed(5);
    let (mut world, mut broker) = (disk.world(), first);
    for start in 2..12 {
        let lost = [Lost::All, Lost::Any, Lost::Suffix, Lost::Memory, Lost::Nothing][start as usize % 5];
        disk = SimDisk::of(world.crash(lost, &mut rng));
        broker.shutdown().await;
        broker = on(&disk).await.unwrap();
        world = disk.world();
        assert_eq!(epoch(&mut Raw::connect(broker.address())), start, "after {lost:?}");
    }
}

fn end_of(raw: &mut Raw, epoch: i32) -> (i16, i32, i64) {
    let wanted = OffsetForLeaderPartition::default().with_leader_epoch(epoch).with_current_leader_epoch(-1);
    let topic = OffsetForLeaderTopic::default().with_topic(topic_name("t")).with_partitions(vec![wanted]);
    let answer = raw.call(4, &OffsetForLeaderEpochRequest::default().with_topics(vec![topic]));
    let end = &answer.topics[0].partitions[0];
    (end.error_code, end.leader_epoch, end.end_offset)
}

fn delete_to(raw: &mut Raw, offset: i64) {
    let partition = DeleteRecordsPartition::default().with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(topic_name("t")).with_partitions(vec![partition]);
    let answer = raw.call(2, &DeleteRecordsRequest::default().with_topics(vec![topic]));
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_the_end_of_every_epoch_is_known_after_delete_records_checkpoints_and_restarts() {
    let mut here = start().await;
    here.connect().create_topic("t", 1);
    for _ in 1..=4 {
        let mut raw = here.connect();
        for _ in 0..5 {
            assert_eq!(raw.produce("t", 0, batch(&["x"]).bytes()).error_code, 0);
        }
        here = here.restart().await; // an orderly stop writes a checkpoint
    }
    let mut raw = here.connect();
    let ends = [1, 2, 3, 4, 5].map(|epoch| end_of(&mut raw, epoch));
    assert_eq!(ends, [(0, 1, 5), (0, 2, 10), (0, 3, 15), (0, 4, 20), (0, 5, 20)]);
    delete_to(&mut raw, 12);
    let here = here.restart().await;
    let mut raw = here.connect();
    // Epochs 0 to 2 are older than the table now: they ended where it begins.
    let ends = [0, 1, 2, 3, 4, 5, 6].map(|epoch| end_of(&mut raw, epoch));
    assert_eq!(ends, [(0, 0, 12), (0, 1, 12), (0, 2, 12), (0, 3, 15), (0, 4, 20), (0, 4, 20), (0, 6, 20)]);
    delete_to(&mut raw, -1);
    let here = here.restart().await;
    let mut raw = here.connect();
    let ends = [1, 4, 6, 7].map(|epoch| end_of(&mut raw, epoch));
    assert_eq!(
        ends,
        [(0, 1, 20), (0, 4, 20), (0, 6, 20), (0, 7, 20)],
        "all records are gone, and nothing is forgotten"
    );
}
