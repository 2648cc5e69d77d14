//! `docs/onefold-toml.md` names every key that the settings take, in the section of its table. The keys are those that
//! reading a file asks for, so none can be forgotten.

use super::reader::{Findings, Reader};
use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENT: &str = include_str!("../../../../docs/onefold-toml.md");

/// Every table that there is; the keys in them need not be right.
const EVERY_TABLE: &str = r#"
[kafka.embedded]
[kafka.tls]
[kafka.sasl]
[topics.t]
load = {}
config = {}
[pipelines.p]
where = {}
dedup = {}
retry = {}
to = { sql = {}, http = { headers = {} }, search = {}, exec = { env = {} } }
[mocks.m]
fail = {}
hang = {}
reject = { where = {} }
"#;

/// Every table with the keys that it was asked for, under the heading that documents it.
fn asked() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let source = Source { path: "onefold.toml".into(), text: EVERY_TABLE.to_owned() };
    let table = toml::de::DeTable::parse(&source.text).unwrap_or_else(|why| panic!("{why}"));
    let found = Findings::new(&source);
    let mut root = Reader::root(&found, table.get_ref());
    let mut routes = super::pipeline::Routes { declared: None, from: vec![], dead_letters: vec![] };
    super::kafka::read(&mut root);
    super::topic::read(&mut root, true);
    super::pipeline::read(&mut root, &mut routes);
    super::mock::read(&mut root);
    root.finish();
    let mut asked: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (table, key) in found.asked.borrow().iter() {
        asked.entry(heading(table)).or_default().insert(*key);
    }
    asked
}

fn heading(table: &str) -> &'static str {
    let documented = [
        ("pipelines.p.to.sql", "### to.sql"),
        ("pipelines.p.to.http", "### to.http"),
        ("pipelines.p.to.search", "### to.search"),
        ("pipelines.p.to.exec", "### to.exec"),
        ("pipelines.p", "## [pipelines.NAME]"),
        ("topics.t", "## [topics.NAME]"),
        ("mocks.m", "## [mocks.NAME]"),
        ("kafka", "## [kafka]"),
        ("", "# onefold.toml"),
    ];
    documented.iter().find(|(prefix, _)| table.starts_with(prefix)).map_or("", |(_, heading)| heading)
}

/// The words in code of the section below a heading, up to the next one of its rank or a higher one.
fn documented(heading: &str) -> BTreeSet<&'static str> {
    let at = DOCUMENT.lines().position(|line| line.starts_with(heading)).unwrap_or_else(|| panic!("no {heading}"));
    let rank = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = |line: &&str| line.starts_with('#') && line.bytes().take_while(|byte| *byte == b'#').count() <= rank;
    let section: Vec<&str> = DOCUMENT.lines().skip(at + 1).take_while(|line| !ends(line)).collect();
    let spans = section.into_iter().flat_map(|line| line.split('`').skip(1).step_by(2));
    let spans: Vec<&str> = spans.chain(DOCUMENT.lines().filter(|line| line.starts_with("## ["))).collect();
    spans.into_iter().flat_map(|span| span.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect()
}

#[test]
fn every_key_is_documented_in_its_section() {
    let asked = asked();
    assert!(asked.len() == 9 && asked.values().map(BTreeSet::len).sum::<usize>() > 50, "{asked:?}");
    for (heading, keys) in asked {
        let documented = documented(heading);
        let missing: Vec<_> = keys.into_iter().filter(|key| !documented.contains(key)).collect();
        assert!(missing.is_empty(), "docs/onefold-toml.md, {heading}: {missing:?} are not named");
    }
}
