use crate::placeholders::Template;
use crate::settings::problem::{Fix, Problem};
use crate::settings::reader::{Located, Reader};
use crate::settings::values::{OneOrMore, Secret, Span};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `[pipelines.NAME.to.exec]`: a program run for each record.
#[derive(Debug, Clone)]
pub struct ExecSettings {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<Template>,
    /// As written, for explanations.
    pub written: Vec<String>,
    pub env: Vec<(String, Secret)>,
    pub timeout: Duration,
    /// Where the program runs: the folder of the file.
    pub folder: PathBuf,
}

pub(super) fn read(mut table: Reader<'_>) -> Option<ExecSettings> {
    let command = table.required::<OneOrMore>("command", "[\"./effect.sh\"]");
    let timeout = table.optional::<Span>("timeout");
    let env = table.free::<Secret>("env");
    let folder = table.found.source.resolve("");
    let parsed = command.as_ref().and_then(|command| arguments(&table, command));
    if let Some(span) = table.value_span("command") {
        super::environment::slips(&table, "command", &span, false);
    }
    let line = command.as_ref().and_then(|command| as_a_line(&table, command, &folder));
    // A PATH of the program's own decides where it is found, and may come from a secret: not looked at here.
    let own_path = env.as_ref().is_some_and(|env| env.value.iter().any(|(name, _)| name.value == "PATH"));
    let program = match line {
        Some(first) => first.and_then(|first| Template::parse(&first).ok()),
        None => parsed.as_ref().and_then(|command| command.first().cloned()),
    };
    if let (Some(command), Some(program), false) = (&command, &program, own_path) {
        exists(&table, command, program, &folder);
    }
    let timeout = timeout.filter(|timeout| super::is_some_time(&table, timeout, "30s"));
    table.finish();
    let env = env.map(|env| env.value).unwrap_or_default();
    Some(ExecSettings {
        // As in `sql`.
        command: parsed.unwrap_or_default(),
        written: command.map_or_else(|| vec![String::new()], |command| command.value.0),
        env: env.into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        timeout: timeout.map_or(Duration::from_secs(30), |timeout| timeout.value.0),
        folder,
    })
}

/// One string is one program, whatever stands in it: a line as a shell reads it would be looked for as a file of that
/// name. Notes it; its first word, where it can be parted.
fn as_a_line(table: &Reader<'_>, command: &Located<OneOrMore>, folder: &Path) -> Option<Option<String>> {
    let source = table.found.source;
    let ([line], false) = (command.value.0.as_slice(), source.slice(command.span.clone()).starts_with('[')) else {
        return None;
    };
    let words = words(line);
    let is_program = folder.join(line).is_file();
    if is_program || words.as_ref().is_some_and(|words| words.len() < 2) {
        return None;
    }
    let what = format!("{}.command is one string, which names a program alone, blanks and all", table.path);
    let fix = words.as_ref().map(|words| {
        let quoted: Vec<String> = words.iter().map(|word| toml::Value::from(word.as_str()).to_string()).collect();
        Fix::replace(source, command.span.clone(), format!("[{}]", quoted.join(", ")))
    });
    let why = "a list of the program and its arguments; no shell reads them, so a pipe or `&&` goes into a script";
    table.problem(Problem::new(command.span.clone(), what).because("to do", why).fix(fix));
    Some(words.and_then(|words| words.into_iter().next()))
}

/// The words of a line, as a shell parts them; none where a shell does more than that, or a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote, mut depth): (Vec<String>, Option<String>, _, _) = (vec![], None, None, 0);
    for c in line.trim().chars() {
        match (quote, c) {
            (Some(open), c) if c == open && depth == 0 => quote = None,
            (None, '\'' | '"') if depth == 0 => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '|' | '&' | ';' | '<' | '>' | '`' | '$' | '\\' | '*' | '\n') if depth == 0 => return None,
            (None, c) if c.is_whitespace() && depth == 0 => words.extend(word.take()),
            (_, c) => {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    _ => {}
                }
                word.get_or_insert_default().push(c);
            }
        }
    }
    words.extend(word);
    (quote.is_none() && depth == 0).then_some(words)
}

/// What can only fail at every record is said before the first one: that the program is not there, or is none.
fn exists(table: &Reader<'_>, command: &Located<OneOrMore>, program: &Template, folder: &Path) {
    let Some(name) = program.plain() else { return };
    let wrong = match () {
        () if name.is_empty() => "names no program".to_owned(),
        () if !name.contains('/') && found_by_name(name) => return,
        () if !name.contains('/') => format!("there is no program `{name}` in any folder of $PATH"),
        // As it will be looked for: from the folder in which it will run.
        () => match std::fs::metadata(folder.join(name)) {
            Ok(found) if is_program(&found) => return,
            Ok(_) => format!(
                "{} is no program that can be run (chmod +x makes one of a script)",
                folder.join(name).display()
            ),
            Err(why) => format!("cannot run {}: {why}", folder.join(name).display()),
        },
    };
    table.problem(Problem::new(command.span.clone(), format!("{}.command: {wrong}", table.path)));
}

fn found_by_name(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder| std::fs::metadata(folder.join(name)).is_ok_and(|found| is_program(&found)))
}

#[cfg(unix)]
fn is_program(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_program(found: &std::fs::Metadata) -> bool {
    found.is_file()
}

fn arguments(table: &Reader<'_>, command: &Located<OneOrMore>) -> Option<Vec<Template>> {
    let parsed: Result<Vec<_>, _> = command.value.0.iter().map(|text| Template::parse(text)).collect();
    let note = |why| table.problem(Problem::new(command.span.clone(), format!("{}.command: {why}", table.path)));
    parsed.map_err(note).ok()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_line_is_parted_as_a_shell_does_or_not_at_all() {
        let parted = |line| words(line).map(|words| words.join("|"));
        assert_eq!(parted("./log.sh {id} --to 'a b'").as_deref(), Some("./log.sh|{id}|--to|a b"));
        assert_eq!(parted("a {data.\"first name\"} \"\"").as_deref(), Some("a|{data.\"first name\"}|"));
        assert_eq!(parted(" ./log.sh ").as_deref(), Some("./log.sh"));
        for more in ["a | b", "a 'b", "a > b", "a $B", "a; b", "a {b"] {
            assert_eq!(parted(more), None, "{more}");
        }
    }
}
