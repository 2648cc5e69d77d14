//! What the storage promises, each promise a file, on a simulated disk of which every effect is seen and can be held.

#[path = "../support/mod.rs"]
mod support;
mod watched;

mod a_checkpoint_holds_nobody_up;
mod a_checkpoint_is_written_in_order;
mod a_recycled_files_old_records_never_count;
mod a_topics_files_go_after_its_deletion;
mod an_old_journal_file_is_never_written_again;
mod d1_whatever_is_appended_is_synced_within_5_ms;
mod everything_goes_through_one_small_trait;
mod journal_files_are_filled_ahead;
mod journal_files_say_whose_they_are;
mod replay_applies_and_decides_nothing;
mod two_groups_in_the_air_land_in_order;
mod what_is_not_as_the_checkpoint_says_is_refused;
