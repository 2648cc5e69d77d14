//! Which letters are meant: by class, by time of death, by origin. Without any of these, all.

use super::letters::Letter;
use crate::exit::{Done, Failure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use onefold::dead_letter::ReasonClass;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Args, Debug, Clone, Default)]
pub struct Choice {
    /// Only those of this class; several with commas between them
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = PossibleValuesParser::new(ReasonClass::ALL.map(ReasonClass::as_str)))]
    class: Vec<String>,
    /// Only those that died since then: 2026-05-01T12:00:00Z, 2026-05-01 (midnight, UTC), or so long ago: 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<SystemTime>,
    /// Only those that died before then
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<SystemTime>,
    /// Only those that stood there: TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/OFFSET; may be given again
    #[arg(long, value_name = "PLACE", value_parser = Origin::parse)]
    origin: Vec<Origin>,
}

impl Choice {
    /// The places that are asked for.
    pub fn origins(&self) -> &[Origin] {
        &self.origin
    }

    /// What no time lies between is most often typed the wrong way round.
    pub fn refuse_empty(&self) -> Done {
        match (self.since, self.before) {
            (Some(since), Some(before)) if since >= before => {
                Err(Failure::usage("--since is not before --before: no letter died in between"))
            }
            _ => Ok(()),
        }
    }

    /// A letter that does not tell its class, time or origin is not of any that is asked for.
    pub fn takes(&self, letter: &Letter) -> bool {
        let told = &letter.told;
        let of_class = |class: &String| self.class.contains(class);
        let at = told.died_at_ms.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(ms).ok()?)));
        let of_origin = || {
            let at = told.origin.as_ref();
            at.is_some_and(|at| self.origin.iter().any(|wanted| wanted.holds(&at.topic, at.partition, at.offset)))
        };
        (self.class.is_empty() || told.class.as_ref().is_some_and(of_class))
            && self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.before.is_none_or(|before| at.is_some_and(|at| at < before))
            && (self.origin.is_empty() || of_origin())
    }
}

/// A moment, or how long ago it was.
fn time(text: &str) -> Result<SystemTime, String> {
    let at_midnight = || humantime::parse_rfc3339_weak(&format!("{text}T00:00:00"));
    if let Ok(at) = humantime::parse_rfc3339_weak(text).or_else(|_| at_midnight()) {
        return Ok(at);
    }
    let ago = humantime::parse_duration(text).ok().and_then(|ago| SystemTime::now().checked_sub(ago));
    ago.ok_or_else(|| "expected a time such as 2026-05-01T12:00:00Z, a day, or how long ago, such as 2h".to_owned())
}

/// A topic, one of its partitions, or one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub topic: String,
    pub partition: Option<i32>,
    pub offset: Option<i64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        self.partition.map_or(Ok(()), |partition| write!(f, "/{partition}"))?;
        self.offset.map_or(Ok(()), |offset| write!(f, "/{offset}"))
    }
}

impl Origin {
    pub fn parse(text: &str) -> Result<Origin, String> {
        let wrong = || "expected TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/OFFSET".to_owned();
        let mut parts = text.split('/');
        let topic = parts.next().filter(|topic| !topic.is_empty()).ok_or_else(wrong)?.to_owned();
        let partition = parts.next().map(|number| number.parse().map_err(|_| wrong())).transpose()?;
        let offset = parts.next().map(|number| number.parse().map_err(|_| wrong())).transpose()?;
        if parts.next().is_some() { Err(wrong()) } else { Ok(Origin { topic, partition, offset }) }
    }

    pub fn holds(&self, topic: &str, partition: i32, offset: i64) -> bool {
        self.topic == topic
            && self.partition.is_none_or(|wanted| wanted == partition)
            && self.offset.is_none_or(|wanted| wanted == offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onefold::dead_letter::dialect::CameFrom;
    use onefold::dead_letter::redrive::Told;

    fn letter(class: Option<&str>, died_at_ms: Option<i64>, offset: i64) -> Letter {
        let origin = CameFrom { topic: "t".into(), partition: 3, offset, message: None };
        let class = class.map(str::to_owned);
        let told = Told { origin: Some(origin), class, died_at_ms, ..Told::default() };
        Letter { record: onefold::Record::new("t.dead", None, None), told, is_back: false }
    }

    #[test]
    fn each_condition_narrows() {
        let at = |ms| Some(UNIX_EPOCH + Duration::from_millis(ms));
        let (poison, other) = (letter(Some("poison"), Some(1000), 7), letter(None, None, 8));
        let all = Choice::default();
        assert!(all.takes(&poison) && all.takes(&other));
        let class = Choice { class: vec!["poison".into()], ..Choice::default() };
        assert!(class.takes(&poison) && !class.takes(&other));
        let times = Choice { since: at(1000), before: at(1001), ..Choice::default() };
        assert!(times.takes(&poison) && !times.takes(&other));
        assert!(!Choice { since: at(1001), ..Choice::default() }.takes(&poison));
        assert!(!Choice { before: at(1000), ..Choice::default() }.takes(&poison));
        for (place, first) in
            [("t", true), ("t/3", true), ("t/3/7", true), ("t/3/8", false), ("t/2", false), ("x", false)]
        {
            let origin = Choice { origin: vec![Origin::parse(place).expect("a place")], ..Choice::default() };
            assert_eq!(origin.takes(&poison), first, "{place}");
        }
    }

    #[test]
    fn places_and_times_that_are_none() {
        for text in ["", "/1", "t/x", "t/1/", "t/1/2/3"] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        assert!(time("yesterday").is_err() && time("2026-05-01T12:00:00Z").is_ok());
        assert_eq!(time("2026-05-01"), time("2026-05-01T00:00:00Z"));
        assert!(time("2h").is_ok_and(|at| at < SystemTime::now()));
    }
}
