//! From the end of an attempt to the verdict.

use super::policy::RetryPolicy;
use crate::outcome::ErrorClass;

/// How an attempt ended, without the reasons and texts that the shell keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    Done,
    /// The handler has nothing to do with this record.
    Skip,
    /// The handler asks for another attempt, not before this many milliseconds.
    Retry {
        after_ms: u64,
    },
    /// The handler gives the record up.
    Dead,
    /// An error, with what the sink said about when to come back.
    Failed {
        class: ErrorClass,
        retry_after_ms: Option<u64>,
        /// The sink was surely not reached, so that another attempt repeats nothing.
        without_effect: bool,
    },
}

/// Whether an effect that may have happened already may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repetition {
    /// The guarantee bears a repetition (at-least-once), or the attempt was rolled back.
    Allowed,
    /// At-most-once: only what surely had no effect is tried again.
    Forbidden,
}

/// The tries of one record so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tries {
    /// Attempts that count.
    pub burnt: u32,
    /// Tries that do not: the sink was down or asked for patience.
    pub waited: u32,
}

impl Tries {
    /// The number of the attempt that runs now: 1, 2, ..
    pub fn number(self) -> u32 {
        self.burnt.saturating_add(1)
    }
}

/// Why a record is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// The handler asked for it.
    Asked,
    Failed,
    RateLimited,
    SinkDown,
}

/// Why a record is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dead {
    /// No repetition helps.
    Poison,
    /// The handler said so.
    Given,
    /// It failed as often as it may.
    Exhausted { attempts: u32 },
    /// Its effect may have happened, and the guarantee does not bear a repetition.
    Ambiguous,
}

impl Dead {
    /// The word in the dead letter's headers and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Dead::Poison => "poison",
            Dead::Given => "given-up",
            Dead::Exhausted { .. } => "exhausted",
            Dead::Ambiguous => "ambiguous",
        }
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Verdict {
    Done,
    Skipped,
    /// Park the record's lane for so long, then try again with these tries.
    Again {
        tries: Tries,
        after_ms: u64,
        because: Because,
    },
    /// To the dead letters, and only then on.
    Dead(Dead),
}

/// Judges the end of the attempt `tries.number()`. `random` is 64 uniform bits.
pub fn judge(policy: &RetryPolicy, repetition: Repetition, tries: Tries, ended: Ended, random: u64) -> Verdict {
    let (class, told_ms, without_effect) = match ended {
        Ended::Done => return Verdict::Done,
        Ended::Skip => return Verdict::Skipped,
        Ended::Dead => return Verdict::Dead(Dead::Given),
        // The handler knows that nothing happened, so this holds under every guarantee.
        Ended::Retry { after_ms } => return burn(policy, tries, Because::Asked, |_| after_ms),
        Ended::Failed { class, retry_after_ms, without_effect } => (class, retry_after_ms, without_effect),
    };
    match class {
        ErrorClass::Poison => Verdict::Dead(Dead::Poison),
        ErrorClass::RateLimited => wait(policy, tries, Because::RateLimited, told_ms, random),
        ErrorClass::SinkDown => wait(policy, tries, Because::SinkDown, told_ms, random),
        // An error that merely may go away does not say that nothing happened before it.
        ErrorClass::Transient | ErrorClass::Ambiguous if repetition == Repetition::Forbidden && !without_effect => {
            Verdict::Dead(Dead::Ambiguous)
        }
        ErrorClass::Transient | ErrorClass::Ambiguous => {
            burn(policy, tries, Because::Failed, |tried| policy.told_ms(told_ms, tried, random))
        }
    }
}

fn burn(policy: &RetryPolicy, tries: Tries, because: Because, after_ms: impl Fn(u32) -> u64) -> Verdict {
    let burnt = tries.number();
    if burnt >= policy.attempts {
        return Verdict::Dead(Dead::Exhausted { attempts: burnt });
    }
    Verdict::Again { tries: Tries { burnt, waited: tries.waited }, after_ms: after_ms(burnt), because }
}

fn wait(policy: &RetryPolicy, tries: Tries, because: Because, told_ms: Option<u64>, random: u64) -> Verdict {
    let waited = tries.waited.saturating_add(1);
    let after_ms = policy.told_ms(told_ms, waited, random);
    Verdict::Again { tries: Tries { burnt: tries.burnt, waited }, after_ms, because }
}
