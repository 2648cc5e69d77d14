//! What the endpoint of the receipts took: its own log, one line a request that it answered with 2xx.

use anyhow::Context;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// How often each id was received.
pub fn read(data: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let text = fs::read_to_string(data.join("receipts.ndjson")).context("cannot read data/receipts.ndjson")?;
    let mut received = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let entry: Value =
            serde_json::from_str(line).with_context(|| format!("receipts.ndjson, line {}", number + 1))?;
        let id = entry["id"].as_str().with_context(|| format!("receipts.ndjson, line {} has no id", number + 1))?;
        *received.entry(id.to_owned()).or_default() += 1;
    }
    Ok(received)
}
