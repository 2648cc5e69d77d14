//! Where letters came from: told to those who ask for a place that none came from, which is most often misspelt.

use super::choice::Origin;
use super::letters::Letter;
use onefold::dead_letter::dialect::CameFrom;
use onefold::settings::nearest;
use std::collections::BTreeSet;
use std::fmt::Display;

/// So many topics or partitions are kept, and told.
const MOST: usize = 12;

/// The places that are asked for, and what was seen near them.
pub struct Origins<'a> {
    wanted: Vec<Wanted<'a>>,
    topics: BTreeSet<String>,
}

struct Wanted<'a> {
    place: &'a Origin,
    is_met: bool,
    /// Of its topic.
    partitions: BTreeSet<i32>,
    /// Of its partition: the nearest offset before it, and the nearest after it.
    around: [Option<i64>; 2],
}

impl<'a> Origins<'a> {
    pub fn of(places: &'a [Origin]) -> Origins<'a> {
        let wanted = |place| Wanted { place, is_met: false, partitions: BTreeSet::new(), around: [None, None] };
        Origins { wanted: places.iter().map(wanted).collect(), topics: BTreeSet::new() }
    }

    pub fn note(&mut self, letter: &Letter) {
        let Some(at) = letter.told.origin.as_ref().filter(|_| !self.wanted.is_empty()) else { return };
        if !self.topics.contains(&at.topic) {
            note(&mut self.topics, at.topic.clone());
        }
        self.wanted.iter_mut().filter(|wanted| !wanted.is_met).for_each(|wanted| wanted.note(at));
    }

    /// What to say of the places that no letter came from; none where there are no letters at all.
    pub fn unmet(&self) -> Option<String> {
        let unmet = self.wanted.iter().filter(|wanted| !wanted.is_met && !self.topics.is_empty());
        let lines: Vec<String> = unmet.map(|wanted| wanted.text(&self.topics)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Wanted<'_> {
    fn note(&mut self, at: &CameFrom) {
        self.is_met = self.place.holds(&at.topic, at.partition, at.offset);
        if at.topic != self.place.topic {
            return;
        }
        note(&mut self.partitions, at.partition);
        if let Some(offset) = self.place.offset.filter(|_| self.place.partition == Some(at.partition)) {
            let [before, after] = &mut self.around;
            match at.offset < offset {
                true => *before = (*before).max(Some(at.offset)),
                false => *after = Some(after.map_or(at.offset, |after| after.min(at.offset))),
            }
        }
    }

    fn text(&self, topics: &BTreeSet<String>) -> String {
        let Origin { topic, partition, .. } = self.place;
        let near =
            self.around.into_iter().flatten().map(|offset| format!("{topic}/{}/{offset}", partition.unwrap_or(0)));
        let near: Vec<String> = near.collect();
        let hint = match nearest(topic, topics.iter().map(String::as_str)) {
            _ if !near.is_empty() => format!("nearest        {}", near.join(", ")),
            _ if !self.partitions.is_empty() => format!("letters of it  partition {}", listed(&self.partitions)),
            Some(near) => format!("nearest        {near}"),
            None => format!("letters        of {}", listed(topics)),
        };
        format!("no letter came from {}\n  {hint}", self.place)
    }
}

/// One more than are told, so that it shows that there are others.
fn note<T: Ord>(seen: &mut BTreeSet<T>, one: T) {
    if seen.len() <= MOST {
        seen.insert(one);
    }
}

fn listed<T: Display>(seen: &BTreeSet<T>) -> String {
    let told: Vec<String> = seen.iter().take(MOST).map(T::to_string).collect();
    format!("{}{}", told.join(", "), if seen.len() > MOST { ", .." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onefold::dead_letter::redrive::Told;

    fn said(wanted: &str, letters: &[(&str, i32, i64)]) -> Option<String> {
        let places = [Origin::parse(wanted).expect("a place")];
        let mut origins = Origins::of(&places);
        for (topic, partition, offset) in letters {
            let origin = CameFrom { topic: (*topic).to_owned(), partition: *partition, offset: *offset, message: None };
            let told = Told { origin: Some(origin), ..Told::default() };
            let record = onefold::Record::new("t.dead", None, None);
            origins.note(&Letter { record, told, is_back: false });
        }
        origins.unmet()
    }

    #[test]
    fn what_is_nearest_is_said() {
        let letters = [("payments", 0, 7), ("payments", 2, 30), ("payments", 2, 50), ("orders", 0, 1)];
        let nearest = |text: &str| Some(format!("no letter came from {text}"));
        for there in ["payments", "payments/2", "payments/2/30", "orders/0"] {
            assert_eq!(said(there, &letters), None, "{there}");
        }
        for (wrong, hint) in [
            ("paymnts", "nearest        payments"),
            ("paymnts/2/30", "nearest        payments"),
            ("elsewhere", "letters        of orders, payments"),
            ("payments/1", "letters of it  partition 0, 2"),
            ("payments/1/30", "letters of it  partition 0, 2"),
            ("payments/2/40", "nearest        payments/2/30, payments/2/50"),
            ("payments/2/99", "nearest        payments/2/50"),
        ] {
            assert_eq!(said(wrong, &letters), nearest(wrong).map(|no| format!("{no}\n  {hint}")));
        }
        assert_eq!(said("paymnts", &[]), None, "without letters nothing is misspelt");
    }

    #[test]
    fn what_is_kept_and_told_is_bounded() {
        let names: Vec<String> = (10..99).map(|nth| format!("topic-{nth}")).collect();
        let letters: Vec<(&str, i32, i64)> = names.iter().map(|name| (name.as_str(), 0, 0)).collect();
        let said = said("elsewhere", &letters).expect("no such letter");
        assert!(said.ends_with("topic-20, topic-21, .."), "{said}");
    }
}
