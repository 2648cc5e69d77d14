//! Explanations on narrow terminals: a line that is too long goes on below its own text, not below its label.

/// Each line of the text in at most `width` columns, as far as its words allow.
pub fn wrapped(text: &str, width: usize) -> String {
    let wrap = |line: &str| if is_quotation(line) { line.to_owned() } else { wrapped_line(line, width) };
    let lines: Vec<String> = text.split('\n').map(wrap).collect();
    lines.join("\n")
}

/// A line of a file with marks below it, as errors show them: the marks are right only below the whole line.
fn is_quotation(line: &str) -> bool {
    let after_number = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    after_number.starts_with(" | ") || after_number == " |" || line.trim_start().starts_with("| ")
}

fn wrapped_line(line: &str, width: usize) -> String {
    let mut indent = text_column(line);
    if indent > width / 2 {
        indent = 4;
    }
    let (mut wrapped, mut column) = (String::new(), 0);
    for (word, gap) in words(line) {
        let (word_width, gap_width) = (word.chars().count(), gap.chars().count());
        if column + gap_width + word_width > width && column > indent {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            wrapped.push_str(gap);
            column += gap_width;
        }
        wrapped.push_str(word);
        column += word_width;
    }
    wrapped
}

/// Where a line's text begins: after its label and the spaces behind it, else after its own indent.
fn text_column(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let label_end = line[indent..].find("  ").map(|at| indent + at);
    let text = label_end.and_then(|end| Some(end + line[end..].find(|c: char| c != ' ')?));
    text.map_or(indent, |at| line[..at].chars().count())
}

/// Each word with the spaces before it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| c != ' ')?;
        let end = rest[start..].find(' ').map_or(rest.len(), |at| start + at);
        let found = (&rest[start..end], &rest[..start]);
        rest = &rest[end..];
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn text_goes_on_below_text() {
        let line = "  not covered  a crash between the POST and the mark repeats it";
        let expected =
            "  not covered  a crash between\n               the POST and the\n               mark repeats it";
        assert_eq!(wrapped(line, 32), expected);
        assert_eq!(wrapped(line, 200), line);
    }

    #[test]
    fn quotations_of_a_file_stay_whole() {
        let quoted = "   |\n12 | url = \"sqlite:a b c d e f g\"\n   |       ^^^^^^^^^^^^^^^^^^^^^^";
        assert_eq!(wrapped(quoted, 12), quoted);
    }

    #[test]
    fn a_terminal_too_narrow_for_labels_takes_a_small_indent() {
        assert_eq!(wrapped("  as long as     it is kept", 18), "  as long as\n    it is kept");
    }

    #[test]
    fn a_word_that_does_not_fit_stands_alone_and_nothing_is_lost() {
        let line = "a sqlite:data/very/long/path/loyalty.db b";
        assert_eq!(wrapped(line, 10), "a\nsqlite:data/very/long/path/loyalty.db\nb");
        assert_eq!(wrapped("", 10), "");
    }
}
