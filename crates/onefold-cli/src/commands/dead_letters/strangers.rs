//! Records of a topic that are no letters: nothing in them tells of a death. A dead-letter topic of another system may
//! have some; a topic that has nothing else was named by mistake.

use super::letters::Letter;
use super::place::Place;
use crate::console::count;
use crate::exit::{Done, Failure};

/// A topic is looked at no further than this without a letter: it may be very long.
const LOOK: u64 = 10_000;

#[derive(Default)]
pub struct Strangers {
    letters: u64,
    pub strangers: u64,
}

impl Strangers {
    /// Ends the reading of a topic that seems to have no letters at all.
    pub fn note(&mut self, letter: &Letter, place: &Place) -> Done {
        match letter.told.tells_of_a_death() {
            true => self.letters += 1,
            false => self.strangers += 1,
        }
        let is_enough = self.letters == 0 && self.strangers >= LOOK && place.group.is_none();
        if is_enough { Err(no_letters(place, &format!("first {LOOK} records"))) } else { Ok(()) }
    }

    /// Of the topic of a pipeline nobody was mistaken.
    pub fn refuse_only(&self, place: &Place) -> Done {
        if self.letters > 0 || self.strangers == 0 || place.group.is_some() {
            return Ok(());
        }
        Err(no_letters(place, &count(self.strangers, "record")))
    }
}

fn no_letters(place: &Place, records: &str) -> Failure {
    Failure::failed(format!(
        "{} holds no dead letters: nothing in its {records} tells of a death{}",
        place.topic, place.instead
    ))
}
