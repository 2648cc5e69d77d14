//! Random histories of five clients, lost connections, restarts of clients, crashes of the broker that forget what was not
//! durable, and time: whatever happens,
//!
//! - a generation has one set of members, and no number is told for two sets, not even across a crash (G1);
//! - each member of a generation is given one assignment, the one its leader made for it (G2);
//! - once anyone was told of a generation, nobody heartbeats or commits in an older one;
//! - only members of a generation commit in it;
//! - every answer goes to a request that waits, once, and time alone brings an answer to every request.
//!
//! A failure prints the smallest history that shows it; proptest keeps it for the next run.

use std::collections::{BTreeMap, BTreeSet};

use onefold_broker_core::group::*;
use proptest::prelude::*;

use crate::world::{Client, SESSION_MS, World};

#[derive(Debug, Clone)]
enum Op {
    /// The client does what comes next: join, sync or heartbeat.
    Act(usize),
    /// It joins again, unasked, with another subscription.
    Change(usize),
    /// It commits in the generation it has (or, having none, in the newest it could hear of), or in one before.
    Commit(usize, i32),
    Leave(usize),
    /// Its connection breaks; it knows what it knew.
    Disconnect(usize),
    /// Its process starts again and knows nothing.
    Forget(usize),
    Pass(i32),
    /// The journal reaches the disk.
    Durable,
    Crash,
}

fn op() -> impl Strategy<Value = Op> {
    let client = 0..CLIENTS;
    prop_oneof![
        24 => client.clone().prop_map(Op::Act),
        2 => client.clone().prop_map(Op::Change),
        3 => (client.clone(), 0..3).prop_map(|(client, back)| Op::Commit(client, back)),
        1 => client.clone().prop_map(Op::Leave),
        1 => client.clone().prop_map(Op::Disconnect),
        1 => client.prop_map(Op::Forget),
        3 => prop_oneof![Just(1), Just(SESSION_MS / 3), Just(2 * SESSION_MS)].prop_map(Op::Pass),
        8 => Just(Op::Durable),
        1 => Just(Op::Crash),
    ]
}

const CLIENTS: usize = 5;

/// A client and what it knows.
struct Known {
    client: Client,
    waiting: Option<Token>,
    generation: i32,
    /// What it will assign, if it leads: each member's id and who that is.
    led: Vec<(String, String)>,
    synced: bool,
}

impl Known {
    fn who(&self) -> String {
        self.client.instance_id.clone().unwrap_or_else(|| self.client.member_id.clone())
    }

    fn rejoin(&mut self) {
        self.generation = -1;
        self.synced = false;
        self.led.clear();
    }
}

struct History {
    world: World,
    clients: Vec<Known>,
    /// Who is in a generation, as its leader was told.
    members: BTreeMap<i32, BTreeSet<String>>,
    assigned: BTreeMap<(i32, String), String>,
    /// The newest generation that anyone was told of.
    newest: i32,
    changes: u32,
}

impl History {
    fn new(initial_rebalance_delay_ms: u64) -> History {
        let settings = GroupSettings { initial_rebalance_delay_ms, ..GroupSettings::default() };
        let clients = [
            Client::new("old-1"),
            Client::new("old-2"),
            Client::new("new").version(9),
            Client::fixed("fixed-1"),
            Client::fixed("fixed-2").version(7),
        ];
        let known = |client| Known { client, waiting: None, generation: -1, led: Vec::new(), synced: false };
        let mut world = World::with(settings);
        world.durable = Some(0);
        History {
            world,
            clients: clients.map(known).into(),
            members: BTreeMap::new(),
            assigned: BTreeMap::new(),
            newest: 0,
            changes: 0,
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Act(at) => self.act(at),
            Op::Change(at) if self.clients[at].waiting.is_none() => {
                self.changes += 1;
                let text: &'static str = Box::leak(format!("subscription {}", self.changes).into_boxed_str());
                let client = self.clients[at].client.clone().subscribed(text);
                self.clients[at].client = client;
                self.clients[at].rejoin();
                self.act(at);
            }
            Op::Change(_) => {}
            Op::Commit(at, back) => self.commit(at, back),
            Op::Leave(at) => self.leave(at),
            Op::Disconnect(at) => {
                if let Some(token) = self.clients[at].waiting.take() {
                    self.world.disconnect(token);
                    self.clients[at].rejoin();
                }
            }
            Op::Forget(at) => {
                self.run(&Op::Disconnect(at));
                self.clients[at].client.member_id.clear();
                self.clients[at].rejoin();
            }
            Op::Pass(ms) => self.world.pass(ms),
            Op::Durable => self.world.durable = Some(self.world.writes),
            Op::Crash => self.crash(),
        }
        for at in 0..CLIENTS {
            self.hear(at);
        }
    }

