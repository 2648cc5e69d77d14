//! No test is switched off, nothing is promised by a macro that panics, and files stay readable.

mod sources;

const FOLDERS: [&str; 4] = ["crates", "xtask", "examples", "benches"];

#[test]
fn no_test_is_ignored_and_nothing_is_a_stub() {
    // Spelt in two parts, or this file would find itself.
    let words = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut wrong = Vec::new();
    for source in sources::below(&FOLDERS) {
        for (number, line) in source.text.lines().enumerate() {
            // A process that another test starts, to be killed, is itself a test that runs only by its name; and what needs
            // Apache Kafka is run by `cargo xtask test`, which starts one.
            let is_run_by_another = ["= \"run by the test above", "= \"needs Apache Kafka: cargo xtask"];
            let is_run_by_another = is_run_by_another.iter().any(|by| line.contains(by));
            if let Some(word) = words.iter().find(|word| line.contains(**word) && !is_run_by_another) {
                wrong.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_median_file_is_short_and_none_is_too_long_to_read() {
    let mut lines: Vec<_> = sources::below(&FOLDERS).iter().map(|s| (s.text.lines().count(), s.path.clone())).collect();
    lines.sort();
    let median = lines[lines.len() / 2].0;
    for (count, path) in lines.iter().rev().take_while(|(count, _)| *count > 400) {
        println!("long: {path} has {count} lines; look for a second noun in it");
    }
    println!("{} files, median {median} lines", lines.len());
    assert!(median < 150, "the median file has {median} lines");
    let (longest, path) = lines.last().expect("there are files");
    assert!(*longest <= 600, "{path} has {longest} lines");
}
