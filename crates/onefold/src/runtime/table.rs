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
    /// What the counts do not say and somebody should know: that all records that a pipeline finished are dead, or that some are held
    /// back. A sentence each, with the pipeline's name.
    pub notes: Vec<String>,
}

/// One pipeline's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub name: String,
    pub counters: Counters,
}

impl Table {
    /// Of pipelines that did nothing.
    pub(super) fn empty(names: Vec<String>, time: Duration) -> Table {
        let rows = names.into_iter().map(|name| Row { name, counters: Counters::default() }).collect();
        Table { rows, time, notes: Vec::new() }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.rows.iter().map(|row| row.name.len()).chain(["pipeline".len()]).max().unwrap_or(8);
        write!(f, "{:<name$}", "pipeline")?;
        for (column, _) in Counters::default().named() {
            write!(f, "  {column:>8}")?;
        }
        for row in &self.rows {
            write!(f, "\n{:<name$}", row.name)?;
            for (column, count) in row.counters.named() {
                write!(f, "  {count:>width$}", width = column.len().max(8))?;
            }
        }
        write!(f, "\nin {:.1} s", self.time.as_secs_f64())?;
        self.notes.iter().try_for_each(|note| write!(f, "\n{note}"))
    }
}
