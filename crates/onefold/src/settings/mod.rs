//! `onefold.toml`: what the library can do, said in a file, for users of any language.
//!
//! [`File::load`] reads the whole file and finds all that is wrong with it at once, each with its line, its column
//! and, where there is one, a fix that can be applied as printed. What it returns is checked: the parts fit together.
//! Nothing here opens a port or a topic, or makes a database.

mod address;
mod build;
mod check;
mod duplicate;
mod folder;
mod kafka;
#[cfg(test)]
mod keys_are_documented;
mod mask;
mod mock;
mod nearest;
mod pipeline;
mod place;
mod problem;
mod quotes;
mod reader;
mod rest;
#[cfg(feature = "search")]
mod search_tried;
mod sink;
mod source;
#[cfg(feature = "sqlite")]
mod sql_tried;
mod topic;
mod topic_config;
mod unclosed;
mod values;
mod words;

pub use build::{BuildError, Refused};
pub use kafka::{KafkaSettings, Sasl, Tls, bad_servers};
#[cfg(feature = "http")]
pub(crate) use mask::without_users;
pub use mock::{Fail, Hang, MockSettings, Reject};
pub use nearest::nearest;
pub use pipeline::{DedupSettings, PipelineSettings, RetrySettings, StoreSettings};
pub use problem::{Fix, Problem, Said, SettingsErrors};
pub use reader::Located;
pub use sink::{ExecSettings, HeaderSetting, HttpSettings, SearchSettings, SinkSettings, SqlSettings};
pub use topic::{LoadSettings, TopicSettings, bad_name};
pub use topic_config::config_slip;
pub use values::Secret;
pub use words::{Begin, Mechanism, Missing, Older, Promise};

use crate::placeholders::Path as FieldPath;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A settings file, read and checked.
#[derive(Debug, Clone)]
pub struct File {
    pub path: PathBuf,
    pub kafka: KafkaSettings,
    pub topics: Vec<TopicSettings>,
    pub pipelines: Vec<PipelineSettings>,
    pub mocks: Vec<MockSettings>,
    source: source::Source,
}

/// Why a settings file gives no settings.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read {}: {why}", path.display())]
    Unreadable { path: PathBuf, why: std::io::Error },
    #[error(transparent)]
    Wrong(#[from] SettingsErrors),
}

/// A guarantee is declared that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum TooStrong {
    /// As text, one paragraph a pipeline.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Where a file's cluster is: all that a command needs that only talks to it.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub kafka: KafkaSettings,
    /// What the file's own paths are relative to.
    pub folder: PathBuf,
}

impl Cluster {
    /// Reads `[kafka]` alone: what is wrong with a pipeline is no concern of a command that lists topics.
    ///
    /// # Errors
    /// The file cannot be read, is broken, or what is wrong in its `[kafka]`.
    pub fn load(path: &Path) -> Result<Cluster, LoadError> {
        let source = source::Source { path: path.to_owned(), text: text_of(path)? };
        let (table, broken) = toml::de::DeTable::parse_recoverable(&source.text);
        if !broken.is_empty() {
            let broken = rest::of(&source).broken;
            return Err(SettingsErrors::new(source, broken).into());
        }
        let found = reader::Findings::new(&source);
        let kafka = kafka::read(&mut reader::Reader::root(&found, table.get_ref()));
        let problems = found.into_problems();
        match kafka {
            Some(kafka) if problems.is_empty() => Ok(Cluster { kafka, folder: source.resolve("") }),
            // It is there under a misspelt name, which is found by reading the whole file.
            None if problems.is_empty() => Ok(File::parse(path, source.text)?.cluster()),
            _ => Err(SettingsErrors::new(source, problems).into()),
        }
    }
}

/// The longest file that is read: one may be named by mistake, and have no end.
const LONGEST: u64 = 16 << 20;

fn text_of(path: &Path) -> Result<String, LoadError> {
    let unreadable = |why| LoadError::Unreadable { path: path.to_owned(), why };
    let mut text = vec![];
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(unreadable(std::io::Error::other("it is larger than 16 MiB, which no settings are")));
    }
    String::from_utf8(text).map_err(|_| unreadable(std::io::Error::other("it is not UTF-8 text")))
}

impl File {
    /// # Errors
    /// The file cannot be read, or what is wrong in it: all of it.
    pub fn load(path: &Path) -> Result<File, LoadError> {
        Ok(File::parse(path, text_of(path)?)?)
    }

