use crate::commands::run::waits::failing_text;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use onefold::load::Loaded;
use onefold::runtime::observer::Snapshot;

pub fn load_bar(topic: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {human_pos}/{human_len} lines")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_prefix(format!("loading {topic}"))
}

pub fn pipeline_line() -> ProgressBar {
    // Cut off at the terminal's width: a line that wraps cannot be redrawn.
    let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

/// One pipeline, now: `loyalty   12,345/s  lag 6,789  in flight 64  parked keys 2  retries 12  dead 3`. What matters most
/// comes first, since a narrow terminal cuts off the rest.
pub fn line(now: &Snapshot, width: usize) -> String {
    let lag = now.lag.map_or("?".to_owned(), |lag| HumanCount(lag).to_string());
    let mut text = format!("{:<width$}  {:>9}/s  lag {lag}", now.name, HumanCount(now.per_second as u64).to_string());
    if let Some(why) = &now.paused {
        text.push_str(&format!("  paused: {}", one_line(why)));
    } else if let Some(failing) = &now.failing {
        text.push_str(&format!("  {}", one_line(&failing_text(failing))));
    }
    let mut say = |what: &str, number: u64| {
        if number > 0 {
            text.push_str(&format!("  {what} {}", HumanCount(number)));
        }
    };
    say("in flight", now.in_flight as u64);
    say("parked keys", now.parked_keys as u64);
    say("retries", now.counters.retried);
    say("dead", now.counters.dead);
    text
}

/// What programs say may have several lines; a line that is redrawn has one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn loaded(topic: &str, loaded: &Loaded) -> String {
    let lines = match loaded.lines {
        1 => "1 line".to_owned(),
        lines => format!("{} lines", HumanCount(lines)),
    };
    let there = match loaded.found {
        0 => String::new(),
        all if all == loaded.lines => ", all of them there already".to_owned(),
        found => format!(", {} of them there already", HumanCount(found)),
    };
    let keyless = match loaded.keyless {
        0 => String::new(),
        keyless => format!(", {} without a key", HumanCount(keyless)),
    };
    format!("{topic} holds the {lines} of its file{there}{keyless}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use onefold::runtime::observer::Failing;

    #[test]
    fn what_holds_a_pipeline_up_stands_in_its_one_line() {
        let failing = Failing { partition: 3, offset: 41, times: 7, why: "exit code 1:\n  no\tsuch\nfile".into() };
        let mut now = Snapshot { name: "p".into(), lag: Some(1), failing: Some(failing), ..Snapshot::default() };
        let stuck = line(&now, 1);
        assert!(stuck.ends_with("lag 1  partition 3, offset 41 failed 7 times: exit code 1: no such file"), "{stuck}");
        now.paused = Some("sink down: x.db\n  to fix         end what holds it".into());
        let paused = line(&now, 1);
        assert!(paused.ends_with("lag 1  paused: sink down: x.db to fix end what holds it"), "{paused}");
    }
}
