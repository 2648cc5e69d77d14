//! A key that is written twice: which one, and where it stood first. The parser tells only where it stands again.

use super::problem::Problem;
use super::source::Source;
use std::ops::Range;

/// What a parser says of a place, with more to it where it is about such a key.
pub(super) fn told(source: &Source, span: &Range<usize>, message: &str) -> Problem {
    let key = source.slice(span.clone()).trim();
    if message != "duplicate key" || key.is_empty() || key.contains('\n') {
        return Problem::new(span.clone(), message);
    }
    let problem = Problem::new(span.clone(), format!("duplicate key: `{key}` is written twice"));
    match first(&source.text, span) {
        Some(at) => problem.because("first", format!("in line {}", source.line(at))),
        None => problem,
    }
}

/// Where it stands for the first time, if that can be told without reading the file as a parser does.
fn first(text: &str, span: &Range<usize>) -> Option<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let (before, line) = (text.get(..start)?, text[start..].split('\n').next()?);
    if line.trim_start().starts_with('[') {
        return lines(before).find(|(_, other)| without_comment(other) == without_comment(line)).map(|(at, _)| at);
    }
    let prefix = text.get(start..span.end)?;
    let key = text.get(span.clone())?;
    if prefix.contains(['{', '=']) {
        // In a table of one line: after its bracket, or after a comma.
        let inside = text.get(start..span.start)?;
        let is_key = |at: &usize| {
            let (left, right) = (inside[..*at].trim_end(), inside[at + key.len()..].trim_start());
            left.ends_with(['{', ',']) && right.starts_with(['=', '.'])
        };
        return inside.match_indices(key).map(|(at, _)| at).find(is_key).map(|at| start + at);
    }
    let table = lines(before).filter(|(_, line)| line.trim_start().starts_with('[')).last().map_or(0, |(at, _)| at);
    let is_same = |line: &str| {
        line.trim_start()
            .strip_prefix(prefix.trim_start())
            .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
    };
    lines(before).find(|(at, line)| *at >= table && is_same(line)).map(|(at, _)| at)
}

/// Lines, and where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let begins = *at;
        *at += line.len();
        Some((begins, line))
    })
}

fn without_comment(header: &str) -> &str {
    header.split('#').next().unwrap_or_default().trim()
}
