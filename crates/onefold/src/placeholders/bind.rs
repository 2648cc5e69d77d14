use super::fields::{Field, Fields, Poison, unescaped};
use super::hole::Hole;
use serde_json::value::RawValue;

/// A value as a parameter of a statement, in the few types that SQLite knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Bind {
    /// Integers are exact in 64 bits (a larger one is poison), fractions are REAL, objects and arrays JSON text.
    pub fn of(hole: &Hole, fields: &Fields<'_>) -> Result<Bind, Poison> {
        match fields.find(&hole.path)? {
            None if hole.optional => Ok(Bind::Null),
            None => Err(Poison::Missing { path: hole.path.to_string() }),
            Some(Field::Number(number)) if hole.text => Ok(Bind::Text(number.to_string())),
            Some(Field::Number(number)) => Ok(Bind::Int(number)),
            Some(Field::Bytes(bytes)) => Ok(match std::str::from_utf8(bytes) {
                Ok(text) => Bind::Text(text.to_owned()),
                Err(_) => Bind::Blob(bytes.to_vec()),
            }),
            Some(Field::Json(raw)) => json(hole, raw),
        }
    }
}

fn json(hole: &Hole, raw: &RawValue) -> Result<Bind, Poison> {
    let written = raw.get();
    Ok(match written.as_bytes().first() {
        Some(b'n') => Bind::Null,
        Some(b'"') => Bind::Text(unescaped(raw)?.into_owned()),
        Some(b'{' | b'[') => Bind::Text(written.to_owned()),
        _ if hole.text => Bind::Text(written.to_owned()),
        Some(b't') => Bind::Int(1),
        Some(b'f') => Bind::Int(0),
        _ => number(hole, written)?,
    })
}

fn number(hole: &Hole, digits: &str) -> Result<Bind, Poison> {
    let too_large = || Poison::TooLarge { path: hole.path.to_string(), digits: digits.to_owned() };
    if !digits.contains(['.', 'e', 'E']) {
        return digits.parse().map(Bind::Int).map_err(|_| too_large());
    }
    match digits.parse::<f64>() {
        // 1e400 is a number in JSON and infinity in a float: nothing is bound that was not sent.
        Ok(real) if real.is_finite() => Ok(Bind::Real(real)),
        _ => Err(too_large()),
    }
}

#[cfg(feature = "sqlite")]
impl rusqlite::ToSql for Bind {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value, ValueRef};
        Ok(match self {
            Bind::Null => ToSqlOutput::Owned(Value::Null),
            Bind::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Bind::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Bind::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Bind::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
