use super::json::seek;
use super::path::Path;
use crate::record::Record;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::OnceCell;

/// Why a record cannot give a value that its pipeline needs. No retry helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    #[error("the record has no value")]
    NoValue,
    #[error("the value is not JSON: {0}")]
    NotJson(String),
    #[error("`{path}` is missing (in a placeholder, {{{path}?}} takes it as NULL)")]
    Missing { path: String },
    #[error("`{path}` = {digits} does not fit 64 bits (say {{{path}:text}} to keep its digits)")]
    TooLarge { path: String, digits: String },
    #[error("`{path}` is not text: its bytes are not UTF-8")]
    NotText { path: String },
    #[error("`{path}` is {found}, expected {expected}")]
    WrongKind { path: String, found: String, expected: &'static str },
}

/// One value of a record, as it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'a> {
    Json(&'a RawValue),
    Bytes(&'a [u8]),
    Number(i64),
}

/// The values of one record. Its JSON is read at most once, and only when a path asks for it.
#[derive(Debug)]
pub struct Fields<'a> {
    record: &'a Record,
    json: OnceCell<Result<&'a RawValue, Poison>>,
}

impl<'a> Fields<'a> {
    pub fn of(record: &'a Record) -> Fields<'a> {
        Fields { record, json: OnceCell::new() }
    }

    /// The whole value, checked to be one JSON value from its first byte to its last.
    pub fn json(&self) -> Result<&'a RawValue, Poison> {
        let read = || {
            let bytes = self.record.value.as_deref().ok_or(Poison::NoValue)?;
            serde_json::from_slice(bytes).map_err(|why| Poison::NotJson(why.to_string()))
        };
        self.json.get_or_init(read).clone()
    }

    /// `None`: the record is readable and has no such value. JSON `null` is a value.
    pub(crate) fn find(&self, path: &Path) -> Result<Option<Field<'a>>, Poison> {
        let record = self.record;
        Ok(match path {
            Path::Json(names) => seek(self.json()?, names).map(Field::Json),
            Path::Key => record.key.as_deref().map(Field::Bytes),
            Path::Value => record.value.as_deref().map(Field::Bytes),
            Path::Topic => Some(Field::Bytes(record.topic.as_bytes())),
            Path::Partition => Some(Field::Number(record.partition.into())),
            Path::Offset => Some(Field::Number(record.offset)),
            Path::Timestamp => record.timestamp_ms.map(Field::Number),
            Path::Header(name) => record.header(name).map(|value| Field::Bytes(value)),
        })
    }

    /// The value as text: a string's characters, a number's digits as written, else JSON. `null` counts as missing.
    pub fn text(&self, path: &Path) -> Result<Option<Cow<'a, str>>, Poison> {
        match self.find(path)? {
            Some(field) => field.text(path),
            None => Ok(None),
        }
    }

    /// As [`Fields::text`], where the pipeline cannot do without.
    pub fn required_text(&self, path: &Path) -> Result<Cow<'a, str>, Poison> {
        self.text(path)?.ok_or_else(|| Poison::Missing { path: path.to_string() })
    }
}

impl<'a> Field<'a> {
    pub fn text(self, path: &Path) -> Result<Option<Cow<'a, str>>, Poison> {
        match self {
            Field::Number(number) => Ok(Some(number.to_string().into())),
            Field::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.into())),
                Err(_) => Err(Poison::NotText { path: path.to_string() }),
            },
            Field::Json(raw) if raw.get() == "null" => Ok(None),
            Field::Json(raw) if raw.get().starts_with('"') => unescaped(raw).map(Some),
            Field::Json(raw) => Ok(Some(raw.get().into())),
        }
    }
}

pub(crate) fn unescaped(raw: &RawValue) -> Result<Cow<'_, str>, Poison> {
    let inner = &raw.get()[1..raw.get().len() - 1];
    if !inner.contains('\\') {
        return Ok(inner.into());
    }
    // A lone surrogate (`"\ud800"`) is JSON to a scanner and no text to anyone.
    serde_json::from_str::<String>(raw.get()).map(Cow::Owned).map_err(|why| Poison::NotJson(why.to_string()))
}
