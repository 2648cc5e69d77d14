//! The independent checker: is the end state of the payments example the one that its input asks for?
//!
//! `expect` computes from payments.ndjson, `databases`, `receipts` and `dead` read what is there, and the comparison
//! names every difference (the first few of each kind). None of it shares code with Onefold.

mod databases;
mod dead;
mod expect;
mod origins;
mod receipts;

use crate::tree;
use anyhow::{Context, bail};
use expect::Expected;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

#[derive(clap::Args)]
pub struct Options {
    /// The folder with onefold.toml, payments.ndjson and data/
    #[arg(long, default_value_os_t = tree::example())]
    folder: PathBuf,
    /// The onefold binary, to serve the dead letters; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What an end state that fits consists of; repeats are allowed, and counted.
pub struct Found {
    pub users: usize,
    pub points: i64,
    pub indexed: usize,
    pub received: usize,
    pub receipts_repeated: usize,
    pub dead: usize,
    pub dead_repeated: usize,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let binary = tree::onefold_at(options.binary.as_deref())?;
    println!("the end state is what payments.ndjson asks for: {}", compare(&options.folder, &binary)?);
    Ok(())
}

pub fn compare(folder: &Path, binary: &Path) -> anyhow::Result<Found> {
    compare_with(folder, &dead::Log::embedded(binary, &folder.join("data/broker"))?)
}

/// The same, with the topics on the broker at this address.
pub fn compare_at(folder: &Path, address: &str) -> anyhow::Result<Found> {
    compare_with(folder, &dead::Log::at(address))
}

fn compare_with(folder: &Path, log: &dead::Log) -> anyhow::Result<Found> {
    let input = fs::read(folder.join("payments.ndjson")).context("cannot read payments.ndjson")?;
    let expected = Expected::of(&input);
    let data = folder.join("data");
    let mut wrong = Differences::default();

    let points = databases::points(&data)?;
    wrong.maps("points of", &expected.points, &points);
    let content: BTreeMap<_, _> =
        expected.search.iter().filter(|(_, row)| !row.deleted).map(|(id, row)| (id.clone(), row.clone())).collect();
    let rows = databases::content(&data)?;
    wrong.maps("search row of", &content, &rows);
    wrong.list("full-text index", databases::index_disagrees(&data, &rows)?);
    let receipts = receipts::read(&data)?;
    wrong.maps("receipt for", &as_map(expected.received.iter()), &as_map(receipts.keys()));
    let dead = dead::compare(log, &expected, &mut wrong)?;
    wrong.none()?;
    Ok(Found {
        users: points.len(),
        points: points.values().sum(),
        indexed: rows.len(),
        received: receipts.len(),
        receipts_repeated: receipts.values().sum::<usize>() - receipts.len(),
        dead: dead.origins,
        dead_repeated: dead.repeated,
    })
}

fn as_map<'a>(ids: impl Iterator<Item = &'a String>) -> BTreeMap<String, ()> {
    ids.map(|id| (id.clone(), ())).collect()
}

/// What does not fit, in words.
#[derive(Default)]
pub struct Differences(Vec<String>);

impl Differences {
    pub fn maps<K: Ord + fmt::Debug, V: PartialEq + fmt::Debug>(
        &mut self,
        what: &str,
        expected: &BTreeMap<K, V>,
        found: &BTreeMap<K, V>,
    ) {
        let missing = expected.iter().filter(|(key, _)| !found.contains_key(key));
        self.list(what, missing.map(|(key, value)| format!("{key:?} is missing: {value:?}")).collect());
        let others = found.iter().filter(|(key, value)| expected.get(key) != Some(value));
        self.list(
            what,
            others.map(|(key, value)| format!("{key:?} is {value:?}, expected {:?}", expected.get(key))).collect(),
        );
    }

    pub fn list(&mut self, what: &str, list: Vec<String>) {
        const SHOWN: usize = 5;
        self.0.extend(list.iter().take(SHOWN).map(|one| format!("{what} {one}")));
        if list.len() > SHOWN {
            self.0.push(format!("{what} ... and {} more", list.len() - SHOWN));
        }
    }

    fn none(&self) -> anyhow::Result<()> {
        if !self.0.is_empty() {
            bail!("the end state is not what payments.ndjson asks for:\n  {}", self.0.join("\n  "));
        }
        Ok(())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "{} points of {} users, {} rows indexed, {} receipts (+{} repeated), {} dead origins (+{} repeated)",
            self.points, self.users, self.indexed, self.received, self.receipts_repeated, self.dead, self.dead_repeated
        )
    }
}
