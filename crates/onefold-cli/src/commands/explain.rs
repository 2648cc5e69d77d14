use crate::console::{explanation, print, print_text};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::Ready;
use onefold::settings::{File, nearest};
use std::path::{Path, PathBuf};

/// Say what each pipeline guarantees, and why
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  onefold explain onefold.toml\n  onefold explain loyalty        # one pipeline of ./onefold.toml\n  onefold explain other.toml loyalty receipts"
)]
pub struct Options {
    /// The file (./onefold.toml, if a pipeline of it is named here)
    #[arg(default_value = "onefold.toml", value_name = "FILE")]
    first: String,
    /// Those of its pipelines that are meant; all, if none is named
    #[arg(value_name = "PIPELINE")]
    pipelines: Vec<String>,
    /// One JSON object a pipeline
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Done {
    let (path, wanted) = file_and_pipelines(options)?;
    let file = File::load(&path).map_err(Failure::usage)?;
    let all = file.outline().map_err(Failure::failed)?;
    for name in &wanted {
        is_there(&path, name, &all)?;
    }
    for ready in all.iter().filter(|ready| wanted.is_empty() || wanted.contains(&ready.name())) {
        let explained = ready.explain(super::retention(&file, ready));
        match options.json {
            true => print(&explanation::json(&explained).to_string()),
            false => print_text(&explained.to_string()),
        }
    }
    super::refuse_too_strong(&file)
}

/// What is a path, or a file that is there, is the file; a pipeline's name is neither.
fn file_and_pipelines(options: &Options) -> Result<(PathBuf, Vec<&str>), Failure> {
    let (first, usual) = (options.first.as_str(), Path::new("onefold.toml"));
    let mut wanted: Vec<&str> = options.pipelines.iter().map(String::as_str).collect();
    let is_path = first.contains(['/', '\\']) || first.ends_with(".toml");
    if is_path || Path::new(first).is_file() {
        return Ok((first.into(), wanted));
    }
    if !usual.exists() {
        return Err(Failure::usage(format!(
            "there is no file {first}, and no ./onefold.toml that it could be a pipeline of"
        )));
    }
    wanted.insert(0, first);
    Ok((usual.to_owned(), wanted))
}

fn is_there(path: &Path, name: &str, all: &[Ready]) -> Done {
    let known: Vec<&str> = all.iter().map(Ready::name).collect();
    if known.contains(&name) {
        return Ok(());
    }
    let near = nearest(name, known.iter().copied()).map(|near| format!(" (is {near} meant?)")).unwrap_or_default();
    let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Failure::usage(format!("{} has no pipeline {name}{near}: it has {there}", path.display())))
}
