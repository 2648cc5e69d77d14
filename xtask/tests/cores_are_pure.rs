//! Core decides, shells act: the two cores see no file, socket, clock, chance, thread or task. That is what lets the
//! same code be model-checked, simulated from a seed and crash-enumerated.

mod sources;

/// A word of Rust and why the cores do without it.
const FORBIDDEN: [(&str, &str); 16] = [
    ("std::fs", "no files: effects are data"),
    ("std::net", "no sockets"),
    ("std::io", "no IO, not even its traits"),
    ("std::env", "settings are arguments"),
    ("std::process", "no processes"),
    ("std::thread", "no threads"),
    ("std::sync::Mutex", "nothing is shared"),
    ("Instant::now", "time is an argument"),
    ("SystemTime", "time is an argument"),
    ("fastrand", "chance is an argument"),
    ("rand::", "chance is an argument"),
    ("tokio", "no tasks"),
    ("async fn", "nothing waits"),
    (".await", "nothing waits"),
    ("HashMap", "its order differs from run to run; BTreeMap, or name a fixed hasher"),
    ("HashSet", "its order differs from run to run; BTreeSet, or name a fixed hasher"),
];

#[test]
fn cores_are_pure() {
    let mut wrong = Vec::new();
    for source in sources::below(&["crates/onefold-core/src", "crates/onefold-broker-core/src"]) {
        for (number, line) in source.product_lines() {
            for (word, why) in FORBIDDEN {
                if line.contains(word) && !excused(word, line) {
                    wrong.push(format!("{}:{number}: `{word}`: {why}", source.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn excused(word: &str, line: &str) -> bool {
    match word {
        // Decompression goes through readers over slices in memory.
        "std::io" => ["Read", "Write", "io::Error", "Cursor"].iter().any(|one| line.contains(one)),
        // With a hasher of their own, which an import does not show yet, they are the same on every run.
        "HashMap" | "HashSet" => line.contains("Hasher") || line.trim_start().starts_with("use "),
        _ => false,
    }
}
