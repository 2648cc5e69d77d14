use crate::console::{explanation, print, print_text};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::settings::File;
use std::path::PathBuf;

/// Say what each pipeline guarantees, and why
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefold explain onefold.toml")]
pub struct Options {
    /// The file
    #[arg(default_value = "onefold.toml")]
    file: PathBuf,
    /// One JSON object a pipeline
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Done {
    let file = File::load(&options.file).map_err(Failure::usage)?;
    for ready in file.outline().map_err(Failure::failed)? {
        let explained = ready.explain(super::retention(&file, &ready));
        match options.json {
            true => print(&explanation::json(&explained).to_string()),
            false => print_text(&explained.to_string()),
        }
    }
    super::refuse_too_strong(&file)
}
