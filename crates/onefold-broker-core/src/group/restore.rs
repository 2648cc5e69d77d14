//! A group as it is after a restart.
//!
//! G4: every clock starts again now. Nobody is expired because the broker was away; nobody waits either, since their
//! connections are gone.

use super::group::Group;
use super::member::{Member, Turn};
use super::stage::Stage;
use super::step::Step;
use super::{GroupSnapshot, MemberSnapshot, Phase};

impl Group {
    pub fn restore(snapshot: GroupSnapshot, cx: &Step) -> Group {
        let mut group = Group::new(snapshot.group.into(), cx.now_ms);
        group.durable = true;
        group.generation = snapshot.generation;
        group.protocol_type = snapshot.protocol_type;
        group.protocol = snapshot.protocol;
        for member in snapshot.members {
            group.roster.insert(restore_member(member, snapshot.phase, cx));
        }
        if let Some(leader) = &snapshot.leader {
            group.roster.set_leader(leader);
        }
        if !group.roster.is_empty() {
            let deadline_ms = cx.after(group.roster.longest_rebalance_timeout_ms());
            group.stage = match snapshot.phase {
                Phase::Assigned => Stage::Stable { sync_by_ms: None },
                Phase::AwaitingAssignment => Stage::Completing { sync_by_ms: deadline_ms },
                Phase::Rebalancing => Stage::Preparing { until_ms: deadline_ms, initial: None },
            };
        }
        group
    }
}

fn restore_member(snapshot: MemberSnapshot, phase: Phase, cx: &Step) -> Member {
    let mut member = Member {
        id: snapshot.member_id,
        instance_id: snapshot.instance_id,
        client_id: snapshot.client_id,
        client_host: snapshot.client_host,
        session_timeout_ms: snapshot.session_timeout_ms,
        rebalance_timeout_ms: snapshot.rebalance_timeout_ms,
        protocols: snapshot.protocols,
        assignment: snapshot.assignment,
        in_generation: true,
        told: true,
        join: Turn::Owed,
        sync: if phase == Phase::AwaitingAssignment { Turn::Owed } else { Turn::Done },
        expires_ms: None,
    };
    member.restart_clock(cx);
    member
}
