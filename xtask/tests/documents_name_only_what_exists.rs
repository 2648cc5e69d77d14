//! Every path that README, ARCHITECTURE and the pages in docs/ put in backticks exists, ARCHITECTURE names every crate,
//! and the links between the pages lead somewhere.

#[allow(dead_code, reason = "only the root is needed here")]
mod sources;

use std::{fs, path::Path};

#[test]
fn every_path_named_exists() {
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(sources::root().join(&page)).expect("a page");
        for path in prose(&text).split('`').skip(1).step_by(2).filter(|word| is_path(word)) {
            if !exists(path) {
                missing.push(format!("{page}: `{path}`"));
            }
        }
    }
    assert!(missing.is_empty(), "named, but not there:\n{}", missing.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(sources::root().join(&page)).expect("a page");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let from = sources::root().join(&page);
            if !file.is_empty() && !file.contains("://") && !from.parent().expect("a folder").join(file).exists() {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn architecture_names_every_crate() {
    let text = fs::read_to_string(sources::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for entry in fs::read_dir(sources::root().join("crates")).expect("crates/").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        assert!(text.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not name crates/{name}");
    }
}

fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned(), "CHANGELOG.md".to_owned()];
    pages.push("examples/payments/README.md".to_owned());
    for entry in fs::read_dir(sources::root().join("docs")).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        if Path::new(&name).extension().is_some_and(|end| end == "md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages
}

/// Without indented and fenced blocks, which hold commands and output.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && !line.starts_with("    ") {
            prose.push_str(line.trim_start().trim_start_matches("```"));
            prose.push('\n');
        }
    }
    prose
}

/// What looks like a path into the tree, and not like a command, a topic or a type.
fn is_path(word: &str) -> bool {
    let tops = ["crates/", "xtask/", "examples/", "benches/", "docs/", ".ci/", ".cargo/"];
    let root_file =
        !word.contains('/') && [".md", ".toml"].iter().any(|end| word.ends_with(end)) && word != "onefold.toml";
    !word.contains([' ', '*', '<', '{']) && (tops.iter().any(|top| word.starts_with(top)) || root_file)
}

/// What the example makes when it runs is named too, yet is no part of the tree.
fn exists(path: &str) -> bool {
    path.starts_with("examples/payments/data") || sources::root().join(path).exists()
}
