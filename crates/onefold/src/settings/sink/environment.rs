//! `{env.NAME}` and `${NAME}`, as other programs read them: here they are fields of the record.

use crate::settings::problem::{Fix, Problem};
use crate::settings::reader::Reader;
use std::ops::Range;

/// Notes those in the value at `span` that are meant for the environment. `whole`: a secret may stand in its place.
pub(super) fn slips(table: &Reader<'_>, key: &str, span: &Range<usize>, whole: bool) {
    let source = table.found.source;
    let written = source.slice(span.clone());
    for (at, name) in variables(written) {
        let place = span.start + at.start..span.start + at.end;
        let hole = &written[at.clone()];
        let what =
            format!("{}.{key}: `{hole}` is a field of the record, and not the environment's ${name}", table.path);
        let alone = written.trim_matches(['"', '\'']) == hole;
        let secret = format!("{{ env = \"{name}\" }}");
        let fix = (whole && alone).then(|| Fix::replace(source, span.clone(), secret.clone()));
        let to_do = match whole {
            true => format!("a header comes from the environment as a whole: write {secret}, and put all of it there"),
            false if key == "command" => format!(
                "leave it out: the program has the environment that this one is started with, and what to.exec.env adds \
                 to it, such as env = {{ {name} = {secret} }}; a shell of its own puts it into a line: \
                 [\"sh\", \"-c\", \"curl -u $AUTH ..\"]"
            ),
            false => format!("a header can come from the environment, as a whole: {secret}; this cannot"),
        };
        let problem = Problem::new(place, what).because("to do", to_do);
        let problem = match hole.strip_prefix("{env.") {
            Some(rest) => {
                problem.because("else", format!("if the record has it: {{env.\"{}\"}}", &rest[..rest.len() - 1]))
            }
            None => problem.because("else", format!("if the record has it: ${{{name}:text}}")),
        };
        table.problem(problem.fix(fix));
    }
}

/// Where they stand, and the variables that they name. Variables are in capitals; fields of records hardly ever.
fn variables(text: &str) -> Vec<(Range<usize>, &str)> {
    let (mut found, mut from) = (vec![], 0);
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        from = open + 1;
        let inner = &text[from..];
        let (start, rest) = match inner.strip_prefix("env.") {
            Some(rest) => (open, rest),
            None if text[..open].ends_with('$') => (open - 1, inner),
            None => continue,
        };
        let Some((name, _)) = rest.split_once('}') else { continue };
        let is_one = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if is_one {
            let end = text.len() - rest.len() + name.len() + 1;
            found.push((start..end, name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn what_names_a_variable_is_found_and_what_names_a_field_is_not() {
        let text = "Bearer {env.API_TOKEN} ${HOME} {env.name} {env.\"X\"} {HOME} {@key} ${x} ${X:text} {env.";
        let found: Vec<_> = variables(text).into_iter().map(|(at, name)| (&text[at], name)).collect();
        assert_eq!(found, [("{env.API_TOKEN}", "API_TOKEN"), ("${HOME}", "HOME")]);
    }
}
