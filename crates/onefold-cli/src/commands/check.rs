use crate::console::{count, print, print_text, say};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::Ready;
use onefold::settings::{File, LoadError, Refused, SettingsErrors};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Say all that is wrong with a file, and how to fix it
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold check onefold.toml\n\nStarts nothing, makes no database and opens no port. It does look whether secrets, programs and files to load are there, and whether SQL fits the tables of the databases that are, so run it where `onefold run` will run."
)]
pub struct Options {
    /// The file
    #[arg(default_value = "onefold.toml")]
    file: PathBuf,
    /// One JSON object a problem, and one at the end that says whether the file is right
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Done {
    let file = match File::load_to_check(&options.file) {
        Ok(file) => file,
        Err(LoadError::Wrong(wrong)) if options.json => {
            let count = print_problems(options, &wrong);
            return Err(Failure::usage(format!("{count} in {}", options.file.display())));
        }
        Err(why) if options.json => {
            // As anything else that is wrong, but in no place of the file.
            print(&problem(options, json!(null), json!(null), &why.to_string(), vec![], &[]));
            end(options, json!({"right": false, "problems": 1}));
            return Err(Failure::usage(why));
        }
        Err(why) => return Err(Failure::usage(why)),
    };
    match options.json {
        true => print_refusals(options, &file)?,
        false => super::refuse_too_strong(&file)?,
    }
    right(options, &file, &warnings(&file)?);
    Ok(())
}

/// What the guarantees of its pipelines warn of: their names, and what about them.
fn warnings(file: &File) -> Done<Vec<(String, String)>> {
    let all = file.outline().map_err(Failure::failed)?;
    let of = |ready: &Ready| {
        let lines = ready.explain(super::retention(file, ready)).explanation.lines;
        let warnings = lines.into_iter().filter(|line| line.label == "warning");
        warnings.map(|line| (ready.name().to_owned(), line.text)).collect::<Vec<_>>()
    };
    Ok(all.iter().flat_map(of).collect())
}

fn right(options: &Options, file: &File, warnings: &[(String, String)]) {
    let (topics, pipelines, mocks) = (file.topics.len(), file.pipelines.len(), file.mocks.len());
    if options.json {
        let warnings: Vec<Value> =
            warnings.iter().map(|(pipeline, text)| json!({"pipeline": pipeline, "text": text})).collect();
        let counts =
            json!({"right": true, "topics": topics, "pipelines": pipelines, "mocks": mocks, "warnings": warnings});
        end(options, counts);
        return;
    }
    warnings.iter().for_each(|(pipeline, text)| say(&format!("warning: {pipeline}: {text}")));
    let is_idle = pipelines == 0;
    let (topics, pipelines, mocks) =
        (count(topics as u64, "topic"), count(pipelines as u64, "pipeline"), count(mocks as u64, "mock"));
    let idle = if is_idle { "; without [pipelines] `onefold run` has nothing to run" } else { "" };
    print_text(&format!("{} is right: {topics}, {pipelines}, {mocks}{idle}", options.file.display()));
}

/// What is wrong, a line each; how many.
fn print_problems(options: &Options, wrong: &SettingsErrors) -> String {
    let problems = wrong.said();
    for said in &problems {
        let because: Vec<Value> =
            said.because.iter().map(|(about, text)| json!({"about": about, "text": text})).collect();
        print(&problem(options, json!(said.line), json!(said.column), &said.what, because, &said.fixes));
    }
    end(options, json!({"right": false, "problems": wrong.count()}));
    count(wrong.count() as u64, "error")
}

fn problem(options: &Options, line: Value, column: Value, what: &str, because: Vec<Value>, fixes: &[String]) -> String {
    let file = options.file.to_string_lossy();
    json!({"file": file, "line": line, "column": column, "problem": what, "because": because, "fixes": fixes})
        .to_string()
}

/// Guarantees that are declared and do not hold, a line each.
fn print_refusals(options: &Options, file: &File) -> Done {
    let refused = file.refused().map_err(Failure::failed)?;
    for Refused { pipeline, line, column, refusal } in &refused {
        let line = json!({
            "file": options.file.to_string_lossy(), "line": line, "column": column, "pipeline": pipeline,
            "problem": refusal.to_string().lines().next().unwrap_or_default(),
            "declared": refusal.declared.as_str(), "computed": refusal.computed.as_str(),
            "because": [{"about": "weakest link", "text": refusal.weakest_link}], "fixes": refusal.fixes,
        });
        print(&line.to_string());
    }
    if refused.is_empty() {
        return Ok(());
    }
    end(options, json!({"right": false, "problems": refused.len()}));
    let pipelines: Vec<&str> = refused.iter().map(|refused| refused.pipeline.as_str()).collect();
    Err(Failure::refused(format!("declared and not given: the guarantee of {}", pipelines.join(", "))))
}

fn end(options: &Options, mut verdict: Value) {
    verdict["file"] = options.file.to_string_lossy().into();
    print(&verdict.to_string());
}
