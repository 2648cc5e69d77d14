/// Rows under a head, columns aligned: words to the left, numbers to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let numeric = |column: usize| {
        let number =
            |text: &str| text == "-" || (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.'));
        !rows.is_empty() && rows.iter().all(|row| number(&row[column]))
    };
    let columns: Vec<(usize, bool)> = (0..head.len()).map(|column| (width(column), numeric(column))).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&columns).map(|(cell, (width, right))| match right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_to_the_left_numbers_to_the_right() {
        let rows = [vec!["payments".to_owned(), "6".to_owned()], vec!["a".to_owned(), "12".to_owned()]];
        assert_eq!(
            super::table(&["topic", "partitions"], &rows),
            "topic     partitions\npayments           6\na                 12"
        );
    }
}
