//! `docs/json.md`: which fields stand under which heading.

use serde_json::Value;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../docs/json.md");

/// The fields in the table below this heading (`### topics list`).
pub fn fields(heading: &str) -> BTreeSet<String> {
    let at = PAGE.lines().position(|line| line == heading).unwrap_or_else(|| panic!("docs/json.md has no {heading}"));
    let section = PAGE.lines().skip(at + 1).take_while(|line| !line.starts_with('#'));
    let cells = section.filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    cells
        .flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .filter(|f| !f.trim().is_empty())
        .collect()
}

/// The fields of a line, as the page writes them: `a`, `a.b` in an object, `a[].b` in a list.
pub fn of(line: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    note("", line, &mut found);
    found
}

fn note(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let child = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields.iter().for_each(|(name, value)| note(&child(name), value, found));
        }
        Value::Array(items) if items.is_empty() => drop(found.insert(path.to_owned() + "[]")),
        Value::Array(items) => items.iter().for_each(|item| note(&format!("{path}[]"), item, found)),
        _ => drop(found.insert(path.to_owned())),
    }
}

/// Whether the page tells of this line what is in it: all fields, and no others.
#[track_caller]
pub fn holds(heading: &str, line: &Value) {
    let (page, line_has) = (fields(heading), of(line));
    assert!(!page.is_empty(), "{heading} documents nothing");
    // A list that is empty here shows that there is one, not what would be in it.
    let empty: Vec<&String> = line_has.iter().filter(|field| field.ends_with("[]") && !page.contains(*field)).collect();
    let told = |field: &&String| empty.iter().any(|list| field.starts_with(list.as_str()));
    let missing: Vec<_> = line_has.iter().filter(|field| !page.contains(*field) && !empty.contains(field)).collect();
    let invented: Vec<_> = page.iter().filter(|field| !line_has.contains(*field) && !told(field)).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{heading}: not documented: {missing:?}; not there: {invented:?}"
    );
}
