//! The one rule for every API: an answer leaves when the newest journal record that its content depends on is durable. Each
//! kind of change is made while the disk's syncs are held; then every API whose answer would tell of it is asked, on a
//! connection of its own. None answers: the broker counts as many answers that are ready and wait for the disk. Then the disk
//! goes on, and each tells of the change: so it did depend on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::protocol::{Request, StrBytes};
use onefold_broker::log::LogSettings;

use crate::common::gate::{Gate, GatedDisk, Opens, Syncs};
use crate::common::{Here, Raw, batch, start_with};

mod groups;
mod records;
mod requests;
mod topics;

/// Until all of them are ready, on however busy a machine.
const LONG: Duration = Duration::from_secs(60);

/// A broker whose disk can be held, with topic `t` of two durable records and one partition.
struct Held {
    /// Dropped first: a broker cannot be stopped while its disk is held.
    opens: Opens,
    asked: Vec<Asked>,
    here: Here,
}

/// A request that must not be answered yet.
struct Asked {
    what: &'static str,
    raw: Raw,
    /// Receives the answer and looks whether it tells what it should.
    check: Box<dyn FnOnce(&mut Raw)>,
}

impl Held {
    async fn new() -> Held {
        Held::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut LogSettings)) -> Held {
        let gate = Gate::open();
        let disk = Arc::new(GatedDisk(gate.clone()));
        let here = start_with(|mut settings| {
            settings.disk = disk;
            // No other syncs than the journal's.
            settings.log.ready_files = 0;
            change(&mut settings.log);
            settings
        })
        .await;
        let mut raw = here.connect();
        raw.create_topic("t", 1);
        assert_eq!(raw.produce("t", 0, batch(&["durable", "too"]).bytes()).error_code, 0);
        Held { opens: Opens(gate), asked: Vec::new(), here }
    }

    fn raw(&self) -> Raw {
        self.here.connect()
    }

    /// What is changed from now on is not durable.
    fn hold(&self) {
        self.opens.0.set(Syncs::Held);
    }

    /// Asks for a change, which is made when this returns, and not answered.
    fn change<R>(&mut self, what: &'static str, version: i16, request: R, check: impl FnOnce(R::Response) + 'static)
    where
        R: Request + 'static,
    {
        self.hold();
        self.ask(what, version, request, check);
        self.opens.0.until_held();
    }

    /// Asks something whose answer depends on the change.
    fn ask<R>(&mut self, what: &'static str, version: i16, request: R, check: impl FnOnce(R::Response) + 'static)
    where
        R: Request + 'static,
    {
        let mut raw = self.raw();
        let id = raw.send(version, &request);
        let check = Box::new(move |raw: &mut Raw| check(raw.receive::<R>(version, id)));
        self.asked.push(Asked { what, raw, check });
    }

    /// Every answer is ready and waits for the disk; then the disk goes on, and everybody is answered.
    fn ends(mut self) {
        let began = Instant::now();
        while self.here.broker.answers_waiting() < self.asked.len() {
            self.nobody_is_answered();
            let waiting = self.here.broker.answers_waiting();
            assert!(began.elapsed() < LONG, "{waiting} of {} answers wait for the disk", self.asked.len());
            std::thread::yield_now();
        }
        self.nobody_is_answered();
        assert_eq!(self.here.broker.answers_waiting(), self.asked.len(), "of others than were asked");
        self.opens.0.set(Syncs::Pass);
        for Asked { what, mut raw, check } in self.asked.drain(..) {
            println!("{what}");
            check(&mut raw);
        }
    }
}

impl Held {
    fn nobody_is_answered(&mut self) {
        let early: Vec<_> =
            self.asked.iter_mut().filter_map(|asked| asked.raw.has_answer().then_some(asked.what)).collect();
        assert!(early.is_empty(), "answered before what it tells was durable: {early:?}");
    }
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}
