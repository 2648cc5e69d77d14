use super::bind::Bind;
use super::fields::{Fields, Poison};
use super::hole::Hole;

/// How a database marks a parameter: `?1` or `$1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Question,
    Dollar,
}

/// A statement with its placeholders turned into parameters. Equal placeholders are one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    pub holes: Vec<Hole>,
}

impl Statement {
    /// Braces in strings, quoted names, comments and `$tag$..$tag$` are left alone; `{{` is a brace.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn compile(text: &str, mark: Mark) -> Result<Statement, String> {
        let mut statement = Statement { sql: String::with_capacity(text.len()), holes: vec![] };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("{{") {
                statement.sql.push('{');
                rest = after;
            } else if first == '{' {
                let (inner, after) = rest[1..].split_once('}').ok_or("a `{` has no `}`")?;
                statement.push(Hole::parse(inner)?, mark);
                rest = after;
            } else {
                let (same, after) = rest.split_at(verbatim(rest, first)?);
                statement.sql.push_str(same);
                rest = after;
            }
        }
        Ok(statement)
    }

    /// As [`Statement::compile`], for a text of one or more statements with `;` between them.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn compile_all(text: &str, mark: Mark) -> Result<Vec<Statement>, String> {
        split(text)?.into_iter().map(|text| Statement::compile(text, mark)).collect()
    }

    /// One value a parameter, in their order.
    pub fn bind(&self, fields: &Fields<'_>) -> Result<Vec<Bind>, Poison> {
        self.holes.iter().map(|hole| Bind::of(hole, fields)).collect()
    }

    fn push(&mut self, hole: Hole, mark: Mark) {
        let known = self.holes.iter().position(|other| *other == hole);
        let number = known.unwrap_or(self.holes.len()) + 1;
        if known.is_none() {
            self.holes.push(hole);
        }
        self.sql.push(if mark == Mark::Question { '?' } else { '$' });
        self.sql.push_str(&number.to_string());
    }
}

/// The statements of a text, without the `;` between them and without those that say nothing.
///
/// # Errors
/// A quote or a comment that is never closed.
pub(crate) fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut statements, mut start, mut at) = (vec![], 0, 0);
    while let Some(first) = text[at..].chars().next() {
        if first == ';' {
            statements.push(&text[start..at]);
            start = at + 1;
        }
        at += verbatim(&text[at..], first)?;
    }
    statements.push(&text[start..]);
    Ok(statements.into_iter().filter(|text| !is_silent(text)).map(str::trim).collect())
}

/// Only blanks and comments: no statement.
fn is_silent(text: &str) -> bool {
    let text = text.trim_start();
    match text.as_bytes() {
        [] => true,
        [b'-', b'-', ..] => text.split_once('\n').is_none_or(|(_, rest)| is_silent(rest)),
        [b'/', b'*', ..] => text.split_once("*/").is_none_or(|(_, rest)| is_silent(rest)),
        _ => false,
    }
}

/// How many bytes from here are copied as they stand.
pub(super) fn verbatim(rest: &str, first: char) -> Result<usize, String> {
    let through = |start: usize, end: &str| rest[start..].find(end).map(|at| start + at + end.len());
    let closed = |end: Option<usize>, what: &str| end.ok_or(format!("{what} is never closed"));
    match first {
        '\'' => closed(through(1, "'"), "a string"), // '' opens the next one at once: the same thing
        '"' => closed(through(1, "\""), "a quoted name"),
        '`' => closed(through(1, "`"), "a quoted name"),
        '-' if rest.starts_with("--") => Ok(through(0, "\n").unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => closed(through(2, "*/"), "a comment"),
        '$' => match rest[1..].find('$') {
            Some(n) if rest[1..1 + n].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                closed(through(n + 2, &rest[..n + 2]), "a $-quoted string")
            }
            _ => Ok(1),
        },
        other => Ok(other.len_utf8()),
    }
}
