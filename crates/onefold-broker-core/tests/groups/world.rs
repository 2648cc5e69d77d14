//! The stage of the other files: a coordinator, a clock, a journal, and clients that are made in one line.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use onefold_broker_core::Lsn;
use onefold_broker_core::group::*;

pub const GROUP: &str = "g";
pub const SESSION_MS: i32 = 10_000;
pub const REBALANCE_MS: i32 = 60_000;

pub struct World {
    pub coordinator: Coordinator,
    pub settings: GroupSettings,
    pub now_ms: u64,
    pub writes: u64,
    /// How much of the journal is on the disk; none: all of it, at once.
    pub durable: Option<u64>,
    /// Group and snapshot in bytes, or none for its deletion; the first has LSN 1.
    log: Vec<(String, Option<Vec<u8>>)>,
    answers: BTreeMap<Token, (GroupReply, Lsn)>,
    /// Requests whose client waits.
    live: BTreeSet<Token>,
    tokens: u64,
}

impl World {
    pub fn new() -> World {
        World::with(GroupSettings::default())
    }

    pub fn with(settings: GroupSettings) -> World {
        World {
            coordinator: Coordinator::new(settings.clone()),
            settings,
            now_ms: 1_000,
            writes: 0,
            durable: None,
            log: Vec::new(),
            live: BTreeSet::new(),
            answers: BTreeMap::new(),
            tokens: 0,
        }
    }

    pub fn step(&mut self, event: GroupEvent) {
        let mut effects = Vec::new();
        self.coordinator.step(self.now_ms, event, &mut effects);
        self.perform(effects);
    }

    pub fn perform(&mut self, mut effects: Vec<GroupEffect>) {
        let (log, answers, live) = (&mut self.log, &mut self.answers, &mut self.live);
        let sequence = |write: GroupWrite| {
            log.push(match write {
                GroupWrite::Changed(snapshot) => {
                    let mut bytes = Vec::new();
                    snapshot.encode(&mut bytes);
                    (snapshot.group, Some(bytes))
                }
                GroupWrite::Deleted { group } => (group, None),
            });
            Ok::<Lsn, ()>(Lsn(log.len() as u64))
        };
        let reply = |token: Token, reply: GroupReply, after: Lsn| {
            assert!(live.remove(&token), "{token:?} is answered, but nobody waits: {reply:?}");
            answers.insert(token, (reply, after));
        };
        self.coordinator.perform(&mut effects, sequence, reply).unwrap();
        self.writes = self.log.len() as u64;
    }

    /// What a recovery would find: each group's last durable snapshot, read back from its bytes.
    pub fn journal(&self) -> BTreeMap<String, GroupSnapshot> {
        let mut groups = BTreeMap::new();
        for (group, bytes) in self.log.iter().take(self.durable.unwrap_or(self.writes) as usize) {
            match bytes {
                Some(bytes) => groups.insert(group.clone(), GroupSnapshot::decode(bytes).unwrap()),
                None => groups.remove(group),
            };
        }
        groups
    }

    /// Crash and recovery: what is durable is all there is, and the clock may begin anywhere.
    pub fn restart(&mut self) {
        let snapshots = self.journal().into_values();
        self.log.truncate(self.durable.unwrap_or(self.writes) as usize);
        self.writes = self.log.len() as u64;
        self.live.clear();
        self.now_ms = 5;
        self.coordinator = Coordinator::restore(self.settings.clone(), snapshots, self.now_ms);
    }

    pub fn disconnect(&mut self, token: Token) {
        self.live.remove(&token);
        self.step(GroupEvent::Disconnected { group: GROUP.into(), token });
    }

    /// Lets time pass, with a tick at every deadline on the way.
    pub fn pass(&mut self, ms: i32) {
        let end_ms = self.now_ms + ms as u64;
        while let Some(at_ms) = self.coordinator.next_deadline().filter(|at_ms| *at_ms <= end_ms) {
            self.now_ms = at_ms.max(self.now_ms);
            self.step(GroupEvent::Tick);
            assert!(self.coordinator.next_deadline().is_none_or(|next_ms| next_ms > self.now_ms), "a tick without end");
        }
        self.now_ms = end_ms;
    }

