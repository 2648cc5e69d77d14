//! A crash between publishing a letter and noting its verdict leaves the letter twice: one death, put back once.

use super::letters::Letter;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The deaths that were seen in one reading of the letters' topic, as two hashes of 64 bits each.
#[derive(Default)]
pub struct Deaths {
    by: [RandomState; 2],
    seen: HashSet<[u64; 2]>,
}

impl Deaths {
    /// Whether no letter before told of the same death: the same event, at the same place, dead for the same group as
    /// often as that. A letter that does not tell its id (other systems') tells too little: it always is.
    pub fn is_new(&mut self, letter: &Letter) -> bool {
        let told = &letter.told;
        let Some(id) = &told.id else { return true };
        let death = (id, letter.origin(), &told.group, told.redrives);
        let hashes = [self.by[0].hash_one(&death), self.by[1].hash_one(&death)];
        self.seen.insert(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onefold::dead_letter::dialect::CameFrom;
    use onefold::dead_letter::redrive::Told;

    fn letter(id: Option<&str>, group: &str, offset: i64, redrives: u32) -> Letter {
        let origin = Some(CameFrom { topic: "t".into(), partition: 3, offset, message: None });
        let told = Told { origin, id: id.map(str::to_owned), group: Some(group.into()), redrives, ..Told::default() };
        Letter { record: onefold::Record::new("t.dead", None, None), told, is_back: false }
    }

    #[test]
    fn one_death_counts_once_and_others_each() {
        let mut deaths = Deaths::default();
        assert!(deaths.is_new(&letter(Some("a"), "g", 7, 0)) && !deaths.is_new(&letter(Some("a"), "g", 7, 0)));
        let others = [("b", "g", 7, 0), ("a", "h", 7, 0), ("a", "g", 8, 0), ("a", "g", 7, 1)];
        assert!(
            others
                .iter()
                .all(|(id, group, offset, redrives)| { deaths.is_new(&letter(Some(id), group, *offset, *redrives)) })
        );
        assert!(deaths.is_new(&letter(None, "g", 7, 0)) && deaths.is_new(&letter(None, "g", 7, 0)));
    }
}
