//! The words and paths that settings are made of, read into the types that the rest of the crate works with.

use super::values::{Choice, Leaf};
use crate::placeholders::{Path, Scalar, Template};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What a pipeline promises, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    AtMostOnce,
    AtLeastOnce,
    EffectivelyOnce,
}

impl Choice for Promise {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("at-most-once", Promise::AtMostOnce),
        ("at-least-once", Promise::AtLeastOnce),
        ("effectively-once", Promise::EffectivelyOnce),
    ];
}

/// What becomes of a record without an event id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Its place in the log is its id: redeliveries are recognised, a producer's duplicates are not.
    Origin,
    DeadLetter,
}

impl Choice for Missing {
    const WORDS: &'static [(&'static str, Self)] = &[("origin", Missing::Origin), ("dead-letter", Missing::DeadLetter)];
}

/// What becomes of a record that is older than ids are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    Run,
    DeadLetter,
}

impl Choice for Older {
    const WORDS: &'static [(&'static str, Self)] = &[("run", Older::Run), ("dead-letter", Older::DeadLetter)];
}

/// Where a group without a position begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    Earliest,
    Latest,
}

impl Choice for Begin {
    const WORDS: &'static [(&'static str, Self)] = &[("earliest", Begin::Earliest), ("latest", Begin::Latest)];
}

/// How a user proves who they are to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    Scram256,
    Scram512,
}

impl Choice for Mechanism {
    const WORDS: &'static [(&'static str, Self)] =
        &[("PLAIN", Mechanism::Plain), ("SCRAM-SHA-256", Mechanism::Scram256), ("SCRAM-SHA-512", Mechanism::Scram512)];
}

impl Mechanism {
    pub fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, word)| *word == self).map_or("", |(name, _)| name)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Path::parse(&text).map_err(|why| D::Error::custom(format!("the path `{text}` {why}")))
    }
}

impl Leaf for Path {
    fn mend(written: &str) -> Vec<String> {
        let bare = written.trim_matches(['"', '\'']).trim_matches(['{', '}', '.']);
        (Path::parse(bare).is_ok() && !bare.contains('"')).then(|| format!("\"{bare}\"")).into_iter().collect()
    }
}

/// One path or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths(pub Vec<Path>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let super::values::OneOrMore(texts) = Deserialize::deserialize(from)?;
        let parse =
            |text: String| Path::parse(&text).map_err(|why| D::Error::custom(format!("the path `{text}` {why}")));
        texts.into_iter().map(parse).collect::<Result<_, _>>().map(Paths)
    }
}
impl Leaf for Paths {}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Template::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
impl Leaf for Template {}

/// One plain value or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalars(pub Vec<Scalar>);

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let one = |value| match value {
            toml::Value::String(text) => Ok(Scalar::Text(text)),
            toml::Value::Integer(number) => Ok(Scalar::Int(number)),
            toml::Value::Float(number) => Ok(Scalar::Real(number)),
            toml::Value::Boolean(yes) => Ok(Scalar::Bool(yes)),
            other => Err(D::Error::custom(format!("cannot compare with {}", other.type_str()))),
        };
        match toml::Value::deserialize(from)? {
            toml::Value::Array(list) if list.is_empty() => {
                Err(D::Error::custom("the list is empty, and nothing is one of it: no record would be taken"))
            }
            toml::Value::Array(list) => list.into_iter().map(one).collect::<Result<_, _>>().map(Scalars),
            value => Ok(Scalars(vec![one(value)?])),
        }
    }
}
impl Leaf for Scalars {}
