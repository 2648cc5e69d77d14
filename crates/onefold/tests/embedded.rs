//! The same promises on the embedded broker, through librdkafka. One file per promise in `embedded/`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

#[path = "embedded/a_position_out_of_range_halts_its_partition.rs"]
mod a_position_out_of_range_halts_its_partition;
#[path = "embedded/a_record_that_kills_the_process_ends_dead.rs"]
mod a_record_that_kills_the_process_ends_dead;
#[path = "embedded/a_stop_during_a_rebalance_ends_soon.rs"]
mod a_stop_during_a_rebalance_ends_soon;
#[path = "embedded/bytes_come_through_verbatim.rs"]
mod bytes_come_through_verbatim;
#[path = "delivery/common.rs"]
mod common;
#[path = "embedded/killed_at_any_point_points_add_up.rs"]
mod killed_at_any_point_points_add_up;
#[path = "embedded/points_add_up_across_restarts.rs"]
mod points_add_up_across_restarts;
#[path = "embedded/strangers_in_a_group_are_named.rs"]
mod strangers_in_a_group_are_named;
#[path = "embedded/topics_are_made_as_they_are_asked_for.rs"]
mod topics_are_made_as_they_are_asked_for;
#[path = "embedded/two_members_find_out_a_killer_together.rs"]
mod two_members_find_out_a_killer_together;
#[path = "embedded/two_runners_share_and_lose_nothing.rs"]
mod two_runners_share_and_lose_nothing;
#[path = "embedded/what_is_held_back_is_said_at_the_end.rs"]
mod what_is_held_back_is_said_at_the_end;

use onefold::log::Publish;
use onefold::prelude::*;

/// Produces all of these, acknowledged.
async fn produce(kafka: &Kafka, records: impl IntoIterator<Item = Record>) {
    let sent = records.into_iter().map(|record| kafka.publisher().publish(record));
    for result in futures_util::future::join_all(sent).await {
        result.unwrap();
    }
}