    fn act(&mut self, at: usize) {
        let known = &self.clients[at];
        if known.waiting.is_some() {
            return;
        }
        if known.generation < 0 {
            self.clients[at].waiting = Some(self.world.join(&self.clients[at].client));
        } else if known.synced {
            self.heartbeat(at);
        } else {
            let shares: Vec<(String, &'static str)> =
                known.led.iter().map(|(id, who)| (id.clone(), self.share(known.generation, who))).collect();
            let shares: Vec<(&str, &'static str)> = shares.iter().map(|(id, share)| (id.as_str(), *share)).collect();
            let known = &self.clients[at];
            let token = self.world.sync(&known.client, known.generation, &shares);
            self.clients[at].waiting = Some(token);
        }
    }

    /// Each attempt of a leader assigns differently, so that a mixture would show.
    fn share(&self, generation: i32, who: &str) -> &'static str {
        Box::leak(format!("{generation}|{who}|attempt {}", self.world.now_ms).into_boxed_str())
    }

    fn heartbeat(&mut self, at: usize) {
        let known = &self.clients[at];
        match self.world.heartbeat(&known.client, known.generation) {
            Ok(()) => {
                assert!(known.generation >= self.newest, "a heartbeat of {} beside {}", known.generation, self.newest)
            }
            Err(error) => self.refused(at, error),
        }
    }

    fn commit(&mut self, at: usize, back: i32) {
        let known = &self.clients[at];
        let own = if known.generation < 0 { self.newest } else { known.generation };
        let generation = own - back;
        if generation < 0 || known.client.member_id.is_empty() {
            return;
        }
        if self.world.commit(&known.client.commit(generation)).is_ok() {
            assert!(generation >= self.newest, "a commit in {generation} beside {}", self.newest);
            let members = self.members.get(&generation);
            assert!(members.is_none_or(|members| members.contains(&known.who())), "{} is not in it", known.who());
        }
    }

    fn leave(&mut self, at: usize) {
        let known = &mut self.clients[at];
        if known.client.member_id.is_empty() || known.waiting.is_some() {
            return;
        }
        self.world.leave(&[(&known.client.member_id, known.client.instance_id.as_deref())]);
        known.client.member_id.clear();
        known.rejoin();
    }

    fn crash(&mut self) {
        self.world.restart();
        for known in &mut self.clients {
            if known.waiting.take().is_some() {
                known.rejoin();
            }
        }
    }

    fn hear(&mut self, at: usize) {
        let Some(answer) = self.clients[at].waiting.and_then(|token| self.world.answer(token)) else { return };
        self.clients[at].waiting = None;
        match answer {
            GroupReply::Join(Ok(joined)) => self.joined(at, joined),
            GroupReply::Join(Err(JoinRefused { error: GroupError::MemberIdRequired, member_id })) => {
                self.clients[at].client.member_id = member_id;
            }
            GroupReply::Join(Err(JoinRefused { error, .. })) | GroupReply::Sync(Err(error)) => self.refused(at, error),
            GroupReply::Sync(Ok(synced)) => self.synced(at, &synced),
            GroupReply::Heartbeat(_) | GroupReply::Leave(_) => unreachable!("answered where they are asked"),
        }
    }

    fn joined(&mut self, at: usize, joined: Joined) {
        let known = &mut self.clients[at];
        known.client.member_id = joined.member_id;
        known.generation = joined.generation;
        known.synced = false;
        self.newest = self.newest.max(joined.generation);
        let who = |member: &JoinedMember| member.instance_id.clone().unwrap_or_else(|| member.member_id.clone());
        if !joined.members.is_empty() {
            let all: BTreeSet<String> = joined.members.iter().map(who).collect();
            let before = self.members.entry(joined.generation).or_insert_with(|| all.clone());
            assert_eq!(*before, all, "generation {} was told with other members", joined.generation);
        }
        if !joined.skip_assignment {
            known.led = joined.members.iter().map(|member| (member.member_id.clone(), who(member))).collect();
        }
        let members = self.members.get(&joined.generation);
        let who = self.clients[at].who();
        assert!(members.is_none_or(|members| members.contains(&who)), "{who} joined a generation it is not in");
    }

    fn synced(&mut self, at: usize, synced: &Synced) {
        let known = &mut self.clients[at];
        known.synced = true;
        let share = String::from_utf8(synced.assignment.to_vec()).unwrap();
        let own = format!("{}|{}|", known.generation, known.who());
        assert!(share.starts_with(&own), "{own} was given {share:?}");
        let before = self.assigned.entry((known.generation, known.who())).or_insert_with(|| share.clone());
        assert_eq!(*before, share, "one generation, one assignment");
    }

    fn refused(&mut self, at: usize, error: GroupError) {
        let known = &mut self.clients[at];
        known.rejoin();
        match error {
            GroupError::UnknownMemberId | GroupError::FencedInstanceId => known.client.member_id.clear(),
            GroupError::IllegalGeneration | GroupError::RebalanceInProgress => {}
            other => panic!("nobody asked for {other}"),
        }
    }

    /// Nobody does anything any more, and everybody hears.
    fn end(&mut self) {
        self.world.pass(3_600_000);
        self.run(&Op::Durable);
        let waiting = self.clients.iter().filter(|known| known.waiting.is_some()).count();
        assert_eq!(waiting, 0, "requests that wait for ever");
        assert_eq!(self.world.coordinator.next_deadline(), None);
        assert!(["Empty", "Dead"].contains(&self.world.state()));
    }

    /// All act in turn until they are one stable group: whatever happened before, that is still possible.
    fn recover(&mut self) {
        for _ in 0..200 {
            if self.clients.iter().all(|known| known.synced) && self.world.state() == "Stable" {
                return;
            }
            for at in 0..CLIENTS {
                self.run(&Op::Act(at));
            }
            self.run(&Op::Durable);
            self.world.pass(SESSION_MS / 10);
        }
        panic!("the group does not become stable: {:?}", self.world.coordinator.describe(crate::world::GROUP));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_promises_hold(
        ops in prop::collection::vec(op(), 1..200),
        initial_rebalance_delay_ms in prop_oneof![3 => Just(0u64), 1 => Just(3_000)],
    ) {
        let mut history = History::new(initial_rebalance_delay_ms);
        for op in &ops {
            history.run(op);
        }
        history.end();
    }

    #[test]
    fn whatever_happened_the_group_becomes_stable_again(ops in prop::collection::vec(op(), 1..100)) {
        let mut history = History::new(0);
        for op in &ops {
            history.run(op);
        }
        history.recover();
    }
}
