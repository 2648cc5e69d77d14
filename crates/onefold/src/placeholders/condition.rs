use super::fields::{Field, Fields, Poison, unescaped};
use super::path::Path;
use std::fmt;

/// What a record must say to be meant: `where = { type = "payment.completed" }`. All tests must hold; a list holds
/// when one of it does.
///
/// A readable record without the path is of another kind: it does not match. A record that cannot be read cannot be
/// told to be of another kind, so asking it is an error and never a silent "no".
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Condition {
    pub tests: Vec<(Path, Vec<Scalar>)>,
}

/// A plain value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Int(i64),
    Real(f64),
    Bool(bool),
}

impl Condition {
    /// # Errors
    /// The record cannot be read.
    pub fn holds(&self, fields: &Fields<'_>) -> Result<bool, Poison> {
        for (path, wanted) in &self.tests {
            let Some(found) = fields.find(path)? else { return Ok(false) };
            if !wanted.iter().any(|scalar| scalar.equals(found)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Scalar {
    fn equals(&self, field: Field<'_>) -> bool {
        match (self, field) {
            (Scalar::Text(text), Field::Bytes(bytes)) => text.as_bytes() == bytes,
            (Scalar::Text(text), Field::Json(raw)) => {
                raw.get().starts_with('"') && unescaped(raw).is_ok_and(|found| found == text.as_str())
            }
            (Scalar::Bool(wanted), Field::Json(raw)) => raw.get() == if *wanted { "true" } else { "false" },
            (Scalar::Int(wanted), Field::Number(found)) => *wanted == found,
            (Scalar::Int(wanted), Field::Json(raw)) => match raw.get().parse::<i64>() {
                Ok(found) => found == *wanted,
                // 2.0 and 2e0 are 2.
                Err(_) => raw.get().parse() == Ok(*wanted as f64),
            },
            (Scalar::Real(wanted), Field::Json(raw)) => raw.get().parse() == Ok(*wanted),
            _ => false,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => write!(f, "{text:?}"),
            Scalar::Int(number) => write!(f, "{number}"),
            Scalar::Real(number) => write!(f, "{number}"),
            Scalar::Bool(yes) => write!(f, "{yes}"),
        }
    }
}
