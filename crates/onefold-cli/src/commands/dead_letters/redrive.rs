use super::choice::Choice;
use super::deaths::Deaths;
use super::end::End;
use super::letters::{Letter, each};
use super::list::{PAGE, head, row};
use super::marks::Marks;
use super::origins::Origins;
use super::place::{Place, Source};
use super::strangers::Strangers;
use crate::console::table::table;
use crate::console::{print, put};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::{names, offsets};
use clap::Args;
use onefold::dead_letter::redrive::put_back;
use onefold::log::kafka::KafkaPublisher;
use std::collections::BTreeMap;

/// Put dead letters back into the topic that they came from
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefold dead-letters redrive receipts --dry-run\n  onefold dead-letters redrive receipts --class exhausted --since 2h\n  onefold dead-letters redrive receipts --origin payments/3/1021 --again\n  onefold dead-letters redrive receipts --to payments.mended\n\nTakes what lies in the topic at the start and was not put back before. Key, value and the record's own headers go back as they came, to the partition that they came from; the count of it, the identity and the first origin go with them as headers.\nA record is durable before it is told, and noted in NAME.redriven next; killed between the two, the next call puts up to 200 letters back again. Where the pipeline has `dedup`, each takes effect once all the same; without, each copy is a new record. Other pipelines of a file pass over it; bare handlers in Rust take it for a new record. Run one at a time."
)]
pub struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    choice: Choice,
    /// Another topic, for whoever reads it; partitioned by key
    #[arg(long, value_name = "TOPIC", value_parser = names::topic)]
    to: Option<String>,
    /// Those too that were put back before
    #[arg(long)]
    pub again: bool,
    /// For all pipelines that read the topic, not only for the one that they died in
    #[arg(long)]
    for_all: bool,
    /// Say what would be put back, and put nothing back
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object a letter, and one at the end
    #[arg(long)]
    pub json: bool,
}

/// So many letters are noted together.
const TOGETHER: usize = 200;

pub async fn run(options: Options) -> Done {
    options.choice.refuse_empty()?;
    let source = options.source.clone();
    source.with("putting letters back broke off", move |place| redrive(place, &options)).await
}

fn redrive(place: &Place, options: &Options) -> Done {
    let publisher = KafkaPublisher::new(&place.settings).map_err(Failure::failed)?;
    let marks = Marks::read(place, &publisher)?;
    let plan = plan(place, options, &marks)?;
    let mut end = End { before: plan.before, without_origin: plan.without_origin, ..End::default() };
    if options.dry_run {
        end.counts = plan.to.iter().map(|(topic, to)| (topic.clone(), to.letters)).collect();
        if !options.json && !plan.rows.is_empty() {
            print(&table(head(false), &plan.rows));
        }
        return end.say(place, options);
    }
    let run = Run { place, options, publisher: &publisher, plan: &plan };
    let ran = if plan.to.is_empty() { Ok(()) } else { run.all(marks, &mut end) };
    ran.map_err(|why| end.with_what_is_done(why))?;
    if let Err(why) = end.say(place, options) {
        end.deaf.get_or_insert(why);
    }
    end.refuse_untold(place)
}

/// What is to go where, known before anything is produced.
#[derive(Default)]
struct Plan {
    to: BTreeMap<String, Destination>,
    /// Letters that are chosen, and were put back before.
    before: u64,
    without_origin: u64,
    rows: Vec<Vec<String>>,
}

#[derive(Default)]
struct Destination {
    letters: u64,
    partitions: i32,
}

impl Options {
    fn is_chosen(&self, letter: &Letter, deaths: &mut Deaths) -> bool {
        self.choice.takes(letter) && deaths.is_new(letter) && (self.again || !letter.is_back)
    }

    fn destination(&self, letter: &Letter) -> Option<String> {
        self.to.clone().or_else(|| letter.told.origin.as_ref().map(|at| at.topic.clone()))
    }
}

