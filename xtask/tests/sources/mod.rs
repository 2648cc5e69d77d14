//! The Rust files of the tree, for tests that read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct Source {
    /// From the root of the workspace.
    pub path: String,
    pub text: String,
}

/// All Rust files below these folders.
pub fn below(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut paths);
    }
    paths.sort();
    assert!(!paths.is_empty(), "no sources below {folders:?}");
    paths.into_iter().map(|path| read(&path)).collect()
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

impl Source {
    /// Numbered lines without comments and without the file's own tests, models and test helpers.
    #[allow(dead_code, reason = "not every test reads lines")]
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let test_file = ["tests.rs", "_test.rs", "_tests.rs", "_model.rs", "_reference.rs"]
            .iter()
            .any(|end| self.path.ends_with(end))
            || self.path.contains("/tests/");
        let product = if test_file { "" } else { self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default() };
        product
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(number, line)| (number + 1, line))
    }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            collect(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("sources are UTF-8");
    Source { path: path.strip_prefix(root()).expect("below the root").display().to_string(), text }
}
