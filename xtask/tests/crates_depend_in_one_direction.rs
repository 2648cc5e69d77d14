//! Two pairs of a pure core and a shell that acts, then the binary: nobody reaches upwards or sideways, and the
//! cores depend on nothing that could do IO.

use std::{collections::BTreeSet, process::Command};

/// Each crate and the crates of the house that it may build on (without dev-dependencies).
const MAY_USE: [(&str, &[&str]); 5] = [
    ("onefold-core", &[]),
    ("onefold-broker-core", &[]),
    ("onefold", &["onefold-core", "onefold-broker", "onefold-broker-core"]),
    ("onefold-broker", &["onefold-broker-core"]),
    ("onefold-cli", &["onefold", "onefold-core", "onefold-broker", "onefold-broker-core"]),
];

/// All that the cores may depend on from outside: checksums, codecs, byte buffers, error derives.
const CORE_MAY_USE: [&str; 7] = ["bytes", "crc32c", "flate2", "lz4_flex", "snap", "thiserror", "zstd"];

#[test]
fn crates_depend_in_one_direction() {
    for (name, allowed) in MAY_USE {
        let ours: BTreeSet<_> = tree(name, features(name)).into_iter().filter(|d| d.starts_with("onefold")).collect();
        let beyond: Vec<_> = ours.iter().filter(|d| *d != name && !allowed.contains(&d.as_str())).collect();
        assert!(beyond.is_empty(), "{name} builds on {beyond:?}, which it must not");
    }
}

#[test]
fn the_broker_comes_only_with_the_feature_embedded() {
    let without = tree("onefold", &["--no-default-features", "--features", "sqlite,http,search,exec,mocks,testing"]);
    assert!(!without.iter().any(|d| d.starts_with("onefold-broker")), "{without:?}");
    let with = tree("onefold", &["--no-default-features", "--features", "embedded"]);
    assert!(with.contains(&"onefold-broker".to_owned()), "{with:?}");
}

#[test]
fn the_cores_depend_on_nothing_that_does_io() {
    for name in ["onefold-core", "onefold-broker-core"] {
        let direct = tree(name, &["--depth", "1"]);
        let beyond: Vec<_> = direct.iter().filter(|d| *d != name && !CORE_MAY_USE.contains(&d.as_str())).collect();
        assert!(beyond.is_empty(), "{name} depends on {beyond:?}");
        let all = tree(name, &[]);
        for io in ["tokio", "mio", "socket2", "rustix", "rand", "fastrand", "getrandom", "async-trait", "futures"] {
            assert!(!all.iter().any(|d| d == io), "{name} reaches {io}");
        }
    }
}

/// All but `tls`, whose OpenSSL a build without it does not download.
fn features(name: &str) -> &'static [&'static str] {
    if name == "onefold" { &["--features", "sqlite,http,search,exec,embedded,mocks,testing"] } else { &[] }
}

/// The names in `cargo tree`, without dev-dependencies and build scripts.
fn tree(package: &str, arguments: &[&str]) -> Vec<String> {
    let done = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", package])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).expect("cargo writes UTF-8");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}
