//! What pipelines promise, on the log in memory with real SQLite. One file per promise in `delivery/`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

#[path = "delivery/a_database_in_trouble_costs_no_record.rs"]
mod a_database_in_trouble_costs_no_record;
#[path = "delivery/a_drain_says_for_whom_it_waits.rs"]
mod a_drain_says_for_whom_it_waits;
#[path = "delivery/a_lent_transaction_is_given_back_whole.rs"]
mod a_lent_transaction_is_given_back_whole;
#[path = "delivery/a_lost_partition_is_no_end.rs"]
mod a_lost_partition_is_no_end;
#[path = "delivery/a_parked_key_holds_up_no_other.rs"]
mod a_parked_key_holds_up_no_other;
#[path = "delivery/a_position_out_of_range_halts_loudly.rs"]
mod a_position_out_of_range_halts_loudly;
#[path = "delivery/a_sink_that_hangs_holds_up_nobody.rs"]
mod a_sink_that_hangs_holds_up_nobody;
#[path = "delivery/a_sink_that_is_down_pauses_and_burns_nothing.rs"]
mod a_sink_that_is_down_pauses_and_burns_nothing;
#[path = "delivery/a_topic_that_is_deleted_ends_its_run.rs"]
mod a_topic_that_is_deleted_ends_its_run;
#[path = "delivery/another_database_of_the_group_is_found_out.rs"]
mod another_database_of_the_group_is_found_out;
#[path = "delivery/at_most_once_skips_nothing_undisturbed.rs"]
mod at_most_once_skips_nothing_undisturbed;
#[path = "delivery/common.rs"]
mod common;
#[path = "delivery/crash_at_any_point_ends_as_promised.rs"]
mod crash_at_any_point_ends_as_promised;
#[path = "delivery/dead_letters_come_before_positions.rs"]
mod dead_letters_come_before_positions;
#[path = "delivery/each_outcome_has_its_way.rs"]
mod each_outcome_has_its_way;
#[path = "delivery/holder.rs"]
mod holder;
#[path = "delivery/layers_wrap_each_attempt.rs"]
mod layers_wrap_each_attempt;
#[path = "delivery/older_than_the_window_is_decided.rs"]
mod older_than_the_window_is_decided;
#[path = "delivery/partitions_move_between_members.rs"]
mod partitions_move_between_members;
#[path = "delivery/parts_that_do_not_fit_do_not_start.rs"]
mod parts_that_do_not_fit_do_not_start;
#[path = "delivery/records_that_are_put_back_run_again_once.rs"]
mod records_that_are_put_back_run_again_once;
#[path = "delivery/sql_that_cannot_run_does_not_start.rs"]
mod sql_that_cannot_run_does_not_start;
#[path = "delivery/suspects_run_alone_and_others_go_on.rs"]
mod suspects_run_alone_and_others_go_on;
#[path = "delivery/two_owners_are_fenced_by_epoch.rs"]
mod two_owners_are_fenced_by_epoch;
