//! `docs/unsupported.md` names exactly the APIs that ApiVersions does not list: nothing is served in silence, and nothing
//! is missing in silence.

use std::collections::BTreeSet;

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};

use crate::common::start;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/unsupported.md");

/// The names in the first column of the table.
fn named() -> BTreeSet<String> {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let table = page.split("## APIs that are not served").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| API"));
    rows.flat_map(|row| row.split('|').nth(1).unwrap().split(',').map(|name| name.trim().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_api_is_either_served_or_named_there() {
    let here = start().await;
    let listed = here.connect().call(0, &ApiVersionsRequest::default());
    let served: BTreeSet<i16> = listed.api_keys.iter().map(|key| key.api_key).collect();
    let missing: BTreeSet<String> =
        ApiKey::iter().filter(|api| !served.contains(&(*api as i16))).map(|api| format!("{api:?}")).collect();

    let named = named();

    // The codec no longer knows the oldest ones between brokers; the page may name them.
    let gone = ["LeaderAndIsr", "StopReplica", "UpdateMetadata", "ControlledShutdown"];
    let unnamed: Vec<_> = missing.difference(&named).collect();
    assert!(unnamed.is_empty(), "neither served nor named in docs/unsupported.md: {unnamed:?}");
    let wrong: Vec<_> = named.difference(&missing).filter(|name| !gone.contains(&name.as_str())).collect();
    assert!(wrong.is_empty(), "named in docs/unsupported.md, but served or unknown: {wrong:?}");
}
