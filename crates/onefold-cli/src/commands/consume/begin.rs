//! Where `--from OFFSET` begins: an offset stands in each partition, and may be outside of what some of them hold. What
//! stands before it is never printed: where it is not there yet, it is waited for.

use crate::console::say;
use crate::kafka::offsets::Ends;

/// So many partitions are named.
const MOST: usize = 8;

/// Where reading begins in this partition: its ends bound it. Beyond them librdkafka would begin anew, from the beginning.
pub fn within(offset: i64, ends: &Ends) -> i64 {
    offset.clamp(ends.earliest, ends.end.max(ends.earliest))
}

/// Says of partitions that do not hold the offset where they begin instead, before it looks as if nothing happened.
pub fn say_where(offset: i64, partitions: &[Ends], drain: bool) {
    text(offset, partitions, drain).iter().for_each(|line| say(line));
}

fn text(offset: i64, partitions: &[Ends], drain: bool) -> Vec<String> {
    let beyond: Vec<(i32, i64)> =
        partitions.iter().filter(|ends| offset > ends.end).map(|ends| (ends.partition, ends.end)).collect();
    let gone: Vec<(i32, i64)> =
        partitions.iter().filter(|ends| offset < ends.earliest).map(|ends| (ends.partition, ends.earliest)).collect();
    let mut lines = vec![];
    if !beyond.is_empty() {
        let what = match (beyond.len() == partitions.len(), drain) {
            (true, true) => "there is nothing to print",
            (true, false) => "waits for it",
            (false, true) => "there is nothing to print of it",
            (false, false) => "waits for it there",
        };
        lines.push(format!("--from {offset} is beyond the end of {}: {what}", listed(&beyond, "ends at")));
    }
    if !gone.is_empty() {
        lines.push(format!("what stood at {offset} is deleted from {}: begins there", listed(&gone, "begins at")));
    }
    lines
}

fn listed(partitions: &[(i32, i64)], word: &str) -> String {
    let one = |(partition, offset): &(i32, i64)| format!("partition {partition}, which {word} {offset}");
    let named: Vec<String> = partitions.iter().take(MOST).map(one).collect();
    let more = partitions.len().saturating_sub(MOST);
    format!("{}{}", named.join(", "), if more > 0 { format!(", and {more} more") } else { String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(ends: &[(i64, i64)]) -> Vec<Ends> {
        let one = |(partition, (earliest, end))| Ends { partition, leader: 0, earliest, end };
        (0..).zip(ends.iter().copied()).map(one).collect()
    }

    #[test]
    fn only_partitions_without_the_offset_are_told() {
        let three = partitions(&[(0, 10), (0, 4), (6, 20)]);
        assert_eq!(
            text(7, &three, false),
            ["--from 7 is beyond the end of partition 1, which ends at 4: waits for it there"]
        );
        assert_eq!(
            text(4, &three, false),
            ["what stood at 4 is deleted from partition 2, which begins at 6: begins there"]
        );
        assert!(text(4, &three[..2], false).is_empty(), "the end itself is a place to begin");
        let end = |drain| text(99, &three[..1], drain).concat();
        assert!(end(true).ends_with("there is nothing to print") && end(false).ends_with("waits for it"));
        assert!(text(7, &three, true)[0].ends_with("there is nothing to print of it"));
        let many = partitions(&[(0, 1); 30]);
        assert!(text(9, &many, true)[0].contains("partition 7, which ends at 1, and 22 more"));
    }
}
