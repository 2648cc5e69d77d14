//! The values that stand in a settings file, each with its own reading: durations and sizes with units, secrets
//! that are never printed, and the scalars that records are compared with.

use super::nearest::nearest;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// What may stand at a key. `mend` proposes what was probably meant, in the file's own syntax; the likeliest first.
pub(crate) trait Leaf: DeserializeOwned {
    fn mend(_written: &str) -> Vec<String> {
        vec![]
    }

    /// What has to be fetched from elsewhere before it is of use.
    fn secret(&self) -> Option<&Secret> {
        None
    }
}

impl Leaf for String {
    fn mend(written: &str) -> Vec<String> {
        let bare = !written.is_empty() && !written.contains(['"', '\'', '{', '[', '\n']);
        bare.then(|| format!("\"{written}\"")).into_iter().collect()
    }
}
impl Leaf for bool {
    fn mend(written: &str) -> Vec<String> {
        unquoted(written).into_iter().collect()
    }
}
impl Leaf for u32 {
    fn mend(written: &str) -> Vec<String> {
        unquoted(written).filter(|bare| bare.parse::<u32>().is_ok()).into_iter().collect()
    }
}
impl Leaf for u64 {}
impl Leaf for u16 {}
impl Leaf for i32 {
    fn mend(written: &str) -> Vec<String> {
        unquoted(written).filter(|bare| bare.parse::<i32>().is_ok()).into_iter().collect()
    }
}
impl Leaf for f64 {}

fn unquoted(written: &str) -> Option<String> {
    let bare = written.trim_matches(['"', '\'']);
    (bare != written && !bare.is_empty()).then(|| bare.to_owned())
}

/// One string or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMore(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(from)? {
            toml::Value::String(one) => Ok(OneOrMore(vec![one])),
            toml::Value::Array(list) if !list.is_empty() => list
                .into_iter()
                .map(|item| match item {
                    toml::Value::String(text) => Ok(text),
                    other => {
                        Err(D::Error::custom(format!("expected a string in the list, found {}", other.type_str())))
                    }
                })
                .collect::<Result<_, _>>()
                .map(OneOrMore),
            toml::Value::Array(_) => Err(D::Error::custom("the list is empty")),
            other => Err(D::Error::custom(format!("expected a string or a list of them, found {}", other.type_str()))),
        }
    }
}
impl Leaf for OneOrMore {}

/// A length of time with its unit: `"100ms"`, `"2s"`, `"30d"`, `"1h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = with_unit(from, "duration", &Span::UNITS)?;
        let wrong = |_| D::Error::custom(wants_unit("duration", &text, &Span::UNITS));
        humantime::parse_duration(&text).map(Span).map_err(wrong)
    }
}
impl Span {
    const UNITS: [&'static str; 5] = ["ms", "s", "m", "h", "d"];
}
impl Leaf for Span {
    fn mend(written: &str) -> Vec<String> {
        with_units(written, &Span::UNITS)
    }
}

/// A number without its unit is not guessed at: all that it could mean is said, each as it would be written.
fn wants_unit(what: &str, written: &str, units: &[&str]) -> String {
    let is_number = written.parse::<u64>().is_ok();
    let number = if is_number { written } else { "30" };
    let all: Vec<String> = units.iter().map(|unit| format!("\"{number}{unit}\"")).collect();
    let wants = format!("a {what} carries its unit: {}", all.join(", "));
    if is_number { wants } else { format!("`{written}` is no {what}; {wants}") }
}

/// What a bare number may have meant: whoever reads it chooses.
fn with_units(written: &str, units: &[&str]) -> Vec<String> {
    let number = written.trim_matches(['"', '\'']);
    let is_one = number.parse::<u64>().is_ok();
    units.iter().filter(|_| is_one).map(|unit| format!("\"{number}{unit}\"")).collect()
}

/// The text of a value that is text with a unit in it.
fn with_unit<'de, D: Deserializer<'de>>(from: D, what: &str, units: &[&str]) -> Result<String, D::Error> {
    let written = match toml::Value::deserialize(from)? {
        toml::Value::String(text) => return Ok(text),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        other => other.type_str().to_owned(),
    };
    Err(D::Error::custom(wants_unit(what, &written, units)))
}

/// A number of bytes with its unit: `"512B"`, `"64KiB"`, `"1MiB"`, `"1GB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

const SIZES: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = with_unit(from, "size", &Size::UNITS)?;
        let parsed = SIZES
            .iter()
            .find_map(|(suffix, bytes)| text.strip_suffix(suffix)?.trim().parse::<u64>().ok()?.checked_mul(*bytes));
        parsed.map(Size).ok_or_else(|| D::Error::custom(wants_unit("size", &text, &Size::UNITS)))
    }
}
impl Size {
    const UNITS: [&'static str; 4] = ["B", "KiB", "MiB", "GB"];
}
impl Leaf for Size {
    fn mend(written: &str) -> Vec<String> {
        with_units(written, &Size::UNITS)
    }
}

/// One of a few words; a near miss names the word.
pub(crate) trait Choice: Sized + Clone + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

#[derive(Debug, Clone)]
pub(crate) struct Chosen<T>(pub T);

impl<'de, T: Choice> Deserialize<'de> for Chosen<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let chosen = T::WORDS.iter().find(|(word, _)| *word == text);
        chosen.map(|(_, value)| Chosen(value.clone())).ok_or_else(|| {
            let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            D::Error::custom(format!("\"{text}\" is none of {}", words.join(", ")))
        })
    }
}
impl<T: Choice> Leaf for Chosen<T> {
    fn mend(written: &str) -> Vec<String> {
        let bare = written.trim_matches(['"', '\'']);
        nearest(bare, T::WORDS.iter().map(|(word, _)| *word)).map(|word| format!("\"{word}\"")).into_iter().collect()
    }
}

/// A secret as written, or where to get it: `{ env = "NAME" }`, `{ file = "path" }`. Its value is never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Plain(String),
    Env(String),
    File(String),
}

impl Secret {
    /// The value itself, read now. A file's last line end does not belong to it.
    pub fn reveal(&self, folder: &Path) -> Result<String, String> {
        match self {
            Secret::Plain(text) => Ok(text.clone()),
            Secret::Env(name) => std::env::var(name).map_err(|why| match why {
                std::env::VarError::NotPresent => format!("the environment has no ${name}"),
                std::env::VarError::NotUnicode(_) => format!("${name} is no UTF-8 text"),
            }),
            Secret::File(path) => {
                let path = folder.join(path);
                let text = std::fs::read_to_string(&path)
                    .map_err(|why| format!("cannot read the secret in {}: {why}", path.display()))?;
                Ok(text.trim_end_matches(['\n', '\r']).to_owned())
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Plain(_) => f.write_str("(secret)"),
            Secret::Env(name) => write!(f, "(secret from ${name})"),
            Secret::File(path) => write!(f, "(secret from {path})"),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expected = "expected a string, { env = \"NAME\" } or { file = \"path\" }";
        match toml::Value::deserialize(from)? {
            toml::Value::String(text) => Ok(Secret::Plain(text)),
            toml::Value::Table(table) if table.len() == 1 => match table.into_iter().next() {
                Some((kind, toml::Value::String(name))) if kind == "env" => Ok(Secret::Env(name)),
                Some((kind, toml::Value::String(name))) if kind == "file" => Ok(Secret::File(name)),
                _ => Err(D::Error::custom(expected)),
            },
            _ => Err(D::Error::custom(expected)),
        }
    }
}
impl Leaf for Secret {
    fn secret(&self) -> Option<&Secret> {
        Some(self)
    }
}
