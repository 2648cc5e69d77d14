use super::fields::{Field, Fields, Poison};
use super::hole::Hole;
use serde_json::value::RawValue;

/// What a value becomes where it is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its characters: headers, arguments.
    Text,
    /// JSON, strings with their quotes: bodies. `{path:text}` gives the characters. Between quotes of the template's own
    /// the value's characters, escaped as JSON strings have them.
    Json,
    /// The same in a text that is no JSON, where quotes mean nothing: bodies of another content type.
    Body,
    /// Its characters, percent-encoded: parts of a URL.
    Url,
}

/// A text with placeholders. A brace that opens no placeholder stands for itself, so that JSON can be written as it
/// is; `{{` is always a brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole {
        hole: Hole,
        /// Between double quotes, as JSON has them.
        quoted: bool,
    },
}

impl Template {
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut plain, mut rest, mut quotes) = (vec![], String::new(), text, Quotes::default());
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            let opened = &rest[at + 1..];
            if let Some(after) = opened.strip_prefix('{') {
                plain.push('{');
                rest = after;
            } else if let Some(inner) = placeholder(opened) {
                quotes.read(&plain);
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Hole { hole: Hole::parse(inner)?, quoted: quotes.open });
                rest = &opened[inner.len() + 1..];
            } else {
                plain.push('{');
                rest = opened;
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Template { parts })
    }

    /// The text, where it has no placeholder.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub fn render(&self, fields: &Fields<'_>, form: Form) -> Result<String, Poison> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole { hole, quoted: true } if form == Form::Json => put_in_quotes(&mut out, hole, fields)?,
                Part::Hole { hole, .. } => put(&mut out, hole, fields, form)?,
            }
        }
        Ok(out)
    }

    /// Whether it is JSON whatever values are put in.
    ///
    /// # Errors
    /// What is wrong with it, in the words of a reader of JSON.
    pub fn is_json(&self) -> Result<(), String> {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Hole { quoted, .. } => {
                if *quoted {
                    ""
                } else {
                    "0"
                }
            }
        });
        let sample: String = parts.collect();
        serde_json::from_str::<serde::de::IgnoredAny>(&sample).map(|_| ()).map_err(|why| why.to_string())
    }
}

/// Whether a text stands between double quotes at its end, as JSON reads it.
#[derive(Debug, Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            self.open ^= c == '"' && !self.escaped;
            self.escaped = self.open && c == '\\' && !self.escaped;
        }
    }
}

/// The inside of a placeholder that opens here: a path right after the brace, and a closing brace on the same line.
pub(super) fn placeholder(opened: &str) -> Option<&str> {
    let first = opened.chars().next()?;
    let inner = opened.split_once('}')?.0;
    let path = first.is_alphabetic() || first == '_' || first == '@';
    (path && !inner.contains(['\n', '{', ','])).then_some(inner)
}

fn found<'a>(hole: &Hole, fields: &Fields<'a>) -> Result<Option<Field<'a>>, Poison> {
    match fields.find(&hole.path)? {
        None if !hole.optional => Err(Poison::Missing { path: hole.path.to_string() }),
        found => Ok(found),
    }
}

/// `"Hello {data.name}"`: what is meant is the name's characters, in a string that stays one.
fn put_in_quotes(out: &mut String, hole: &Hole, fields: &Fields<'_>) -> Result<(), Poison> {
    let Some(field) = found(hole, fields)? else { return Ok(()) };
    let text = field.text(&hole.path)?.unwrap_or_default();
    let string = serde_json::Value::from(text).to_string();
    out.push_str(&string[1..string.len() - 1]);
    Ok(())
}

fn put(out: &mut String, hole: &Hole, fields: &Fields<'_>, form: Form) -> Result<(), Poison> {
    let field = found(hole, fields)?;
    if matches!(form, Form::Json | Form::Body) && !hole.text {
        out.push_str(&field.map_or(Ok("null".to_owned()), |field| json(field, hole))?);
        return Ok(());
    }
    let text = match field {
        Some(field) => field.text(&hole.path)?.unwrap_or_default(),
        None => return Ok(()),
    };
    match form {
        Form::Url => text.bytes().for_each(|byte| percent(out, byte)),
        Form::Text | Form::Json | Form::Body => out.push_str(&text),
    }
    Ok(())
}

fn json(field: Field<'_>, hole: &Hole) -> Result<String, Poison> {
    if let Field::Json(raw) = field {
        return Ok(RawValue::get(raw).to_owned());
    }
    let text = field.text(&hole.path)?.unwrap_or_default();
    Ok(match field {
        Field::Number(_) => text.into_owned(),
        _ => serde_json::Value::from(text).to_string(),
    })
}

/// RFC 3986 section 2.3: what is not unreserved is encoded.
fn percent(out: &mut String, byte: u8) {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
        other => out.push_str(&format!("%{other:02X}")),
    }
}
