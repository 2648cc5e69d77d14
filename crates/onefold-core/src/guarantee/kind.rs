//! The guarantees that can be declared and computed.

use std::fmt;
use std::str::FromStr;

/// How often the effect of one record takes place at the boundary.
///
/// Not a ladder: at-most-once and at-least-once each promise what the other does not, so neither covers the other.
/// Effectively-once keeps both promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guarantee {
    /// Nothing is promised: an effect may be lost, and it may repeat. Computed only, never declared.
    None,
    /// Never twice, perhaps not at all.
    AtMostOnce,
    /// Never lost, perhaps twice.
    AtLeastOnce,
    /// The state at the boundary is as if each effect took place once.
    EffectivelyOnce,
}

impl Guarantee {
    pub const DECLARABLE: [Guarantee; 3] = [Guarantee::AtMostOnce, Guarantee::AtLeastOnce, Guarantee::EffectivelyOnce];

    pub const fn as_str(self) -> &'static str {
        match self {
            Guarantee::None => "no guarantee",
            Guarantee::AtMostOnce => "at-most-once",
            Guarantee::AtLeastOnce => "at-least-once",
            Guarantee::EffectivelyOnce => "effectively-once",
        }
    }

    /// Whether parts that give `self` keep what `declared` promises.
    pub fn covers(self, declared: Guarantee) -> bool {
        (!declared.forbids_loss() || self.forbids_loss()) && (!declared.forbids_repeats() || self.forbids_repeats())
    }

    pub fn forbids_loss(self) -> bool {
        matches!(self, Guarantee::AtLeastOnce | Guarantee::EffectivelyOnce)
    }

    pub fn forbids_repeats(self) -> bool {
        matches!(self, Guarantee::AtMostOnce | Guarantee::EffectivelyOnce)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no guarantee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownGuarantee {
    #[error(
        "\"exactly-once\" end to end is nothing that anybody can give: declare \"effectively-once\", \
         which says that the effects at the boundary add up as if each took place once"
    )]
    ExactlyOnce,
    #[error("\"{0}\" is not a guarantee: \"at-most-once\", \"at-least-once\" or \"effectively-once\"")]
    Other(String),
}

impl FromStr for Guarantee {
    type Err = UnknownGuarantee;

    fn from_str(word: &str) -> Result<Guarantee, UnknownGuarantee> {
        match Guarantee::DECLARABLE.into_iter().find(|guarantee| guarantee.as_str() == word) {
            Some(guarantee) => Ok(guarantee),
            None if word == "exactly-once" => Err(UnknownGuarantee::ExactlyOnce),
            None => Err(UnknownGuarantee::Other(word.to_owned())),
        }
    }
}
