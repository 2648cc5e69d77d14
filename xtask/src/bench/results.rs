//! What was measured, kept in a file, so that a long measurement can be made in parts: each call adds its turns, and the
//! table shows the medians of all of them.

use super::{
    numbers::{median, short},
    opponent::{ALL, Opponent},
};
use anyhow::Context;
use std::{collections::BTreeMap, fs, path::Path};

/// The measures in the order they are made, by opponent: one value a turn.
#[derive(Default)]
pub struct Results {
    measures: Vec<String>,
    values: BTreeMap<(String, Opponent), Vec<f64>>,
    /// As lines, for the file.
    added: String,
}

impl Results {
    /// With what an earlier call has left in the file, if there is one.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Results> {
        let mut results = Results::default();
        let Some(file) = file.filter(|file| file.exists()) else { return Ok(results) };
        for line in fs::read_to_string(file)?.lines() {
            let [measure, opponent, value] = line.split('\t').collect::<Vec<_>>()[..] else {
                anyhow::bail!("{} holds no results: {line}", file.display());
            };
            let opponent = ALL.into_iter().find(|one| one.name() == opponent).context("an unknown opponent")?;
            results.add(measure, opponent, value.parse()?);
        }
        results.added.clear();
        Ok(results)
    }

    pub fn add(&mut self, measure: &str, opponent: Opponent, value: f64) {
        if !self.measures.iter().any(|known| known == measure) {
            self.measures.push(measure.to_owned());
        }
        self.values.entry((measure.to_owned(), opponent)).or_default().push(value);
        self.added.push_str(&format!("{measure}\t{}\t{value}\n", opponent.name()));
    }

    /// Adds what is new to the file.
    pub fn save(&mut self, file: Option<&Path>) -> anyhow::Result<()> {
        use std::io::Write;
        if let Some(file) = file {
            let mut out = fs::File::options().create(true).append(true).open(file)?;
            out.write_all(std::mem::take(&mut self.added).as_bytes())?;
        }
        Ok(())
    }

    pub fn value(&self, measure: &str, opponent: Opponent) -> f64 {
        median(self.values.get(&(measure.to_owned(), opponent)).into_iter().flatten().copied())
    }

    pub fn print(&self) {
        let names: Vec<_> = ALL.iter().map(|one| one.name()).collect();
        println!("| | {} | ratio to page cache | ratio to flush=1 |", names.join(" | "));
        println!("|---|{}---|---|", "---|".repeat(names.len()));
        for what in &self.measures {
            let ours = self.value(what, Opponent::Onefold);
            let ratios =
                [Opponent::KafkaPageCache, Opponent::KafkaFsync].map(|other| ratio(ours, self.value(what, other)));
            let values = ALL.map(|one| number(self.value(what, one)));
            println!("| {what} | {} | {} |", values.join(" | "), ratios.join(" | "));
        }
    }
}

fn ratio(ours: f64, other: f64) -> String {
    let ratio = ours / other;
    if ratio.is_finite() { format!("{ratio:.2}") } else { String::new() }
}

fn number(value: f64) -> String {
    if value.is_finite() { short(value) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results");
        for value in [3.0, 1.0, 2.0] {
            let mut part = Results::read(Some(&file)).expect("readable");
            part.add("start, ms", Opponent::Onefold, value);
            part.save(Some(&file)).expect("saved");
        }
        let all = Results::read(Some(&file)).expect("readable");
        assert!((all.value("start, ms", Opponent::Onefold) - 2.0).abs() < 1e-9, "the median of all three");
        assert!(all.value("start, ms", Opponent::KafkaFsync).is_nan());
    }
}
