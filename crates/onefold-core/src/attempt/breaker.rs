//! Is it the sink that is down, or a record that fails?
//!
//! A sink counts as down when records of at least two keys found it so with no answer in between; failures to connect
//! must also last. One failing key therefore never opens the breaker: its own lane waits, without burning attempts
//! where the error says "sink down". What the sink says of itself, and not of a record, counts at once. An open breaker lets one record through at a time, and any answer closes it.

use super::policy::RetryPolicy;
use crate::outcome::ErrorClass;

/// What was found at the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DownReason {
    /// No connection. Transient, until it lasts.
    Unreachable,
    /// 401, 403 and their like: it does not let us in.
    Denied,
    /// 404 and its like: it is not there.
    Missing,
    /// The handler says so.
    Told,
    /// The sink says so of itself, before any record was looked at: a database file that another program holds.
    Itself,
}

impl DownReason {
    pub const ALL: [DownReason; 5] =
        [DownReason::Unreachable, DownReason::Denied, DownReason::Missing, DownReason::Told, DownReason::Itself];

    pub const fn as_str(self) -> &'static str {
        match self {
            DownReason::Unreachable => "cannot connect",
            DownReason::Denied => "access denied",
            DownReason::Missing => "not found",
            DownReason::Told => "reported down",
            DownReason::Itself => "out of order",
        }
    }
}

/// A set of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DownReasons(u8);

impl DownReasons {
    fn add(&mut self, reason: DownReason) {
        self.0 |= 1 << reason as u8;
    }

    pub fn iter(self) -> impl Iterator<Item = DownReason> {
        DownReason::ALL.into_iter().filter(move |reason| self.0 >> *reason as u8 & 1 == 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BreakerSettings {
    /// How long failures to connect must go on before they mean that the sink is down.
    pub lasts_ms: u64,
    /// The longest wait before the first probe, and before any.
    pub probe_first_ms: u64,
    pub probe_longest_ms: u64,
    /// A probe that has not ended so long after it was due is given up for lost, and another record is let through.
    pub probe_patience_ms: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        BreakerSettings { lasts_ms: 1000, probe_first_ms: 1000, probe_longest_ms: 30_000, probe_patience_ms: 60_000 }
    }
}

/// What may run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Everything.
    Open,
    /// One record: call [`Breaker::probe_started`] when it runs.
    Probe,
    /// Nothing, before this time; a probe that is under way may open it sooner.
    Shut { until_ms: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// It answered last, or was never asked.
    Answers,
    /// It was found down since then, by records of one key, or by connections that did not fail for long enough.
    Suspect {
        since_ms: u64,
        key: u64,
        of_many: bool,
    },
    Down {
        since_ms: u64,
        probe_at_ms: u64,
        probes: u32,
        probing: bool,
    },
}

/// The breaker of one sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    reasons: DownReasons,
}

impl Breaker {
    pub fn new(settings: BreakerSettings) -> Breaker {
        Breaker { settings, state: State::Answers, reasons: DownReasons::default() }
    }

    /// The sink answered, whatever it said about the record.
    pub fn answered(&mut self) {
        self.state = State::Answers;
        self.reasons = DownReasons::default();
    }

    /// A record of this key (by its hash) found the sink down. Gives the class that the failure has: sink-down, or
    /// transient for a connection that may only have hiccuped. `random` is 64 uniform bits.
    pub fn found_down(&mut self, now_ms: u64, key: u64, reason: DownReason, random: u64) -> ErrorClass {
        self.reasons.add(reason);
        let (since_ms, of_many) = match self.state {
            State::Down { .. } => {
                self.probe_failed(now_ms, random);
                return ErrorClass::SinkDown;
            }
            State::Answers => (now_ms, reason == DownReason::Itself),
            State::Suspect { since_ms, key: first, of_many } => {
                (since_ms, of_many || first != key || reason == DownReason::Itself)
            }
        };
        let lasts = now_ms.saturating_sub(since_ms) >= self.settings.lasts_ms;
        let is_down = reason != DownReason::Unreachable || lasts;
        self.state = if is_down && of_many {
            let probe_at_ms = now_ms + self.probe_wait_ms(1, random);
            State::Down { since_ms, probe_at_ms, probes: 0, probing: false }
        } else {
            let first = if let State::Suspect { key, .. } = self.state { key } else { key };
            State::Suspect { since_ms, key: first, of_many }
        };
        if is_down { ErrorClass::SinkDown } else { ErrorClass::Transient }
    }

    pub fn gate(&self, now_ms: u64) -> Gate {
        match self.state {
            State::Answers | State::Suspect { .. } => Gate::Open,
            State::Down { probe_at_ms, probing, .. } => {
                let patience_ms = if probing { self.settings.probe_patience_ms } else { 0 };
                let until_ms = probe_at_ms.saturating_add(patience_ms);
                if until_ms <= now_ms { Gate::Probe } else { Gate::Shut { until_ms } }
            }
        }
    }

    /// The probe runs; nothing else does until it ends in [`Breaker::answered`] or [`Breaker::found_down`].
    pub fn probe_started(&mut self) {
        if let State::Down { probing, .. } = &mut self.state {
            *probing = true;
        }
    }

    /// The probe ended without having asked the sink (it was skipped, or its partition went): take another record.
    pub fn probe_lost(&mut self) {
        if let State::Down { probing, .. } = &mut self.state {
            *probing = false;
        }
    }

    pub fn is_down(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    /// Since when the sink has not answered.
    pub fn down_since_ms(&self) -> Option<u64> {
        if let State::Down { since_ms, .. } = self.state { Some(since_ms) } else { None }
    }

    pub fn reasons(&self) -> DownReasons {
        self.reasons
    }

    fn probe_failed(&mut self, now_ms: u64, random: u64) {
        let State::Down { since_ms, probes, probing, .. } = self.state else { return };
        // Records that ran before it opened come back as well; only the probe moves the next one on.
        if probing {
            let probes = probes.saturating_add(1);
            let probe_at_ms = now_ms + self.probe_wait_ms(probes.saturating_add(1), random);
            self.state = State::Down { since_ms, probe_at_ms, probes, probing: false };
        }
    }

    /// At least half of the backoff: a probe at once would ask a sink that has just said no.
    fn probe_wait_ms(&self, tried: u32, random: u64) -> u64 {
        let BreakerSettings { probe_first_ms, probe_longest_ms, .. } = self.settings;
        let policy = RetryPolicy { attempts: 1, first_ms: probe_first_ms, longest_ms: probe_longest_ms };
        policy.backoff_ms(tried, u64::MAX / 2 + random / 2)
    }
}