fn plan(place: &Place, options: &Options, marks: &Marks) -> Done<Plan> {
    let (mut plan, mut deaths) = (Plan::default(), Deaths::default());
    let (mut strangers, mut origins) = (Strangers::default(), Origins::of(options.choice.origins()));
    each(place, marks, |letter| {
        // Whoever says where to takes records for letters that tell of nothing.
        if options.to.is_none() {
            strangers.note(&letter);
        }
        origins.note(&letter);
        plan.before += u64::from(letter.is_back && options.choice.takes(&letter));
        if !options.is_chosen(&letter, &mut deaths) {
            return Ok(());
        }
        let Some(topic) = options.destination(&letter) else {
            plan.without_origin += 1;
            return Ok(());
        };
        plan.to.entry(topic).or_default().letters += 1;
        if options.dry_run {
            match options.json {
                true => print(&told(&letter, options, None)),
                false => plan.rows.push(row(&letter, false)),
            }
            if plan.rows.len() >= PAGE {
                print(&table(head(false), &std::mem::take(&mut plan.rows)));
            }
        }
        Ok(())
    })?;
    strangers.refuse_only(place)?;
    if let Some(hint) = origins.unmet() {
        return Err(Failure::failed(format!("nothing was put back: {hint}")));
    }
    for (topic, to) in &mut plan.to {
        if *topic == place.topic {
            return Err(Failure::usage(format!(
                "{topic} is the dead-letter topic itself: nothing reads it from there"
            )));
        }
        let partitions = offsets::partitions(&place.client, topic).or_failed("cannot ask for the topic")?;
        if partitions.is_empty() {
            return Err(Failure::failed(format!(
                "there is no topic {topic} to put letters back into; nothing was put back\n  \
                 to fix         create it, or choose another: --to TOPIC"
            )));
        }
        to.partitions = partitions.len() as i32;
    }
    Ok(plan)
}

struct Run<'a> {
    place: &'a Place,
    options: &'a Options,
    publisher: &'a KafkaPublisher,
    plan: &'a Plan,
}

impl Run<'_> {
    fn all(&self, mut marks: Marks, end: &mut End) -> Done {
        // What was chosen before is chosen by the notes of the start: those of this run change them.
        let start = marks.clone();
        let (mut waiting, mut deaths) = (vec![], Deaths::default());
        tokio::runtime::Handle::current().block_on(marks.made(self.place))?;
        each(self.place, &start, |letter| {
            if self.options.is_chosen(&letter, &mut deaths) && self.options.destination(&letter).is_some() {
                waiting.push(letter);
            }
            if waiting.len() < TOGETHER { Ok(()) } else { self.some(std::mem::take(&mut waiting), &mut marks, end) }
        })?;
        self.some(waiting, &mut marks, end)
    }

    /// Produced, then noted, then told.
    fn some(&self, letters: Vec<Letter>, marks: &mut Marks, end: &mut End) -> Done {
        if letters.is_empty() {
            return Ok(());
        }
        let runtime = tokio::runtime::Handle::current();
        let sent = runtime.block_on(futures_util::future::join_all(letters.iter().map(|letter| self.one(letter))));
        let (mut there, mut refused) = (vec![], None);
        for (letter, sent) in letters.iter().zip(sent) {
            match sent {
                Ok(topic) => there.push((letter, topic)),
                Err(why) => drop(refused.get_or_insert(why)),
            }
        }
        if !there.is_empty() {
            let places: Vec<_> =
                there.iter().map(|(letter, _)| (letter.record.partition, letter.record.offset)).collect();
            runtime.block_on(marks.add(self.place, self.publisher, &places)).map_err(|why| {
                why.and(&format!(
                    "\n  {} of this step are put back, and the next call puts them back again",
                    there.len()
                ))
            })?;
        }
        for (letter, topic) in there {
            if self.options.json {
                // Whether anybody reads it or not: the rest is put back all the same, and the end says what was not told.
                end.told(put(&told(letter, self.options, Some(true))));
            }
            *end.counts.entry(topic).or_default() += 1;
        }
        match refused {
            Some(why) => Err(Failure::failed(why)),
            None => marks.refuse_another(self.place),
        }
    }

    /// Acknowledged by all replicas in sync when it returns; where to.
    async fn one(&self, letter: &Letter) -> Result<String, String> {
        let topic = self.options.destination(letter).unwrap_or_default(); // only those with one are chosen
        // Another topic has readers of its own.
        let is_for_all = self.options.for_all || self.options.to.is_some();
        let group = letter.told.group.as_deref().filter(|_| !is_for_all);
        let origin = letter.told.origin.as_ref().filter(|_| self.options.to.is_none());
        let partitions = self.plan.to.get(&topic).map_or(0, |to| to.partitions);
        // The partition keeps a key's order; a topic made again may have fewer.
        let partition = origin.map(|at| at.partition).filter(|at| (0..partitions).contains(at));
        let sent = self.publisher.publish_at(put_back(&letter.record, &topic, group), partition).await;
        sent.map(|()| topic).map_err(|why| why.to_string())
    }
}

fn told(letter: &Letter, options: &Options, done: Option<bool>) -> String {
    let mut line = letter.json();
    line["to"] = options.destination(letter).into();
    line["put_back"] = done.unwrap_or(letter.is_back).into();
    line.to_string()
}
