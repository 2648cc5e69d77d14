//! Mistakes in a pipeline do not compile, and the compiler says what to do in the words of this crate. Each file of
//! `ui/` is one mistake; its lines that begin with `//?` are what the compiler has to say about it.
//!
//! The compiler is called as cargo calls it, against the library that this test is linked to: a build of its own for
//! these files would take minutes.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn mistakes_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let library = library();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let source = std::fs::read_to_string(&file).unwrap();
        let expected: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("//? ")).collect();
        assert!(!expected.is_empty(), "{} expects nothing", file.display());
        let said = compile(&file, &library);
        let missing: Vec<&&str> = expected.iter().filter(|text| !said.contains(**text)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{}: not said: {missing:#?}, but:\n{said}", file.display()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 16, "only {count} files");
}

/// What the compiler says about the file; empty if it accepts it.
fn compile(file: &Path, library: &Path) -> String {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()))
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--color=never"])
        .arg("--out-dir")
        .arg(out.path())
        .arg(format!("-Ldependency={}", library.parent().unwrap().display()))
        .arg(format!("--extern=onefold={}", library.display()))
        .arg(file)
        .output()
        .unwrap();
    match output.status.success() {
        true => String::new(),
        false => String::from_utf8(output.stderr).unwrap(),
    }
}

/// The library, built just now for this test.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let built = std::fs::read_dir(program.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libonefold-") && name.ends_with(".rlib")
    };
    let made = |path: &PathBuf| std::fs::metadata(path).and_then(|data| data.modified()).unwrap();
    built.filter(is_library).max_by_key(made).unwrap()
}