    /// As [`File::load`], and what holds only here and now: every secret can be read, and SQL fits the tables of the
    /// databases that are there, which are read and left as they are.
    ///
    /// # Errors
    /// As of [`File::load`], each secret that is not there, and each statement that cannot be prepared.
    pub fn load_with_secrets(path: &Path) -> Result<File, LoadError> {
        Ok(File::of(source::Source { path: path.to_owned(), text: text_of(path)? }, Look::Here)?)
    }

    /// As [`File::load_with_secrets`], and each database that could not be made, since its folder takes none: what a run says
    /// better, but later.
    ///
    /// # Errors
    /// As of [`File::load_with_secrets`], and each such folder.
    pub fn load_to_check(path: &Path) -> Result<File, LoadError> {
        Ok(File::of(source::Source { path: path.to_owned(), text: text_of(path)? }, Look::Folders)?)
    }

    /// As [`File::load`], from a text; paths in it are relative to `path`.
    ///
    /// # Errors
    /// All that is wrong in it.
    pub fn parse(path: &Path, text: String) -> Result<File, SettingsErrors> {
        File::of(source::Source { path: path.to_owned(), text }, Look::Text)
    }

    fn of(source: source::Source, look: Look) -> Result<File, SettingsErrors> {
        let (read, mut problems) = read(&source, look);
        match read {
            Some(file) if problems.is_empty() => Ok(file),
            file => {
                // Alone, what is declared too strongly is a refusal; beside other mistakes, one more to mend.
                problems.extend(file.iter().flat_map(|file| build::refusals(&source, &file.pipelines)));
                Err(SettingsErrors::new(source, problems))
            }
        }
    }

    /// Refuses guarantees that the parts do not give.
    ///
    /// # Errors
    /// What to change, for each of them.
    pub fn check_guarantees(&self) -> Result<(), TooStrong> {
        let refused: Vec<_> = self.refused()?.iter().map(|refused| self.told(refused)).collect();
        if refused.is_empty() { Ok(()) } else { Err(TooStrong::Refused(refused.join("\n\nerror: "))) }
    }

    /// A refusal with its place, as problems have theirs.
    fn told(&self, refused: &Refused) -> String {
        let text = refused.refusal.to_string();
        let (what, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let gutter = refused.line.to_string().len();
        let place = format!("{:gutter$}--> {}:{}:{}", "", self.path.display(), refused.line, refused.column);
        format!("{what}\n{place}\n{rest}")
    }

    /// Where its cluster is.
    pub fn cluster(&self) -> Cluster {
        Cluster { kafka: self.kafka.clone(), folder: self.source.resolve("") }
    }
}

/// How far a check looks beyond the text of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    Text,
    /// Secrets, programs, tables of databases: what holds here and now.
    Here,
    /// And whether new databases can be made.
    Folders,
}

fn read(source: &source::Source, look: Look) -> (Option<File>, Vec<Problem>) {
    let (table, broken) = toml::de::DeTable::parse_recoverable(&source.text);
    let mut found = reader::Findings::new(source);
    found.look = look;
    if !broken.is_empty() {
        return (None, rest::of(source).problems(look));
    }
    let mut root = reader::Reader::root(&found, table.get_ref());
    let kafka = kafka::read(&mut root);
    let mut routes = pipeline::Routes { declared: root.keys_of("topics"), from: vec![], dead_letters: vec![] };
    let topics = topic::read(&mut root, matches!(kafka, Some(KafkaSettings::Embedded { .. })));
    let pipelines = pipeline::read(&mut root, &mut routes);
    let mocks = mock::read(&mut root);
    root.finish();
    let mut problems = found.into_problems();
    // Where the cluster is decides nothing about how the other parts fit together.
    let kafka = kafka.unwrap_or(KafkaSettings::Bootstrap { servers: String::new(), tls: None, sasl: None });
    let file = File { path: source.path.clone(), kafka, topics, pipelines, mocks, source: source.clone() };
    problems.extend(check::problems(&file, &routes, look >= Look::Here));
    (Some(file), problems)
}

/// The names of the columns that paths become: their last name, or what `@` names.
pub(crate) fn columns(paths: &[FieldPath]) -> Vec<String> {
    let last = |path: &FieldPath| match path {
        FieldPath::Json(names) => names.last().cloned().unwrap_or_default(),
        FieldPath::Header(name) => name.clone(),
        own => own.to_string().trim_start_matches('@').to_owned(),
    };
    paths.iter().map(last).collect()
}
