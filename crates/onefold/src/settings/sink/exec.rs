use crate::placeholders::Template;
use crate::settings::problem::Problem;
use crate::settings::reader::{Located, Reader};
use crate::settings::values::{OneOrMore, Secret, Span};
use std::path::PathBuf;
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

fn arguments(table: &Reader<'_>, command: &Located<OneOrMore>) -> Option<Vec<Template>> {
    let parsed: Result<Vec<_>, _> = command.value.0.iter().map(|text| Template::parse(text)).collect();
    let note = |why| table.problem(Problem::new(command.span.clone(), format!("{}.command: {why}", table.path)));
    parsed.map_err(note).ok()
}
