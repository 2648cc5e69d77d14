//! The end state that the input asks for, from payments.ndjson alone.
//!
//! One pass a pipeline, written the plain way; the only thing taken from onefold.toml is what it means:
//! loyalty and receipts take `payment.completed`, search takes everything, whoever is not JSON or lacks `data.user_id`
//! is poison to who needs it, `user-13` and `user-42` get no receipt, and a receipt needs an event id.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Always answered 422, and always answered 500.
const REFUSED: [&str; 2] = ["user-13", "user-42"];

#[derive(Default)]
pub struct Expected {
    pub points: BTreeMap<String, i64>,
    pub search: BTreeMap<String, Row>,
    pub received: BTreeSet<String>,
    /// Per pipeline, the lines (from 0) that end in its dead letters.
    pub dead: BTreeMap<&'static str, BTreeSet<usize>>,
    pub lines: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub version: i64,
    pub user: String,
    pub note: String,
    pub deleted: bool,
}

impl Expected {
    pub fn of(input: &[u8]) -> Expected {
        let mut expected = Expected {
            lines: input.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect(),
            ..Expected::default()
        };
        for pipeline in ["loyalty", "receipts", "search"] {
            expected.dead.insert(pipeline, BTreeSet::new());
        }
        let mut paid = BTreeSet::new();
        for (number, line) in expected.lines.clone().iter().enumerate() {
            let Ok(event) = serde_json::from_slice::<Value>(line) else {
                for dead in expected.dead.values_mut() {
                    dead.insert(number);
                }
                continue;
            };
            if event["type"] == "payment.completed" {
                expected.loyalty(number, &event, &mut paid);
                expected.receipts(number, &event);
            }
            expected.search(number, &event);
        }
        expected
    }

    /// A second delivery adds nothing; an event without an id is always a first one.
    fn loyalty(&mut self, number: usize, event: &Value, paid: &mut BTreeSet<String>) {
        let Some(user) = event["data"]["user_id"].as_str() else { return self.kill("loyalty", number) };
        let first = event["id"].as_str().is_none_or(|id| paid.insert(id.to_owned()));
        if first {
            let points = event["data"]["amount"].as_i64().unwrap_or(0) / 100;
            *self.points.entry(user.to_owned()).or_default() += points;
        }
    }

    fn receipts(&mut self, number: usize, event: &Value) {
        let user = event["data"]["user_id"].as_str().unwrap_or_default();
        match event["id"].as_str() {
            Some(id) if !REFUSED.contains(&user) => {
                self.received.insert(id.to_owned());
            }
            _ => self.kill("receipts", number),
        }
    }

    fn search(&mut self, number: usize, event: &Value) {
        let data = &event["data"];
        let (Some(user), Some(id)) = (data["user_id"].as_str(), data["payment_id"].as_str()) else {
            return self.kill("search", number);
        };
        let row = Row {
            version: data["version"].as_i64().unwrap_or(0),
            user: user.to_owned(),
            note: data["note"].as_str().unwrap_or_default().to_owned(),
            deleted: data["deleted"] == true,
        };
        if self.search.get(id).is_none_or(|known| known.version < row.version) {
            self.search.insert(id.to_owned(), row);
        }
    }

    fn kill(&mut self, pipeline: &'static str, number: usize) {
        self.dead.entry(pipeline).or_default().insert(number);
    }
}

#[cfg(test)]
mod tests {
    use super::Expected;

    const INPUT: &str = r#"{"id":"a","type":"payment.completed","data":{"payment_id":"p1","user_id":"u","amount":250,"version":1,"note":"x"}}
{"id":"a","type":"payment.completed","data":{"payment_id":"p1","user_id":"u","amount":250,"version":1,"note":"x"}}
{"type":"payment.completed","data":{"payment_id":"p2","user_id":"u","amount":199,"version":1,"note":"y"}}
{"id":"b","type":"payment.updated","data":{"payment_id":"p1","user_id":"u","amount":250,"version":3,"note":"z","deleted":true}}
{"id":"c","type":"payment.updated","data":{"payment_id":"p1","user_id":"u","amount":250,"version":2,"note":"late"}}
not json
{"id":"d","type":"payment.completed","data":{"payment_id":"p3","amount":100,"version":1,"note":"whose"}}
{"id":"e","type":"payment.completed","data":{"payment_id":"p4","user_id":"user-13","amount":100,"version":1,"note":"n"}}
"#;

    #[test]
    fn a_small_input_by_hand() {
        let expected = Expected::of(INPUT.as_bytes());
        assert_eq!(expected.points.get("u"), Some(&3), "2 for a, once; 1 without an id");
        assert_eq!(expected.received.iter().collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(expected.search.get("p1").map(|row| (row.version, row.deleted)), Some((3, true)));
        let dead = |pipeline| expected.dead[pipeline].iter().copied().collect::<Vec<_>>();
        assert_eq!(dead("loyalty"), [5, 6]);
        assert_eq!(dead("receipts"), [2, 5, 7]);
        assert_eq!(dead("search"), [5, 6]);
    }
}
