//! What happens in the example, and in which order.
//!
//! Every payment is completed once. About one in fourteen is also updated, before or after; a few are deleted, some of
//! them with an older version still to come. Of all events 2 % are delivered twice, byte for byte, later on.

use super::{dice::Dice, event::Event, notes};
use std::collections::BTreeMap;

const PAYMENTS: u64 = 20_000;
const USERS: u64 = 500;
/// Spread over this many lines, a second delivery or an update meets other events of its user.
const LATER_MAX: u64 = 3_000;
/// Always answered 422 and always answered 500: they pay seldom, so that a drain is not one user's retries.
const TROUBLED: [u64; 2] = [13, 42];

/// The lines of the file.
pub fn tell(seed: u64) -> Vec<String> {
    let mut story = Story { dice: Dice::new(seed), lines: BTreeMap::new(), next_id: 1, order: 0 };
    for payment in 1..=PAYMENTS {
        story.pay(payment);
    }
    for number in 0..10 {
        story.spoil(number);
    }
    story.lines.into_values().collect()
}

struct Story {
    dice: Dice,
    /// By moment, then by order of telling.
    lines: BTreeMap<(u64, u64), String>,
    next_id: u64,
    order: u64,
}

impl Story {
    fn pay(&mut self, payment: u64) {
        let now = payment * 10;
        let mut completed = self.completed(payment, now);
        if self.dice.one_in(14) {
            self.update(&mut completed);
        }
        // Without an id nobody but the log could tell a second delivery from a second payment, so there is none.
        if completed.id.is_some() && self.dice.one_in(200) {
            completed.id = None;
            return self.deliver(now, &completed, false);
        }
        let twice = self.dice.one_in(50);
        self.deliver(now, &completed, twice);
    }

    fn completed(&mut self, payment: u64, now: u64) -> Event {
        Event {
            id: Some(self.fresh_id()),
            completed: true,
            seconds: now,
            payment,
            user: self.user(),
            amount_cents: self.amount(),
            version: 1,
            note: notes::first(&mut self.dice),
            deleted: false,
        }
    }

    /// One to three other versions, each at its own moment: at times before the payment itself, at times out of order.
    fn update(&mut self, completed: &mut Event) {
        let count = 1 + self.dice.below(3);
        let deleted_at = self.dice.one_in(20).then(|| 1 + self.dice.below(count));
        // The payment itself may be the newest version, when it was noted late.
        let own = if self.dice.one_in(4) { count + 1 } else { 1 };
        for step in 1..=count {
            let version = if own == 1 { step + 1 } else { step };
            let moment = if self.dice.one_in(3) {
                completed.seconds.saturating_sub(self.later()).max(1)
            } else {
                completed.seconds + self.later()
            };
            let note = notes::changed(&mut self.dice, version);
            let deleted = deleted_at == Some(step);
            let event = Event {
                id: Some(self.fresh_id()),
                completed: false,
                seconds: moment,
                version,
                note,
                deleted,
                ..completed.clone()
            };
            let twice = self.dice.one_in(50);
            self.deliver(moment, &event, twice);
        }
        completed.version = own;
    }

    fn deliver(&mut self, moment: u64, event: &Event, twice: bool) {
        let line = event.line();
        if twice {
            let again = moment + self.later();
            self.put(again, line.clone());
        }
        self.put(moment, line);
    }

    /// Ten lines that no pipeline can use: five are not JSON, five do not say whom they are about.
    fn spoil(&mut self, number: u64) {
        let moment = (number + 1) * PAYMENTS * 10 / 11;
        let event = self.completed(PAYMENTS + 1 + number, moment);
        let line = event.line();
        let cut = line.len() / 2;
        self.put(
            moment,
            match number {
                0 => line[..cut].to_owned(),
                1 => "<payment><amount>1200</amount></payment>".to_owned(),
                2 => line.replace(':', "="),
                3 => format!("{line},"),
                4 => "upstream connect error or disconnect/reset before headers".to_owned(),
                _ => event.line_without_user(),
            },
        );
    }

    fn put(&mut self, moment: u64, line: String) {
        self.order += 1;
        self.lines.insert((moment, self.order), line);
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn user(&mut self) -> u64 {
        let user = 1 + self.dice.below(USERS);
        if TROUBLED.contains(&user) && !self.dice.one_in(5) { 1 + self.dice.below(12) } else { user }
    }

    /// Whole cents, most of them small; one in ten below a point.
    fn amount(&mut self) -> u64 {
        match self.dice.below(10) {
            0 => 1 + self.dice.below(99),
            1..8 => 100 + self.dice.below(4_900),
            _ => 5_000 + self.dice.below(95_000),
        }
    }

    /// In seconds; ten of them pass from payment to payment.
    fn later(&mut self) -> u64 {
        1 + self.dice.below(LATER_MAX * 10)
    }
}
