//! Embedding: a start says clearly what is in its way, two brokers do not share a folder or a port, and a broker that was
//! shut down leaves no thread, no socket, no lock and no address behind.

use std::net::TcpStream;

use onefold_broker::{Broker, BrokerError, BrokerSettings, Presence, cluster_of, presence};

use crate::common::gate::{Gate, GatedDisk, Opens, Syncs};
use crate::common::raw::{offsets, topic_name};
use crate::common::{batch, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_a_locked_folder_and_a_wrong_address_are_named() {
    let here = start().await;
    let other = tempfile::tempdir().unwrap();
    let start = |data: &std::path::Path, listen: &str| Broker::start(BrokerSettings::new(data).listen(listen));

    let taken = start(other.path(), &here.broker.address().to_string()).await.err().unwrap();
    assert!(matches!(taken, BrokerError::AddressTaken { .. }), "{taken}");
    let locked = start(&here.folder.path().join("broker"), "127.0.0.1:0").await.err().unwrap();
    assert!(locked.to_string().contains("in use by another broker"), "{locked}");
    let malformed = start(other.path(), "nowhere").await.err().unwrap();
    assert!(matches!(malformed, BrokerError::AddressMalformed { .. }), "{malformed}");
    let elsewhere = start(other.path(), "192.0.2.1:9092").await.err().unwrap();
    assert!(matches!(elsewhere, BrokerError::AddressUnusable { .. }), "{elsewhere}");
    let file = other.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(start(&file, "127.0.0.1:0").await.is_err());
    start(other.path(), "127.0.0.1:0").await.unwrap().shutdown().await; // the folder of a failed start is free again
}

#[test]
fn it_runs_in_any_runtime_and_is_gone_after_its_shutdown() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let broker = Broker::start(BrokerSettings::new(folder.path())).await.unwrap();
        let address = broker.address();
        assert_eq!(presence(folder.path()).unwrap(), Presence::Serves(address));
        let mut raw = crate::common::Raw::connect(address);
        raw.create_topic("t", 1);

        broker.shutdown().await;

        assert!(raw.is_closed());
        assert!(TcpStream::connect(address).is_err());
        assert_eq!(presence(folder.path()).unwrap(), Presence::Nobody);
        let again = Broker::start(BrokerSettings::new(folder.path())).await.unwrap();
        drop(again); // as good as a shutdown
        Broker::start(BrokerSettings::new(folder.path())).await.unwrap().shutdown().await;
    });
}

/// Who looks at the folder from outside is told the truth at each step, however long the disk makes it take.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_says_whether_its_broker_starts_serves_or_stops() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::open());
    let here = || presence(folder.path()).unwrap();
    let opens = Opens(gate.clone());
    let mut settings = BrokerSettings::new(folder.path());
    settings.disk = std::sync::Arc::new(GatedDisk(gate.clone()));
    settings.log.ready_files = 0;
    gate.set(Syncs::Held);
    let starting = tokio::spawn(Broker::start(settings));
    let held = gate.clone();
    tokio::task::spawn_blocking(move || held.until_held()).await.unwrap();
    assert_eq!(here(), Presence::Starts);
    gate.set(Syncs::Pass);
    let broker = starting.await.unwrap().unwrap();
    assert_eq!(here(), Presence::Serves(broker.address()));

    crate::common::Raw::connect(broker.address()).create_topic("t", 1); // something for a last checkpoint
    gate.set(Syncs::Held);
    let stopping = tokio::spawn(broker.shutdown());
    let held = gate.clone();
    tokio::task::spawn_blocking(move || held.until_held()).await.unwrap();
    assert_eq!(here(), Presence::Stops);
    gate.set(Syncs::Pass);
    stopping.await.unwrap();
    assert_eq!(here(), Presence::Nobody);
    drop(opens);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name != "state" && name != "address"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acked_is_there_after_a_restart_and_the_epoch_has_risen() {
    use kafka_protocol::messages::MetadataRequest;
    use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
    let here = start().await;
    let cluster = here.broker.cluster_id().to_owned();
    let id = here.connect().create_topic("t", 1);
    here.connect().produce("t", 0, batch(&["a", "b"]).bytes());

    let here = here.restart().await;

    assert_eq!(here.broker.cluster_id(), cluster);
    let topic = MetadataRequestTopic::default().with_name(Some(topic_name("t")));
    let seen = here.connect().call(12, &MetadataRequest::default().with_topics(Some(vec![topic])));
    assert_eq!(seen.topics[0].topic_id, id);
    assert_eq!(seen.topics[0].partitions[0].leader_epoch, 2, "each start is an epoch");
    let fetched = here.connect().fetch("t", 0, 0);
    assert_eq!(offsets(fetched.responses[0].partitions[0].records.clone().unwrap()), [0, 1]);
    assert_eq!(end_of_epoch(&mut here.connect(), 1), (1, 2), "where the first start ended");
    here.connect().produce("t", 0, batch(&["c"]).bytes());
    assert_eq!(end_of_epoch(&mut here.connect(), 2), (2, 3));
    assert_eq!(end_of_epoch(&mut here.connect(), 1), (1, 2));
}

fn end_of_epoch(raw: &mut crate::common::Raw, epoch: i32) -> (i32, i64) {
    use kafka_protocol::messages::OffsetForLeaderEpochRequest;
    use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
    let wanted = OffsetForLeaderPartition::default().with_leader_epoch(epoch).with_current_leader_epoch(2);
    let topic = OffsetForLeaderTopic::default().with_topic(topic_name("t")).with_partitions(vec![wanted]);
    // Version 2 is what librdkafka sends.
    let answer = raw.call(2, &OffsetForLeaderEpochRequest::default().with_topics(vec![topic]));
    let end = &answer.topics[0].partitions[0];
    (end.leader_epoch, end.end_offset)
}

/// Others see whose a folder is without opening it: while its broker runs, by its journal or its checkpoint, and after.
#[tokio::test(flavor = "multi_thread")]
async fn whose_a_folder_is_can_be_seen_from_outside() {
    let here = start().await;
    let data = here.folder.path().join("broker");
    let cluster = Some(here.broker.cluster_id().to_owned());
    assert_eq!(cluster_of(&data).unwrap(), cluster);
    here.connect().create_topic("t", 1);
    here.connect().produce("t", 0, batch(&["a"]).bytes());
    assert_eq!(cluster_of(&data).unwrap(), cluster);
    let here = here.restart().await;
    assert_eq!(cluster_of(&data).unwrap(), cluster);
    here.broker.shutdown().await;
    assert_eq!(cluster_of(&data).unwrap(), cluster, "nobody needs to run");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(cluster_of(empty.path()).unwrap(), None);
    assert_eq!(cluster_of(&empty.path().join("nowhere")).unwrap(), None);
    std::fs::write(empty.path().join("journal"), "").unwrap();
    assert!(cluster_of(empty.path()).is_err(), "what cannot be looked at is not taken for nobody's");
}
