use super::choice::Choice;
use super::end::were;
use super::letters::{Letter, each};
use super::marks::Marks;
use super::origins::Origins;
use super::place::{Place, Source};
use super::strangers::Strangers;
use crate::console::table::table;
use crate::console::{count, print, say};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold::log::kafka::KafkaPublisher;

/// The dead letters of a pipeline, and which of them were put back
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold dead-letters list receipts\n  onefold dead-letters list payments.receipts.dead --bootstrap kafka-1:9092 --since 2h --json\n\nThose that were put back are left out, unless --all asks for them; so are records that are no letters, since nothing in them tells of a death. A verdict that is not published yet (its pipeline was killed just then) comes when the pipeline runs again. A file's embedded broker that does not run is started meanwhile."
)]
pub struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    choice: Choice,
    /// Those too that were put back, and records that are no letters
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// A table has so many rows at most, and another follows: columns are as wide as their widest cell.
pub const PAGE: usize = 10_000;

pub async fn run(options: Options) -> Done {
    options.choice.refuse_empty()?;
    let source = options.source.clone();
    source.with("listing broke off", move |place| list(place, &options)).await
}

fn list(place: &Place, options: &Options) -> Done {
    let publisher = KafkaPublisher::new(&place.settings).map_err(Failure::failed)?;
    let marks = Marks::read(place, &publisher)?;
    let (mut rows, mut back, mut listed) = (vec![], 0, 0u64);
    let (mut strangers, mut origins) = (Strangers::default(), Origins::of(options.choice.origins()));
    each(place, &marks, |letter| {
        strangers.note(&letter);
        origins.note(&letter);
        if !options.choice.takes(&letter) {
            return Ok(());
        }
        back += u64::from(letter.is_back);
        if !options.all && (letter.is_back || !letter.told.tells_of_a_death()) {
            return Ok(());
        }
        listed += u64::from(letter.told.tells_of_a_death());
        match options.json {
            true => print(&letter.json().to_string()),
            false => rows.push(row(&letter, options.all)),
        }
        if rows.len() >= PAGE {
            print(&table(head(options.all), &std::mem::take(&mut rows)));
        }
        Ok(())
    })?;
    if !options.all {
        strangers.refuse_only(place)?;
    }
    if options.json {
        origins.unmet().iter().for_each(|hint| say(hint));
        return Ok(());
    }
    if !rows.is_empty() {
        print(&table(head(options.all), &rows));
    }
    let hidden = if back > 0 && !options.all { format!("; {} put back (--all)", were(back)) } else { String::new() };
    let see = if options.all { "" } else { " (--all)" };
    let others = match strangers.strangers {
        0 => String::new(),
        1 => format!("; 1 record is no letter{see}"),
        others => format!("; {others} records are no letters{see}"),
    };
    say(&format!("{} in {}{hidden}{others}", count(listed, "letter"), place.topic));
    origins.unmet().iter().for_each(|hint| say(hint));
    Ok(())
}

pub fn head(all: bool) -> &'static [&'static str] {
    let head = &["origin", "class", "attempts", "redrives", "died", "error", "put back"];
    if all { head } else { &head[..head.len() - 1] }
}

pub fn row(letter: &Letter, all: bool) -> Vec<String> {
    let told = &letter.told;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let error = told.origin.as_ref().and_then(|at| at.message.as_deref()).map(one_line);
    let mut row = vec![
        or_dash(letter.origin()),
        or_dash(told.class.clone()),
        or_dash(told.attempts.map(|number| number.to_string())),
        told.redrives.to_string(),
        or_dash(letter.died_at().map(|at| at.split('.').next().unwrap_or(&at).to_owned() + "Z")),
        or_dash(error),
    ];
    if all {
        row.push(if letter.is_back { "yes" } else { "no" }.to_owned());
    }
    row
}

/// What of an error a row has room for: the rest is in the letter, and in --json.
fn one_line(text: &str) -> String {
    const ROOM: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(ROOM) {
        Some((at, _)) => format!("{}..", &line[..at]),
        None => line,
    }
}
