//! What a run came to: a row a pipeline.

use std::fmt;
use std::time::Duration;

use super::counters::Counters;

/// What pipelines did, as `onefold run` prints it at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub rows: Vec<Row>,
    /// How long it took.
    pub time: Duration,
}

/// One pipeline's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub name: String,
    pub counters: Counters,
}

const COLUMNS: [&str; 8] = ["delivered", "effects", "dup:progress", "dup:id", "skipped", "retried", "dead", "pipeline"];

impl Row {
    fn cells(&self) -> [String; 8] {
        let c = &self.counters;
        let numbers = [c.delivered, c.effects, c.duplicates_progress, c.duplicates_id, c.skipped, c.retried, c.dead];
        let [a, b, p, i, s, r, d] = numbers.map(|number| number.to_string());
        [a, b, p, i, s, r, d, self.name.clone()]
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.rows.iter().map(|row| row.name.len()).chain(["pipeline".len()]).max().unwrap_or(8);
        let line = |f: &mut fmt::Formatter<'_>, cells: [&str; 8]| {
            write!(f, "{:<name$}", cells[7])?;
            for (cell, column) in cells.iter().zip(COLUMNS).take(7) {
                write!(f, "  {cell:>width$}", width = column.len().max(8))?;
            }
            writeln!(f)
        };
        line(f, COLUMNS)?;
        for row in &self.rows {
            let cells = row.cells();
            line(f, std::array::from_fn(|at| cells[at].as_str()))?;
        }
        write!(f, "in {:.1} s", self.time.as_secs_f64())
    }
}
