//! A record that kills the process: which one it is, and when it has killed often enough.
//!
//! An owner of a partition leaves a [`Note`] before it reads, and closes it when it leaves in order. An owner that finds
//! the note of another one open knows that it ended without a word. Once that says nothing: processes are killed from
//! outside. After two such ends in a row at one position, all that may have been in flight there are suspects: they run
//! one after the other, each alone in the process, and "this one runs, for the nth time" is durable before it does. A
//! record that never came back from so many runs is dead; nobody else is charged for any end.
//!
//! What happens here: [`Suspects`] decides, for one partition and one owner, what the note says, how far reading may go,
//! and who may run. What must not: nothing here writes a note or runs a record, and the gate that keeps the rest of the
//! process quiet is the shell's.

mod note;
mod owner;

#[cfg(test)]
mod note_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod suspects_model;

pub use note::{LONGEST_NOTE, Note, Tried};
pub use owner::{Call, Suspects, SuspectsSettings};
