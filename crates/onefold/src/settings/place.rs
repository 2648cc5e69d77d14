use super::problem::Fix;
use super::source::Source;
use std::ops::Range;

/// How a table is written in the file, which decides how a key is added to it.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The file itself: its tables are made by a header at the end.
    Root,
    /// `[pipelines.receipts]`: a line after the header.
    Header { header: Range<usize> },
    /// `{ .. }`: before the closing brace.
    Inline { key: String, braces: Range<usize> },
    /// Made by a longer header or a dotted key (`to.sql.url = ..`), or not written at all.
    Implied { header: String },
}

impl Place {
    pub fn of(source: &Source, path: &str, value: Range<usize>) -> Place {
        match source.slice(value.clone()).as_bytes().first() {
            Some(b'[') => Place::Header { header: value },
            Some(b'{') => Place::Inline { key: path.rsplit('.').next().unwrap_or(path).to_owned(), braces: value },
            _ => Place::Implied { header: path.to_owned() },
        }
    }

    /// The fix that adds these lines (`key = value`) to the table.
    pub fn add(&self, source: &Source, lines: &[String]) -> Fix {
        let joined = lines.join("\n");
        match self {
            Place::Root => at_the_end(source, &joined),
            Place::Header { header } => {
                let at = source.line_end(header.start);
                let newline = if source.text[..at].ends_with('\n') { "" } else { "\n" };
                let said = format!("in {}: {}", source.slice(header.clone()), lines.join(" and "));
                Fix::edit(said, at..at, format!("{newline}{joined}\n"))
            }
            Place::Inline { key, braces } => {
                let inside = source.slice(braces.start + 1..braces.end.saturating_sub(1));
                let kept = inside.trim_end();
                let comma = if kept.trim().is_empty() || kept.ends_with(',') { "" } else { "," };
                let at = braces.start + 1 + kept.len();
                let said =
                    format!("in the braces of `{key}` on line {}: {}", source.line(braces.start), lines.join(", "));
                Fix::edit(said, at..at, format!("{comma} {}", lines.join(", ")))
            }
            Place::Implied { header } => at_the_end(source, &format!("[{header}]\n{joined}")),
        }
    }
}

fn at_the_end(source: &Source, lines: &str) -> Fix {
    let end = source.text.len();
    let newline = if source.text.is_empty() || source.text.ends_with('\n') { "" } else { "\n" };
    Fix::edit(format!("add at the end of the file:\n{lines}"), end..end, format!("{newline}\n{lines}\n"))
}
