//! A settings file may be any bytes: it is read or refused, soon, without a panic, and what is refused is told with its place.

use onefold::settings::{File, LoadError};
use std::path::Path;
use std::time::{Duration, Instant};

/// Many times what any of these takes on a busy machine; each took minutes when something in it was quadratic.
const SOON: Duration = Duration::from_secs(15);
const KAFKA: &str = "[kafka]\nbootstrap = \"k:9092\"\n";
const EXAMPLE: &str = include_str!("../../../examples/payments/onefold.toml");

/// What is said of it; `None`: it is right.
#[track_caller]
fn said(name: &str, text: String) -> Option<String> {
    let (began, length) = (Instant::now(), text.len());
    let said = File::parse(Path::new("onefold.toml"), text).err().map(|wrong| {
        assert!(
            !wrong.problems().is_empty() && wrong.problems().len() <= 100 && wrong.count() >= wrong.problems().len()
        );
        assert_eq!(wrong.said().len(), wrong.problems().len());
        wrong.to_string()
    });
    println!("{name}: {length} bytes in {:?}", began.elapsed());
    assert!(began.elapsed() < SOON, "{name}: {length} bytes took {:?}", began.elapsed());
    if let Some(said) = &said {
        assert!(said.starts_with("error: ") && said.contains(" --> onefold.toml:"), "{name}: {said:.500}");
        assert!(said.len() < 1 << 20, "{name}: {} bytes are said of {length}", said.len());
    }
    said
}

fn mib(of: &str) -> String {
    of.repeat((1 << 20) / of.len())
}

fn lines(line: impl Fn(usize) -> String, many: usize) -> String {
    (0..many).map(line).collect()
}

#[test]
fn brackets_and_quotes_without_end() {
    for (name, text) in [
        ("a deep list", format!("x = {}\n", mib("["))),
        ("a deep table", format!("x = {}\n", mib("{ a = "))),
        ("both", format!("x = {}\n", mib("[{ a = "))),
        ("a list a line", mib("[\n")),
        ("a list a line in a value", format!("x = {}", mib("[\n"))),
        ("closing ones", format!("x = {}\n", mib("]"))),
        ("a closing one a line", format!("x = 1 2\n{}", mib("]\n"))),
        (
            "a closing one a line, long lines",
            format!("x = [1 2]\n{}", lines(|n| format!("] # {n}{}\n", "-".repeat(2000)), 450)),
        ),
        ("lists that stay open", lines(|n| format!("x{n} = [\n"), 450)),
        ("lists that stay open, long lines", lines(|n| format!("x{n} = [ # {}\n", "-".repeat(2000)), 450)),
        ("pairs on two lines", lines(|_| "[[[\n]]\n".to_owned(), 50_000)),
        ("apostrophes", format!("x = {}\n", mib("'"))),
        ("quotes", format!("x = {}\n", mib("\""))),
        ("both quotes", format!("x = {}\n", mib("\"'"))),
        ("escaped quotes", format!("x = \"{}\n", mib("\\\""))),
        ("quotes that stay open", lines(|n| format!("x{n} = \"\n"), 50_000)),
        ("texts that stay open", format!("x = {}\n", mib("[\"\"\""))),
        ("strings in a row", format!("x = {}\n", mib("\"a\" "))),
    ] {
        said(name, format!("{KAFKA}{text}")).unwrap_or_else(|| panic!("{name} is right"));
        said(name, format!("{text}{EXAMPLE}")).unwrap_or_else(|| panic!("{name} is right"));
    }
}

#[test]
fn lines_keys_and_numbers_of_any_length() {
    for (name, text) in [
        ("an open value", format!("x = \"{}\n", mib("a"))),
        ("a key", format!("{} = 1\n", mib("k"))),
        ("a dotted key", format!("a{} = 1\n", mib(".a"))),
        ("a header", format!("[pipelines{}]\n", ".a".repeat(100_000))),
        ("a number", format!("x = {}\n", mib("9"))),
        ("a number with a point", format!("x = 0.{}e{}\n", mib("9"), "9".repeat(1000))),
        ("NUL", format!("x = 1{}\n", mib("\0"))),
        ("NUL in a string", "x = \"a\0b\"\n".to_owned()),
        ("keys", lines(|n| format!("x{n} = 1\n"), 50_000)),
        ("one key again and again", mib("x = 1\n")),
        ("secrets", lines(|n| format!("password = \"secret{n}\"\n"), 20_000)),
        ("users in addresses", lines(|n| format!("a{n} = \"http://u:secret{n}@h/\"\n"), 20_000)),
        ("a password", format!("password = \"{}\"\n", mib("p"))),
        ("returns", mib("\r")),
        ("marks of another kind", format!("x = {}\n", mib("\u{feff}"))),
    ] {
        let told = said(name, format!("{KAFKA}{text}")).unwrap_or_else(|| panic!("{name} is right"));
        assert!(!told.contains("secret"), "{name}: {told:.500}");
    }
}

#[test]
fn ends_of_lines_and_a_mark_at_the_start_are_no_matter() {
    let right = format!("\u{feff}{}", KAFKA.replace('\n', "\r\n"));
    assert_eq!(said("BOM and CRLF", right.clone()), None);
    let wrong = said("BOM and CRLF", format!("{right}[topics.t]\r\npartitions = 0\r\n")).expect("none is too few");
    assert!(wrong.contains("onefold.toml:4:14"), "{wrong}");
}

#[test]
fn what_is_no_text_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("onefold.toml");
    for bytes in [&b"x = \"\xff\"\n"[..], b"\xff\xfe[\0k\0", b"\xed\xa0\x80"] {
        std::fs::write(&path, bytes).expect("writes");
        let Err(LoadError::Unreadable { why, .. }) = File::load(&path) else { panic!("{bytes:?} is read") };
        assert!(why.to_string().contains("it is not UTF-8 text"), "{why}");
    }
}

/// The example with a few characters put in, taken out or doubled, by a seed.
#[test]
fn any_slip_in_the_example_is_told_with_its_place_or_none() {
    const PIECES: [&str; 16] =
        ["\"", "'", "[", "]", "{", "}", "=", "\n", ".", "\\", "#", "\"\"\"", "\0", "é", ",", "-1"];
    for seed in 0..600_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for _ in 0..=next(4) {
            let at = next(text.len());
            match next(3) {
                0 => drop(text.splice(at..at, PIECES[next(PIECES.len())].chars())),
                1 => drop(text.drain(at..(at + 1 + next(30)).min(text.len()))),
                _ => {
                    let part: Vec<char> = text[at..(at + 1 + next(200)).min(text.len())].to_vec();
                    drop(text.splice(at..at, part));
                }
            }
        }
        said(&format!("seed {seed}"), text.into_iter().collect());
    }
}
