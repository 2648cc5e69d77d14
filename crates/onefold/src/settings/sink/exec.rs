use crate::placeholders::Template;
use crate::settings::problem::Problem;
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
    // A PATH of the program's own decides where it is found, and may come from a secret: not looked at here.
    let own_path = env.as_ref().is_some_and(|env| env.value.iter().any(|(name, _)| name.value == "PATH"));
    if let (Some(command), Some([program, ..]), false) = (&command, parsed.as_deref(), own_path) {
        exists(&table, command, program, &folder);
    }
    table.finish();
    let env = env.map(|env| env.value).unwrap_or_default();
    Some(ExecSettings {
        command: parsed?,
        written: command?.value.0,
        env: env.into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        timeout: timeout.map_or(Duration::from_secs(30), |timeout| timeout.value.0),
        folder,
    })
}

/// What can only fail at every record is said before the first one: that the program is not there, or is none.
fn exists(table: &Reader<'_>, command: &Located<OneOrMore>, program: &Template, folder: &Path) {
    let (Some(name), Some(written)) = (program.plain(), command.value.0.first()) else { return };
    let wrong = match () {
        () if name.is_empty() => "names no program".to_owned(),
        () if !name.contains('/') && found_by_name(name) => return,
        () if !name.contains('/') => format!("there is no program `{written}` in any folder of $PATH"),
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
