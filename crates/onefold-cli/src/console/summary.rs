//! The table at the end of a run, in the form that the terminal has room for.

use indicatif::HumanCount;
use onefold::runtime::table::{Row, Table};

/// A row a pipeline where that fits, else a block a pipeline.
pub fn summary(table: &Table, width: Option<usize>) -> String {
    let wide = table.to_string();
    // A note is longer than any row, and is wrapped like other text.
    let columns = wide.lines().take(table.rows.len() + 1).map(|line| line.chars().count()).max().unwrap_or(0);
    if width.is_none_or(|width| columns <= width) {
        return wide;
    }
    let blocks: Vec<String> = table.rows.iter().map(block).collect();
    let notes: String = table.notes.iter().map(|note| format!("\n{note}")).collect();
    format!("{}\nin {:.1} s{notes}", blocks.join("\n"), table.time.as_secs_f64())
}

/// What did not happen is left out, but for the two counts that everyone looks for.
fn block(row: &Row) -> String {
    let counts = row.counters.named();
    let shown = counts.iter().filter(|(name, count)| *count > 0 || matches!(*name, "delivered" | "effects"));
    let lines: Vec<String> =
        shown.map(|(name, count)| format!("  {name:<13}{:>12}", HumanCount(*count).to_string())).collect();
    format!("{}\n{}", row.name, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::summary;
    use onefold::runtime::counters::Counters;
    use onefold::runtime::table::{Row, Table};

    #[test]
    fn a_narrow_terminal_gets_a_block_a_pipeline() {
        let counters = Counters { delivered: 23_022, effects: 19_959, dead: 7, ..Counters::default() };
        let table = Table { rows: vec![Row { name: "loyalty".into(), counters }], ..Table::default() };
        assert_eq!(summary(&table, None), table.to_string());
        let narrow = summary(&table, Some(40));
        assert_eq!(
            narrow,
            "loyalty\n  delivered          23,022\n  effects            19,959\n  dead                    7\nin 0.0 s"
        );
        assert!(narrow.lines().all(|line| line.len() <= 40));
    }
}
