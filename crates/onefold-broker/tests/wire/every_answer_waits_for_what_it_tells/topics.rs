//! Topics that come, go, grow and change.

use kafka_protocol::messages::{ApiVersionsRequest, ListConfigResourcesRequest, ListGroupsRequest, MetadataRequest};

use super::requests::*;
use super::{Held, text};
use crate::common::batch;
use crate::common::raw::{fetch_request, only, produce_request};

/// Everything that can be asked about a topic, and what is answered by whether it is there: the code of its line.
fn ask_all(held: &mut Held, name: &'static str, is_there: bool) {
    let missing = move |code: i16| if is_there { code } else { 3 };
    held.ask("Metadata", 12, metadata(name), move |a| assert_eq!(a.topics[0].error_code, missing(0)));
    held.ask("DescribeTopicPartitions", 0, page(name), move |a| assert_eq!(a.topics[0].error_code, missing(0)));
    held.ask("DescribeConfigs", 4, configs(name), move |a| assert_eq!(a.results[0].error_code, missing(0)));
    held.ask("ListOffsets, earliest", 7, list_offsets(name, 0, -2), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("ListOffsets by time", 7, list_offsets(name, 0, 5), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("OffsetForLeaderEpoch", 4, end_of_epoch(name, 1), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("Fetch", 12, fetch_request(name, 0, 0), move |a| {
        assert_eq!(a.responses[0].partitions[0].error_code, missing(0));
    });
    held.ask("DescribeProducers", 0, producers(name), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("DescribeLogDirs", 4, log_dirs(name, vec![0]), move |a| {
        assert_eq!(!a.results[0].topics.is_empty(), is_there);
    });
    held.ask("ElectLeaders", 2, elect(name), move |a| {
        assert_eq!(a.replica_election_results[0].partition_result[0].error_code, missing(84));
    });
    held.ask("AlterPartitionReassignments", 0, reassign(name), move |a| {
        assert_eq!(a.responses[0].partitions[0].error_code, missing(0));
    });
    let here = held.here.folder.path().join("broker").display().to_string();
    held.ask("AlterReplicaLogDirs", 2, move_to(name, here), move |a| {
        assert_eq!(a.results[0].partitions[0].error_code, missing(0));
    });
    held.ask("DeleteRecords", 2, delete_records(name, 0), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("Produce with acks=1", 9, produce_request(name, 0, batch(&["x"]).bytes(), 1), move |a| {
        assert_eq!(only(a).error_code, missing(0));
    });
    held.ask("OffsetCommit", 8, commit(name, 1), move |a| {
        assert_eq!(a.topics[0].partitions[0].error_code, missing(0));
    });
    held.ask("CreatePartitions, validated", 3, grow(name, 5, true), move |a| {
        assert_eq!(a.results[0].error_code, missing(0));
    });
    held.ask("AlterConfigs, validated", 2, replace_configs(name, "99", true), move |a| {
        assert_eq!(a.responses[0].error_code, missing(0));
    });
    held.ask("IncrementalAlterConfigs, validated", 1, set_config(name, "99", true), move |a| {
        assert_eq!(a.responses[0].error_code, missing(0));
    });
    held.ask("ListConfigResources", 1, ListConfigResourcesRequest::default().with_resource_types(vec![2]), move |a| {
        assert_eq!(a.config_resources.iter().any(|one| *one.resource_name == *name), is_there);
    });
    held.ask("Metadata of all", 12, MetadataRequest::default().with_topics(None), move |a| {
        assert_eq!(a.topics.iter().any(|one| one.name.as_ref().is_some_and(|own| *own.0 == *name)), is_there);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_topic_is_there() {
    let mut held = Held::new().await;
    held.change("CreateTopics", 7, create("new"), |a| assert_eq!(a.topics[0].error_code, 0));
    ask_all(&mut held, "new", true);
    // A record in it that nobody was answered for: there is something to wait for, at an offset above 0.
    let mut raw = held.raw();
    raw.send(9, &produce_request("new", 0, batch(&["x"]).bytes(), 0));
    assert!(!raw.call(0, &ApiVersionsRequest::default()).api_keys.is_empty(), "and it is appended");
    held.ask("Fetch at the end of a log that is not durable", 12, fetch_request("new", 0, 1), |a| {
        assert_eq!(a.responses[0].partitions[0].error_code, 0);
    });
    held.ask("CreateTopics again", 7, create("new"), |a| assert_eq!(a.topics[0].error_code, 36));
    held.ask("CreateTopics, validated", 7, create("new").with_validate_only(true), |a| {
        assert_eq!(a.topics[0].error_code, 36);
    });
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_metadata_made_a_topic() {
    let mut held = Held::new().await;
    let asked = metadata("new").with_allow_auto_topic_creation(true);
    held.change("Metadata that creates", 12, asked, |a| assert_eq!(a.topics[0].error_code, 5));
    held.ask("Metadata", 12, metadata("new"), |a| assert_eq!(a.topics[0].partitions.len(), 4));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_topic_is_gone_with_its_offsets() {
    let mut held = Held::new().await;
    let mut raw = held.raw();
    assert_eq!(raw.call(8, &commit("t", 1)).topics[0].partitions[0].error_code, 0);
    held.change("DeleteTopics", 6, delete("t"), |a| assert_eq!(a.responses[0].error_code, 0));
    ask_all(&mut held, "t", false);
    held.ask("DeleteTopics again", 6, delete("t"), |a| assert_eq!(a.responses[0].error_code, 3));
    held.ask("Produce with acks=all", 9, produce_request("t", 0, batch(&["x"]).bytes(), -1), |a| {
        assert_eq!(only(a).error_code, 3);
    });
    held.ask("OffsetFetch", 7, committed("t"), |a| assert_eq!(a.topics[0].partitions[0].committed_offset, -1));
    held.ask("OffsetFetch of all", 9, all_committed(), |a| assert!(a.groups[0].topics.is_empty()));
    held.ask("OffsetDelete", 0, forget_offset("t"), |a| assert_eq!(a.topics[0].partitions[0].error_code, 3));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_topic_has_more_partitions() {
    let mut held = Held::new().await;
    held.change("CreatePartitions", 3, grow("t", 2, false), |a| assert_eq!(a.results[0].error_code, 0));
    held.ask("Metadata", 12, metadata("t"), |a| assert_eq!(a.topics[0].partitions.len(), 2));
    held.ask("DescribeTopicPartitions", 0, page("t"), |a| assert_eq!(a.topics[0].partitions.len(), 2));
    held.ask("ListOffsets", 7, list_offsets("t", 1, -2), |a| assert_eq!(a.topics[0].partitions[0].offset, 0));
    held.ask("Fetch", 12, fetch_request("t", 1, 0), |a| assert_eq!(a.responses[0].partitions[0].error_code, 0));
    held.ask("Produce with acks=1", 9, produce_request("t", 1, batch(&["x"]).bytes(), 1), |a| {
        assert_eq!(only(a).error_code, 0);
    });
    held.ask("DescribeLogDirs", 4, log_dirs("t", vec![1]), |a| assert!(!a.results[0].topics.is_empty()));
    held.ask("CreatePartitions again", 3, grow("t", 2, false), |a| assert_eq!(a.results[0].error_code, 37));
    held.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_topic_has_another_config() {
    for incremental in [true, false] {
        let mut held = Held::new().await;
        match incremental {
            true => held.change("IncrementalAlterConfigs", 1, set_config("t", "99", false), |a| {
                assert_eq!(a.responses[0].error_code, 0);
            }),
            false => held.change("AlterConfigs", 2, replace_configs("t", "99", false), |a| {
                assert_eq!(a.responses[0].error_code, 0);
            }),
        }
        held.ask("DescribeConfigs", 4, configs("t"), |a| {
            assert_eq!(a.results[0].configs[0].value, Some(text("99")));
        });
        held.ask("Produce with acks=1 of a batch that is too large now", 9, too_large(1), |a| {
            assert_eq!(only(a).error_code, 10);
        });
        held.ask("the same with acks=all", 9, too_large(-1), |a| assert_eq!(only(a).error_code, 10));
        held.ends();
    }
}

fn too_large(acks: i16) -> kafka_protocol::messages::ProduceRequest {
    produce_request("t", 0, batch(&["x".repeat(200)]).bytes(), acks)
}

/// What tells nothing of the change waits for nothing: else the silence above would prove little.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_told_nothing_new_is_answered_meanwhile() {
    let mut held = Held::new().await;
    held.change("CreateTopics", 7, create("new"), |a| assert_eq!(a.topics[0].error_code, 0));
    let mut raw = held.raw();
    let fetched = raw.call(12, &fetch_request("t", 0, 0)).responses[0].partitions[0].clone();
    assert_eq!((fetched.error_code, fetched.high_watermark), (0, 2));
    assert_eq!(raw.call(7, &list_offsets("t", 0, -1)).topics[0].partitions[0].offset, 2);
    assert_eq!(raw.call(4, &end_of_epoch("t", 1)).topics[0].partitions[0].end_offset, 2);
    assert_eq!(only(raw.call(9, &produce_request("t", 0, batch(&["x"]).bytes(), 1))).base_offset, 2);
    assert!(raw.call(4, &ListGroupsRequest::default()).groups.is_empty());
    held.ends();
}
