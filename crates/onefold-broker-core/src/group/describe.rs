//! What DescribeGroups and ListGroups show. The answers wait for `changed` and `changed_any`.

use bytes::Bytes;

use super::coordinator::Coordinator;
use super::group::Group;
use super::stage::Stage;

/// One group in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// As Kafka spells it: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`.
    pub state: &'static str,
    /// Empty for a group that only stores offsets.
    pub protocol_type: String,
    /// The assignor; empty unless the group is stable.
    pub protocol: String,
    pub members: Vec<DescribedMember>,
}

/// One member as tools see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedMember {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    /// Empty unless the group is stable.
    pub metadata: Bytes,
    pub assignment: Bytes,
}

/// One line of a list of groups. Its type is always [`TYPE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub group: String,
    pub protocol_type: String,
    pub state: &'static str,
}

/// KIP-848's name for the groups of this protocol.
pub const TYPE: &str = "classic";

/// The state of a group that does not exist (DescribeGroups before v6; since then it is GROUP_ID_NOT_FOUND, KIP-1043).
pub const DEAD: &str = "Dead";

impl Coordinator {
    /// None for a group that does not exist.
    pub fn describe(&self, group: &str) -> Option<Description> {
        self.groups.get(group).map(|slot| slot.group.describe())
    }

    /// Whether the group has no members and none on their way in, as one that does not exist has none.
    pub fn is_empty(&self, group: &str) -> bool {
        self.groups.get(group).is_none_or(|slot| slot.group.is_empty())
    }

    /// All groups that match, by name. An empty filter lets everything through; case and blanks around do not matter, and
    /// an unknown state or type matches nothing.
    pub fn list(&self, states: &[impl AsRef<str>], types: &[impl AsRef<str>]) -> Vec<Listed> {
        if !matches(types, TYPE) {
            return Vec::new();
        }
        let groups = self.groups.values().map(|slot| &slot.group);
        groups.filter(|group| matches(states, group.stage.name())).map(Group::listed).collect()
    }
}

impl Group {
    fn describe(&self) -> Description {
        let protocol = match self.stage {
            Stage::Stable { .. } => self.protocol.as_deref(),
            _ => None,
        };
        let members = self.roster.iter().map(|member| DescribedMember {
            member_id: member.id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        Description {
            state: self.stage.name(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: protocol.unwrap_or_default().to_owned(),
            members: members.collect(),
        }
    }

    fn listed(&self) -> Listed {
        Listed {
            group: self.id.to_string(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.stage.name(),
        }
    }
}

fn matches(filter: &[impl AsRef<str>], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.as_ref().trim().eq_ignore_ascii_case(name))
}
