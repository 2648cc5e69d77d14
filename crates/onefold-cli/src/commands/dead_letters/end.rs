//! The end of a redrive: what was put back, and what of it nobody could be told.

use super::place::Place;
use super::redrive::Options;
use crate::console::{count, put, say};
use crate::exit::{Done, Failure};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct End {
    /// By topic, letters that were put back and noted.
    pub counts: BTreeMap<String, u64>,
    /// Letters that are chosen, and were put back before.
    pub before: u64,
    pub without_origin: u64,
    /// How many letters could not be told, and the first reason.
    pub(super) untold: u64,
    pub(super) deaf: Option<Failure>,
}

impl End {
    pub fn all(&self) -> u64 {
        self.counts.values().sum()
    }

    pub fn told(&mut self, put: Done) {
        if let Err(why) = put {
            self.untold += 1;
            self.deaf.get_or_insert(why);
        }
    }

    /// Of a call that ended early.
    pub fn with_what_is_done(&self, why: Failure) -> Failure {
        let untold = match self.untold {
            0 => String::new(),
            untold => format!(" ({untold} of them could not be told)"),
        };
        let noted = count(self.all(), "letter");
        why.and(&format!("\n  put back and noted: {noted}{untold}; run it again for the rest"))
    }

    /// Whoever asked for a line a letter did not get them: done is not told.
    pub fn refuse_untold(&mut self, place: &Place) -> Done {
        let Some(why) = self.deaf.take() else { return Ok(()) };
        let all = count(self.all(), "letter");
        let untold = match self.untold {
            0 => "which could not be told".to_owned(),
            untold => format!("but {untold} of them could not be told"),
        };
        Err(why.and(&format!(
            "\n  all is done: {all} put back and noted, {untold}\n  \
             to see them    {}",
            place.list_all
        )))
    }

    pub fn say(&self, place: &Place, options: &Options) -> Done {
        if options.json {
            let line = json!({
                "topic": place.topic, "dry_run": options.dry_run, "letters": self.all(),
                "before": self.before, "without_origin": self.without_origin,
            });
            return if self.deaf.is_none() { put(&line.to_string()) } else { Ok(()) };
        }
        let into: Vec<String> =
            self.counts.iter().map(|(topic, number)| format!("{} into {topic}", count(*number, "letter"))).collect();
        let what = if into.is_empty() { count(0, "letter") } else { into.join(", ") };
        let mut text = if options.dry_run { format!("would put back {what}") } else { format!("put back {what}") };
        if self.before > 0 && !options.again {
            text.push_str(&format!("; {} put back before (--again takes them too)", were(self.before)));
        }
        if self.without_origin > 0 {
            text.push_str(&format!("; {} do not say where they came from (--to TOPIC)", self.without_origin));
        }
        say(&text);
        Ok(())
    }
}

/// `1 was`, `2 were`.
pub fn were(number: u64) -> String {
    format!("{number} {}", if number == 1 { "was" } else { "were" })
}
