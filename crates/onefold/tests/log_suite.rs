//! Two logs, one behaviour: every promise of `onefold::log::Log`, kept by the log in memory and by librdkafka on the
//! embedded broker, and on Apache Kafka (`cargo xtask kafka-parity` starts one and runs these). One file per promise in
//! `log_suite/`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

#[path = "log_suite/a_member_can_go_at_any_moment.rs"]
#[cfg(feature = "embedded")]
mod a_member_can_go_at_any_moment;
#[path = "log_suite/a_topic_that_is_not_there_has_no_id.rs"]
#[cfg(feature = "embedded")]
mod a_topic_that_is_not_there_has_no_id;
#[path = "log_suite/commits_come_back_as_they_were_made.rs"]
mod commits_come_back_as_they_were_made;
#[path = "log_suite/ends_and_times_are_told.rs"]
mod ends_and_times_are_told;
#[path = "log_suite/in_kafka.rs"]
#[cfg(feature = "embedded")]
mod in_kafka;
#[path = "log_suite/in_memory.rs"]
mod in_memory;
#[path = "log_suite/member.rs"]
mod member;
#[path = "log_suite/nothing_is_skipped_around_an_end.rs"]
mod nothing_is_skipped_around_an_end;
#[path = "log_suite/out_of_range_holds_up_no_other.rs"]
mod out_of_range_holds_up_no_other;
#[path = "log_suite/partitions_have_one_owner.rs"]
mod partitions_have_one_owner;
#[path = "log_suite/records_come_whole_and_in_order.rs"]
mod records_come_whole_and_in_order;
#[path = "log_suite/transactions_are_read_once_they_are_decided.rs"]
#[cfg(feature = "embedded")]
mod transactions_are_read_once_they_are_decided;

use std::time::Duration;

use onefold::Record;
use onefold::log::Log;

/// How long a question to the cluster may take.
const ASK: Duration = Duration::from_secs(10);

/// A cluster with one of the two logs in front of it.
trait Bench {
    /// What this cluster calls a topic or group of this name.
    fn named(&self, name: &str) -> String {
        name.to_owned()
    }

    fn create_topic(&self, topic: &str, partitions: i32);

    /// Produces all of these in order, acknowledged.
    fn publish(&self, records: Vec<Record>);

    fn join(&self, group: &str, topic: &str) -> Box<dyn Log>;

    /// Deletes what is below this offset, as retention does.
    fn delete_records(&self, topic: &str, partition: i32, below: i64);

    /// Takes the group's members out of it, without a word to them.
    fn expel(&self, group: &str, topic: &str);
}

/// So many records of a few keys, numbered in their value.
fn numbered(topic: &str, count: usize) -> Vec<Record> {
    let record = |nth: usize| {
        let (key, value) = (format!("key-{}", nth % 11), nth.to_string());
        Record::new(topic, Some(key.as_bytes()), Some(value.as_bytes()))
    };
    (0..count).map(record).collect()
}

macro_rules! both {
    ($($promise:ident :: $test:ident),* $(,)?) => {
        mod memory {
            $(#[test]
            fn $test() {
                crate::$promise::$test(&crate::in_memory::Memory::default());
            })*
        }
        #[cfg(feature = "embedded")]
        mod kafka {
            $(#[test]
            fn $test() {
                crate::$promise::$test(&crate::in_kafka::InKafka::embedded());
            })*
        }
        #[cfg(feature = "embedded")]
        mod apache {
            $(#[test]
            #[ignore = "needs Apache Kafka: cargo xtask kafka-parity"]
            fn $test() {
                crate::$promise::$test(&crate::in_kafka::InKafka::apache());
            })*

            /// The embedded broker has none yet.
            #[test]
            #[ignore = "needs Apache Kafka: cargo xtask kafka-parity"]
            fn transactions() {
                crate::transactions_are_read_once_they_are_decided::through_pauses_and_rebalances(
                    &crate::in_kafka::InKafka::apache(),
                );
            }
        }
    };
}

both![
    records_come_whole_and_in_order::each_partition_in_offset_order,
    records_come_whole_and_in_order::bytes_and_header_names_verbatim,
    records_come_whole_and_in_order::reading_starts_where_it_is_told_and_again,
    records_come_whole_and_in_order::started_again_at_once,
    records_come_whole_and_in_order::a_paused_partition_goes_on_after_its_last_record,
    records_come_whole_and_in_order::a_pause_after_the_end_skips_nothing,
    records_come_whole_and_in_order::a_pause_ends_with_the_assignment,
    commits_come_back_as_they_were_made::offset_epoch_and_metadata,
    commits_come_back_as_they_were_made::of_who_was_expelled_count_nothing,
    ends_and_times_are_told::an_end_comes_after_all_below_it,
    ends_and_times_are_told::bounds_times_and_partitions,
    ends_and_times_are_told::a_topics_id_is_told_after_it_was_asked_for,
    nothing_is_skipped_around_an_end::members_come_and_go_at_the_end,
    nothing_is_skipped_around_an_end::pauses_at_the_ends_of_many_partitions,
    nothing_is_skipped_around_an_end::polled_one_by_one,
    nothing_is_skipped_around_an_end::started_again_at_the_end,
    nothing_is_skipped_around_an_end::beside_one_that_is_out_of_range,
    out_of_range_holds_up_no_other::beyond_the_end_and_below_what_is_left,
    partitions_have_one_owner::who_joins_gets_what_was_released,
    partitions_have_one_owner::who_is_dropped_while_asked_gives_all_back,
    partitions_have_one_owner::who_leaves_gives_all_back,
    partitions_have_one_owner::who_has_what_is_told,
];
