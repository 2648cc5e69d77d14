use super::fields::{Field, Fields, Poison};
use super::hole::Hole;
use serde_json::value::RawValue;

/// What a value becomes where it is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its characters: headers, arguments.
    Text,
    /// JSON, strings with their quotes: bodies. `{path:text}` gives the characters.
    Json,
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
    Hole(Hole),
}

impl Template {
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut plain, mut rest) = (vec![], String::new(), text);
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            let opened = &rest[at + 1..];
            if let Some(after) = opened.strip_prefix('{') {
                plain.push('{');
                rest = after;
            } else if let Some(inner) = placeholder(opened) {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Hole(Hole::parse(inner)?));
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
                Part::Hole(hole) => put(&mut out, hole, fields, form)?,
            }
        }
        Ok(out)
    }
}

/// The inside of a placeholder that opens here: a path right after the brace, and a closing brace on the same line.
fn placeholder(opened: &str) -> Option<&str> {
    let first = opened.chars().next()?;
    let inner = opened.split_once('}')?.0;
    let path = first.is_alphabetic() || first == '_' || first == '@';
    (path && !inner.contains(['\n', '{', ','])).then_some(inner)
}

fn put(out: &mut String, hole: &Hole, fields: &Fields<'_>, form: Form) -> Result<(), Poison> {
    let field = fields.find(&hole.path)?;
    if field.is_none() && !hole.optional {
        return Err(Poison::Missing { path: hole.path.to_string() });
    }
    if form == Form::Json && !hole.text {
        out.push_str(&field.map_or(Ok("null".to_owned()), |field| json(field, hole))?);
        return Ok(());
    }
    let text = match field {
        Some(field) => field.text(&hole.path)?.unwrap_or_default(),
        None => return Ok(()),
    };
    match form {
        Form::Url => text.bytes().for_each(|byte| percent(out, byte)),
        Form::Text | Form::Json => out.push_str(&text),
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
