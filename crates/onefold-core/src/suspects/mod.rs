//! A record that kills the process: which one it is, and when it has killed often enough.
//!
//! An owner of a partition leaves a [`Note`] before it reads, and closes it when it leaves in order. An owner that finds
//! the note of another one open knows that it ended without a word. Processes are killed from outside all the time, so
//! that alone charges nobody. It only narrows down, with each such end in a row, what may have been in flight:
//!
//! | ends in a row | what may run | so that the next end leaves as suspects |
//! |---|---|---|
//! | 0 | whatever is read | whatever the log holds above the position |
//! | 1 | what is noted, a few hundred records ahead of reading, for a while | what is noted |
//! | 2 | a noted set of a few unsettled records at a time, until the suspects are through | what that set holds |
//! | 3 | suspects, one after the other, each **alone in the process** | the one that ran |
//!
//! "In a row" means that the position did not move, for the first two; from then on suspicion ends only when the position
//! has passed all suspects. A window and a set are durable before a record in them is even looked at: the note's
//! *horizon* is the first offset that nobody came to. In a set, what is settled leaves its place to the next one, so one
//! slow record holds up nobody. Windows and sets of all partitions and pipelines go on side by side: a death in them says
//! nothing about anybody, but where the next owner looks.
//!
//! Only the record that runs alone is charged: "this one runs, for the nth time" is durable before it does. A record that
//! never came back from so many runs is dead; nobody else is charged for any end. A killer in a position that stands still
//! is dead after three deaths that charge nobody and the `crashes` that it is charged. Kills from outside cost a few
//! records a partition that run alone, not all that was in flight.
//!
//! What happens here: [`Suspects`] decides, for one partition and one owner, what the note says, how far reading may go,
//! and who may run. What must not: nothing here writes a note or runs a record, and the gate that keeps the rest of the
//! process quiet is the shell's.

mod note;
mod owner;

#[cfg(test)]
mod note_tests;
#[cfg(test)]
mod owner_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod suspects_model;

pub use note::{LONGEST_NOTE, Note, Tried};
pub use owner::{Call, Suspects, SuspectsSettings};
