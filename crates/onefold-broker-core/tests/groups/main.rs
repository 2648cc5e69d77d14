//! What consumer groups promise, one file a promise. Each drives the coordinator as the server does: an event in, effects
//! performed against a journal that is only a map, answers kept by token.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod a_member_id_is_required;
mod a_static_member_keeps_its_assignment;
mod answers_wait_for_the_journal;
mod bounds_hold;
mod commits_only_by_members_of_the_generation;
mod everyone_joins_one_generation;
mod heartbeats_tell_of_a_rebalance;
mod leaving_and_deleting;
mod nobody_waits_for_ever;
mod one_generation_is_live_g1;
mod random_histories;
mod sessions_start_again_after_recovery_g4;
mod the_leaders_assignment_is_passed_as_it_is_g2;
mod tools_see_the_groups;
mod world;
