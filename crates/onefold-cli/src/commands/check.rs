use crate::console::print;
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::settings::File;
use std::path::PathBuf;

/// Say all that is wrong with a file, and how to fix it
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefold check onefold.toml")]
pub struct Options {
    /// The file
    #[arg(default_value = "onefold.toml")]
    file: PathBuf,
}

pub fn run(options: &Options) -> Done {
    let file = File::load(&options.file).map_err(Failure::usage)?;
    super::refuse_too_strong(&file)?;
    let count = |number: usize, one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    print(&format!(
        "{} is right: {}, {}, {}",
        options.file.display(),
        count(file.topics.len(), "topic"),
        count(file.pipelines.len(), "pipeline"),
        count(file.mocks.len(), "mock"),
    ));
    Ok(())
}