    pub fn token(&mut self) -> Token {
        self.tokens += 1;
        self.live.insert(Token(self.tokens));
        Token(self.tokens)
    }

    pub fn join(&mut self, client: &Client) -> Token {
        let token = self.token();
        let request = client.request(format!("uuid{}", token.0));
        self.step(GroupEvent::Join { token, request });
        token
    }

    /// Joins, and takes the member id from the answer.
    pub fn join_and_take_id(&mut self, client: &mut Client) -> Joined {
        let token = self.join(client);
        let joined = self.joined(token);
        client.member_id.clone_from(&joined.member_id);
        joined
    }

    pub fn sync(&mut self, client: &Client, generation: i32, assignments: &[(&str, &'static str)]) -> Token {
        let token = self.token();
        let assignments =
            assignments.iter().map(|(id, bytes)| ((*id).to_owned(), Bytes::from_static(bytes.as_bytes()))).collect();
        let request = SyncRequest {
            group: GROUP.into(),
            member_id: client.member_id.clone(),
            instance_id: client.instance_id.clone(),
            generation,
            protocol_type: None,
            protocol_name: None,
            assignments,
        };
        self.step(GroupEvent::Sync { token, request });
        token
    }

    pub fn heartbeat(&mut self, client: &Client, generation: i32) -> Result<(), GroupError> {
        let token = self.token();
        let request = HeartbeatRequest {
            group: GROUP.into(),
            member_id: client.member_id.clone(),
            instance_id: client.instance_id.clone(),
            generation,
        };
        self.step(GroupEvent::Heartbeat { token, request });
        match self.answers.get(&token).map(|(reply, _)| reply.clone()) {
            Some(GroupReply::Heartbeat(result)) => result,
            other => panic!("a heartbeat is answered at once, not {other:?}"),
        }
    }

    pub fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Vec<Result<(), GroupError>> {
        let token = self.token();
        let members = members
            .iter()
            .map(|(id, instance)| Leaver { member_id: (*id).into(), instance_id: instance.map(str::to_owned) })
            .collect();
        self.step(GroupEvent::Leave { token, request: LeaveRequest { group: GROUP.into(), members } });
        match self.answers.get(&token).map(|(reply, _)| reply.clone()) {
            Some(GroupReply::Leave(Ok(left))) => left.into_iter().map(|one| one.result).collect(),
            other => panic!("leaving is answered at once, not {other:?}"),
        }
    }

    pub fn commit(&mut self, request: &CommitRequest) -> Result<(), GroupError> {
        let mut effects = Vec::new();
        let result = self.coordinator.check_commit(self.now_ms, request, &mut effects);
        self.perform(effects);
        result
    }

    pub fn delete(&mut self, group: &str) -> Result<(), GroupError> {
        let mut effects = Vec::new();
        let result = self.coordinator.delete(group, &mut effects);
        self.perform(effects);
        result
    }

    /// The answer, if it is released.
    pub fn answer(&self, token: Token) -> Option<GroupReply> {
        let durable = self.durable.unwrap_or(self.writes);
        self.answers.get(&token).filter(|(_, after)| after.0 <= durable).map(|(reply, _)| reply.clone())
    }

    /// The journal record this answer waits for.
    pub fn waits_for(&self, token: Token) -> Lsn {
        self.answers[&token].1
    }

    pub fn joined(&self, token: Token) -> Joined {
        match self.answer(token) {
            Some(GroupReply::Join(Ok(joined))) => joined,
            other => panic!("expected to have joined, not {other:?}"),
        }
    }

    pub fn refused(&self, token: Token) -> GroupError {
        match self.answer(token) {
            Some(GroupReply::Join(Err(refused))) => refused.error,
            Some(GroupReply::Sync(Err(error))) => error,
            other => panic!("expected a refusal, not {other:?}"),
        }
    }

    pub fn assignment(&self, token: Token) -> Bytes {
        match self.answer(token) {
            Some(GroupReply::Sync(Ok(synced))) => synced.assignment,
            other => panic!("expected an assignment, not {other:?}"),
        }
    }

    pub fn state(&self) -> &'static str {
        self.coordinator.describe(GROUP).map_or(DEAD, |group| group.state)
    }

    /// Two dynamic members `a` (leader) and `b` in a stable generation, with assignments `for-a` and `for-b`.
    pub fn stable_pair(&mut self) -> (Client, Client, i32) {
        let (mut a, mut b) = (Client::new("a"), Client::new("b"));
        let generation = self.join_and_take_id(&mut a).generation;
        self.sync(&a, generation, &[(&a.member_id, "alone")]);
        let b_waits = self.join(&b);
        let a_waits = self.join(&a);
        b.member_id = self.joined(b_waits).member_id;
        let joined = self.joined(a_waits);
        let b_syncs = self.sync(&b, joined.generation, &[]);
        let a_syncs = self.sync(&a, joined.generation, &[(&a.member_id, "for-a"), (&b.member_id, "for-b")]);
        assert_eq!(self.assignment(a_syncs), "for-a");
        assert_eq!(self.assignment(b_syncs), "for-b");
        (a, b, joined.generation)
    }
}

/// A client, as what it sends in its next join.
#[derive(Clone)]
pub struct Client {
    pub name: String,
    pub member_id: String,
    pub instance_id: Option<String>,
    pub protocol_type: String,
    pub protocols: Vec<(String, Bytes)>,
    pub session_ms: i32,
    pub rebalance_ms: i32,
    pub version: i16,
}

impl Client {
    /// A dynamic consumer of version 3, which joins in one step.
    pub fn new(name: &str) -> Client {
        Client {
            name: name.into(),
            member_id: String::new(),
            instance_id: None,
            protocol_type: "consumer".into(),
            protocols: vec![("range".into(), Bytes::from_static(b"\0\0\0\0\0\x01\0\x01t"))],
            session_ms: SESSION_MS,
            rebalance_ms: REBALANCE_MS,
            version: 3,
        }
    }

