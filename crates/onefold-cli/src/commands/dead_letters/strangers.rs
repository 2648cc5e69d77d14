//! Records of a topic that are no letters: nothing in them tells of a death. A dead-letter topic of another system may
//! have some; a topic that has nothing else was named by mistake.

use super::letters::Letter;
use super::place::Place;
use crate::console::count;
use crate::exit::{Done, Failure};

#[derive(Default)]
pub struct Strangers {
    letters: u64,
    pub strangers: u64,
}

impl Strangers {
    pub fn note(&mut self, letter: &Letter) {
        match letter.told.tells_of_a_death() {
            true => self.letters += 1,
            false => self.strangers += 1,
        }
    }

    /// Of the topic of a pipeline nobody was mistaken.
    pub fn refuse_only(&self, place: &Place) -> Done {
        if self.letters > 0 || self.strangers == 0 || place.group.is_some() {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "{} holds no dead letters: nothing in its {} tells of a death{}",
            place.topic,
            count(self.strangers, "record"),
            place.instead
        )))
    }
}
