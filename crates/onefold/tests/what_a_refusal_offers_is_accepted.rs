//! Every sink, with every way to know ids, under every declared guarantee: what is refused says how to go on, and whoever
//! does as it says is refused no more.
#![cfg(all(feature = "http", feature = "exec", feature = "search"))]

use onefold::settings::{File, TooStrong};
use std::path::Path;

const SINKS: [&str; 4] = [
    "to.sql = { url = \"sqlite:a.db\", statement = \"INSERT INTO t VALUES ({id})\" }",
    "to.search = { url = \"sqlite:a.db\", index = \"i\", id = \"id\", version = \"v\", text = [\"note\"] }",
    "to.http = { url = \"http://127.0.0.1:1/\" }",
    "to.exec = { command = [\"sh\"] }",
];
const IDS: [&str; 4] =
    ["", "dedup = {}", "dedup = { store = \"memory\" }", "dedup = { store = \"sqlite:ids.db\", keep = \"1h\" }"];
const DECLARED: [&str; 3] = ["at-most-once", "at-least-once", "effectively-once"];

/// The refusal, where there is one; the outer `None` where these parts are no file at all.
fn refusal(sink: &str, ids: &str, declared: &str) -> Option<Option<String>> {
    let text = format!(
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\nguarantee = \"{declared}\"\n{ids}\n{sink}\n"
    );
    let file = File::parse(Path::new("onefold.toml"), text).ok()?;
    Some(file.check_guarantees().err().map(|why| match why {
        TooStrong::Refused(said) => said,
        TooStrong::Build(why) => panic!("{why}"),
    }))
}

#[test]
fn what_a_refusal_offers_is_accepted() {
    let (mut files, mut refused) = (0, 0);
    for (sink, ids) in SINKS.iter().flat_map(|sink| IDS.iter().map(move |ids| (sink, ids))) {
        for declared in DECLARED {
            let Some(said) = refusal(sink, ids, declared) else { continue };
            files += 1;
            let Some(said) = said else { continue };
            refused += 1;
            assert!(said.contains("weakest link"), "{said}");
            let ways: Vec<&str> = said.lines().filter_map(|line| line.split("guarantee = \"").nth(1)).collect();
            assert!(!ways.is_empty() && !said.contains("to fix"), "a fix that this test cannot apply: {said}");
            for way in ways {
                let less = way.trim_end_matches('"');
                assert_eq!(refusal(sink, ids, less), Some(None), "{sink} {ids}: it offers {less}");
            }
        }
    }
    assert!(files >= 24 && refused >= 4, "{files} files, {refused} refused");
}
