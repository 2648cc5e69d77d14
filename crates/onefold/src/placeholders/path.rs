use std::fmt;

/// Where a value stands in a record: `data.user_id` in its JSON, `@key` in the record itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// Names (and, in arrays, numbers) from the outside to the inside.
    Json(Vec<String>),
    Key,
    Value,
    Topic,
    Partition,
    Offset,
    /// Milliseconds since 1970.
    Timestamp,
    Header(String),
}

const OWN: [(&str, Path); 6] = [
    ("@key", Path::Key),
    ("@value", Path::Value),
    ("@topic", Path::Topic),
    ("@partition", Path::Partition),
    ("@offset", Path::Offset),
    ("@timestamp", Path::Timestamp),
];

impl Path {
    /// # Errors
    /// What is wrong with the text, as a clause that can follow it.
    pub fn parse(text: &str) -> Result<Path, String> {
        if let Some(name) = text.strip_prefix("@header.") {
            return if name.is_empty() { Err("names no header".into()) } else { Ok(Path::Header(name.into())) };
        }
        if text.starts_with('@') {
            let own = OWN.iter().find(|(name, _)| *name == text).map(|(_, path)| path.clone());
            return own.ok_or_else(|| {
                let known: Vec<_> = OWN.iter().map(|(name, _)| *name).collect();
                format!("is none of {}, @header.NAME", known.join(", "))
            });
        }
        segments(text).map(Path::Json)
    }
}

/// Names between dots; a name with a dot in it stands in double quotes: `data."strange.name"`.
fn segments(text: &str) -> Result<Vec<String>, String> {
    let (mut names, mut rest) = (vec![], text);
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("has an unclosed quote")?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if name.is_empty() {
            return Err("has an empty name".into());
        }
        if name.chars().any(|c| c.is_whitespace() || c.is_control()) && !rest.starts_with('"') {
            return Err("has a blank in a name (put it in double quotes)".into());
        }
        names.push(name.to_owned());
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(names),
            None => return Err("goes on after a closing quote".into()),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Header(name) => write!(f, "@header.{name}"),
            Path::Json(names) => {
                for (n, name) in names.iter().enumerate() {
                    let dot = if n == 0 { "" } else { "." };
                    let quote = if name.contains(['.', '"', ' ']) { "\"" } else { "" };
                    write!(f, "{dot}{quote}{name}{quote}")?;
                }
                Ok(())
            }
            own => f.write_str(OWN.iter().find(|(_, path)| path == own).map_or("", |(name, _)| name)),
        }
    }
}
