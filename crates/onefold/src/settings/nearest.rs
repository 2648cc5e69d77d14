/// The known name that was probably meant, if one is near enough to be a slip of the hand.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |name: &str| name.to_lowercase().replace(['-', '.', ' '], "_");
    let length = written.chars().count();
    let (wanted, allowed) = (bare(written), length.div_ceil(3).clamp(1, 3));
    known
        .into_iter()
        // A distance is at least what one is longer, and takes as much room as both together are long, multiplied.
        .filter(|name| name.chars().count().abs_diff(length) <= allowed)
        .map(|name| (distance(&wanted, &bare(name)), name))
        .filter(|(far, name)| *far <= allowed && *far < name.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// Edit distance with a swap of neighbours as one step (Damerau, restricted), since `gruop` is one slip.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let other = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (row[j - 1] + 1).min(rows[i - 1][j] + 1).min(rows[i - 1][j - 1] + other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_hand_finds_its_name() {
        let known = ["from", "group", "dead_letters", "guarantee", "concurrency"];
        assert_eq!(nearest("frm", known), Some("from"));
        assert_eq!(nearest("gruop", known), Some("group"));
        assert_eq!(nearest("dead-letters", known), Some("dead_letters"));
        assert_eq!(nearest("garantee", known), Some("guarantee"));
    }

    #[test]
    fn another_word_finds_none() {
        assert_eq!(nearest("colour", ["from", "group"]), None);
        assert_eq!(nearest("x", ["id"]), None);
    }
}
