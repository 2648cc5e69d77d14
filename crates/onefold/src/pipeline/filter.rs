//! Which records a pipeline takes.

/// What a filter says about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterVerdict {
    /// For this pipeline.
    Take,
    /// Not for this pipeline: passed over and counted.
    Skip,
    /// It cannot be told, since the record is not what it should be: to the dead letters, with the reason.
    Poison(String),
}

pub(crate) type Filter = Box<dyn Fn(&crate::record::Record) -> FilterVerdict + Send + Sync>;
