//! Which line of payments.ndjson is at which place of the topic. Every line must be there exactly once, also when the
//! load was killed, and the lines of one user in the order of the file.

use super::{Differences, expect::Expected};
use crate::wire::Received;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// By partition and offset, the line (from 0).
pub fn lines(topic: &[Vec<Received>], expected: &Expected, wrong: &mut Differences) -> BTreeMap<(i32, i64), usize> {
    // A second delivery is the same bytes and the same key, so it lies in the same partition: first come, first found.
    let mut places: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    for (number, line) in expected.lines.iter().enumerate() {
        places.entry(line).or_default().push_back(number);
    }
    let (mut lines, mut strange) = (BTreeMap::new(), Vec::new());
    for (partition, records) in topic.iter().enumerate() {
        for record in records {
            match places.get_mut(record.value.as_slice()).and_then(VecDeque::pop_front) {
                Some(line) => drop(lines.insert((partition as i32, record.offset), line)),
                None => strange.push(format!("holds once too often {:.120}", String::from_utf8_lossy(&record.value))),
            }
        }
    }
    wrong.list("the topic payments", strange);
    let missing = places.values().flatten().map(|line| format!("lacks line {}", line + 1)).collect();
    wrong.list("the topic payments", missing);
    wrong.list("the topic payments", disordered(&lines, expected));
    lines
}

fn disordered(lines: &BTreeMap<(i32, i64), usize>, expected: &Expected) -> Vec<String> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    let mut wrong = Vec::new();
    for line in lines.values().copied() {
        let Some(user) = user(&expected.lines[line]) else { continue };
        if last.insert(user, line).is_some_and(|before| before > line) {
            wrong.push(format!("holds line {} of {user} after a later one", line + 1));
        }
    }
    wrong
}

fn user(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let from = text.find(r#""user_id":""#)? + 11;
    text[from..].split('"').next()
}
