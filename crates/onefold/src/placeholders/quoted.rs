use super::hole::Hole;
use super::sql::verbatim;
use super::template::placeholder;

/// A quoted part of a statement with something in it that looks like a placeholder. In quotes it is text, which is
/// hardly ever what its writer meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted<'t> {
    /// As it stands in the statement, quotes and all.
    pub literal: &'t str,
    /// The first of its placeholders, braces and all.
    pub hole: &'t str,
    /// What would bind the value, where that can be told.
    pub unquoted: Option<String>,
}

/// All of them, in their order. Comments are left alone. A statement whose quotes do not close has none: it has other
/// faults.
pub(crate) fn quoted_placeholders(text: &str) -> Vec<Quoted<'_>> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(first) = text[at..].chars().next() {
        let Ok(mut length) = verbatim(&text[at..], first) else { return found };
        // A doubled quote ends one literal for `verbatim` and opens the next: it is one.
        while is_quote(first) && text[at + length..].starts_with(first) {
            let Ok(more) = verbatim(&text[at + length..], first) else { return found };
            length += more;
        }
        if is_quote(first) || (first == '$' && length > 1) {
            found.extend(quoted(&text[at..at + length]));
        }
        at += length;
    }
    found
}

fn is_quote(first: char) -> bool {
    matches!(first, '\'' | '"' | '`')
}

fn quoted(literal: &str) -> Option<Quoted<'_>> {
    let holes = holes(literal);
    let hole = *holes.first()?;
    let inside = &literal[1..literal.len() - 1];
    let unquoted = match literal.chars().next() {
        // A name cannot be bound; but in double quotes many write text.
        Some('\'' | '"') if inside == hole => Some(hole.to_owned()),
        // JSON that is put together from pieces breaks at the first quote in a value.
        Some('\'') if !inside.contains('"') => Some(concatenation(inside, &holes)),
        _ => None,
    };
    Some(Quoted { literal, hole, unquoted })
}

fn holes(literal: &str) -> Vec<&str> {
    let opened = literal.match_indices('{').map(|(at, _)| at);
    let holes = opened.filter_map(|at| {
        let inner = placeholder(&literal[at + 1..])?;
        let reads = Hole::parse(inner).is_ok() && !inner.contains(['\'', ' ']);
        reads.then(|| &literal[at..at + inner.len() + 2])
    });
    holes.collect()
}

/// `'user-' || {data.user} || '.'` for `user-{data.user}.`
fn concatenation(inside: &str, holes: &[&str]) -> String {
    let (mut pieces, mut rest) = (vec![], inside);
    for hole in holes {
        let Some((before, after)) = rest.split_once(hole) else { continue };
        pieces.extend((!before.is_empty()).then(|| format!("'{before}'")));
        pieces.push((*hole).to_owned());
        rest = after;
    }
    pieces.extend((!rest.is_empty()).then(|| format!("'{rest}'")));
    pieces.join(" || ")
}

#[cfg(test)]
mod tests {
    use super::quoted_placeholders;

    fn unquoted(text: &str) -> Vec<(&str, Option<String>)> {
        quoted_placeholders(text).into_iter().map(|found| (found.literal, found.unquoted)).collect()
    }

    fn one(literal: &str) -> Option<String> {
        let found = unquoted(literal);
        assert_eq!(found.iter().map(|(literal, _)| *literal).collect::<Vec<_>>(), [literal]);
        found.into_iter().next().and_then(|(_, unquoted)| unquoted)
    }

    #[test]
    fn a_placeholder_in_quotes_is_found_with_what_would_bind_it() {
        assert_eq!(one("'{data.x}'").as_deref(), Some("{data.x}"));
        assert_eq!(one("\"{data.x?}\"").as_deref(), Some("{data.x?}"));
        assert_eq!(one("'user-{data.x}.{@key}!'").as_deref(), Some("'user-' || {data.x} || '.' || {@key} || '!'"));
        assert_eq!(one("'it''s {data.x}'").as_deref(), Some("'it''s ' || {data.x}"));
        assert_eq!(one("'{\"user\": {data.x}}'"), None);
        assert_eq!(one("`{data.x}`"), None);
        assert_eq!(one("$t${data.x}$t$"), None);
    }

    #[test]
    fn what_only_has_braces_is_left_alone() {
        for text in
            ["'{}'", "'{\"a\":1}'", "'{ not a path }'", "'{1,2}'", "{data.x}", "-- '{a}'", "/* '{a}' */", "'open {a}"]
        {
            assert_eq!(unquoted(text), [], "{text}");
        }
    }
}
