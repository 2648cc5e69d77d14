//! How long a TOML string is, found in the text alone: the file need not be right.

/// The string of one line that begins here, quotes included; `None` where its line does not close it.
pub(super) fn of_a_line(text: &str) -> Option<usize> {
    let (quote, mut is_escaped) = (text.chars().next()?, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            c if c == quote && !is_escaped => return Some(at + 1),
            c => is_escaped = c == '\\' && quote == '"' && !is_escaped,
        }
    }
    None
}

/// The text of many lines that begins here with three quotes, all quotes included; `None` where nothing closes it. Up to two
/// quotes more may stand at its end, which are its own.
pub(super) fn of_lines(text: &str) -> Option<usize> {
    let (quote, mut is_escaped) = (text.chars().next()?, false);
    for (at, c) in text.char_indices().skip(3) {
        if c == quote && !is_escaped {
            let row = text[at..].chars().take(5).take_while(|c| *c == quote).count();
            if row >= 3 {
                return Some(at + row);
            }
        }
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_where_toml_ends_them() {
        for (text, length) in [
            (r#""a" x"#, Some(3)),
            (r#""a\"b" x"#, Some(6)),
            (r#""a\\" x"#, Some(5)),
            (r"'a\' x", Some(4)),
            (r#""""#, Some(2)),
            (r#""a"#, None),
            ("\"a\n\"", None),
        ] {
            assert_eq!(of_a_line(text), length, "{text}");
        }
        for (text, length) in [
            (r#""""a""" x"#, Some(7)),
            (r#""""a"""" x"#, Some(8)),
            (r#""""a""""" x"#, Some(9)),
            (r#""""a"""""" x"#, Some(9)),
            (r#""""a \""" b""" x"#, Some(14)),
            (r#""""""" x"#, Some(6)),
            (r"'''it''''", Some(9)),
            (r"'''a\''' x", Some(8)),
            (r#""""a"" "#, None),
        ] {
            assert_eq!(of_lines(text), length, "{text}");
        }
    }
}