    /// A static consumer of version 9.
    pub fn fixed(name: &str) -> Client {
        Client { instance_id: Some(name.into()), version: 9, ..Client::new(name) }
    }

    pub fn version(self, version: i16) -> Client {
        Client { version, ..self }
    }

    /// In its order of preference; the metadata is the protocol's name unless given.
    pub fn supports(self, names: &[&'static str]) -> Client {
        let protocols = names.iter().map(|name| ((*name).into(), Bytes::from_static(name.as_bytes()))).collect();
        Client { protocols, ..self }
    }

    pub fn subscribed(mut self, metadata: &'static str) -> Client {
        self.protocols[0].1 = Bytes::from_static(metadata.as_bytes());
        self
    }

    pub fn request(&self, fresh_id: String) -> JoinRequest {
        JoinRequest {
            group: GROUP.into(),
            member_id: self.member_id.clone(),
            instance_id: self.instance_id.clone(),
            fresh_id,
            client_id: self.name.clone(),
            client_host: "/127.0.0.1".into(),
            session_timeout_ms: self.session_ms,
            rebalance_timeout_ms: self.rebalance_ms,
            protocol_type: self.protocol_type.clone(),
            protocols: self
                .protocols
                .iter()
                .map(|(name, metadata)| Protocol { name: name.clone(), metadata: metadata.clone() })
                .collect(),
            requires_member_id: self.version >= 4,
            may_skip_assignment: self.version >= 9,
        }
    }

    pub fn commit(&self, generation: i32) -> CommitRequest {
        CommitRequest {
            group: GROUP.into(),
            generation,
            member_id: self.member_id.clone(),
            instance_id: self.instance_id.clone(),
            kind: CommitKind::Plain,
            knows_group_id_not_found: true,
        }
    }
}
