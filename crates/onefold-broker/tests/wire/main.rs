//! What the broker promises on the wire, each promise a file. The clients are raw: what real clients never send is sent here.

#![allow(clippy::unwrap_used, reason = "an error here is a failed test")]

mod common;

mod a_broker_starts_at_once_and_leaves_nothing;
mod a_full_disk_answers_kafka_storage_error;
mod a_silent_connection_is_closed;
mod a_topic_made_again_inherits_nothing;
mod acks_zero_has_no_answer;
mod answers_leave_in_the_order_of_requests;
mod answers_wait_for_the_disk;
mod api_versions_answers_newer_clients;
mod batches_are_stored_as_they_came;
mod every_answer_waits_for_what_it_tells;
mod every_served_version_is_answered;
mod fetch_waits_and_never_starves;
mod groups_answer_with_kafkas_codes;
mod i7_producers_expire_on_broker_time;
mod journal_records_are_results_in_one_order;
mod list_offsets_knows_every_special_timestamp;
mod log_dirs_tell_what_partitions_take;
mod nothing_moves_between_brokers;
mod offsets_expire_when_nobody_needs_them;
mod produce_refuses_as_kafka_does;
mod producers_of_a_partition_are_described;
mod requests_in_pieces_are_heard;
mod retries_of_the_last_five_answer_their_first_offset;
mod the_leader_epoch_is_durable_before_anyone_is_served;
mod the_page_of_what_is_missing_is_true;
mod tools_hear_what_there_is_none_of;
mod topic_configs_are_checked_as_kafka_does;
mod topics_are_described_a_page_at_a_time;
mod topics_are_visible_before_their_creation_is_answered;
mod wrong_requests_get_kafkas_codes;
