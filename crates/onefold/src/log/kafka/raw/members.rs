//! Groups and their members. The safe API panics on a client's name that is not UTF-8.

use std::ffi::{CStr, CString, c_char};
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::types::RDKafkaRespErr as Code;

use super::messages::bytes_of;

/// A group as its coordinator describes it. What is not UTF-8 in a name shows as U+FFFD.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// `Stable`, `Empty`, `Dead`, ..; empty where there is no such group.
    pub state: String,
    /// The assignor that its members agreed on.
    pub protocol: String,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub client: String,
    pub host: String,
    /// What its leader gave it, as the group's own protocol has it: any bytes.
    pub assignment: Vec<u8>,
}

/// This group; what is known of it, also where a broker did not answer. Blocks, at most as long as `wait`.
pub(in super::super) fn describe<C: rdkafka::ClientContext>(
    client: &Client<C>,
    group: &str,
    wait: Duration,
) -> Result<Group, Code> {
    let (code, groups) = ask(client, Some(group), wait);
    Ok(groups.ok_or(code)?.into_iter().next().unwrap_or_default())
}

/// All groups, or the one of this name: all that there are, or none. Blocks, at most as long as `wait`.
pub(in super::super) fn groups<C: rdkafka::ClientContext>(
    client: &Client<C>,
    name: Option<&str>,
    wait: Duration,
) -> Result<Vec<Group>, Code> {
    match ask(client, name, wait) {
        (Code::RD_KAFKA_RESP_ERR_NO_ERROR, groups) => Ok(groups.unwrap_or_default()),
        (code, _) => Err(code),
    }
}

/// There may be a list of some of them beside an error.
fn ask<C: rdkafka::ClientContext>(
    client: &Client<C>,
    name: Option<&str>,
    wait: Duration,
) -> (Code, Option<Vec<Group>>) {
    let Ok(name) = name.map(CString::new).transpose() else { return (Code::RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, None) };
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    let name = name.as_deref().map_or(std::ptr::null(), CStr::as_ptr);
    let mut list = std::ptr::null();
    // SAFETY: the client is alive and the name null or alive; the list is ours where there is one, and read before it goes.
    unsafe {
        let code = c::rd_kafka_list_groups(client.native_ptr(), name, &raw mut list, wait_ms);
        if list.is_null() {
            return (code, None);
        }
        let count = usize::try_from((*list).group_cnt).unwrap_or(0);
        let groups = (0..count).map(|nth| group_of(&*(*list).groups.add(nth))).collect();
        c::rd_kafka_group_list_destroy(list);
        (code, Some(groups))
    }
}

/// SAFETY: `group` is librdkafka's: counts are its own, and what they count is not null.
unsafe fn group_of(group: &c::rd_kafka_group_info) -> Group {
    // SAFETY: the caller's.
    unsafe {
        let count = usize::try_from(group.member_cnt).unwrap_or(0);
        let members = (0..count).map(|nth| member_of(&*group.members.add(nth))).collect();
        Group { name: text(group.group), state: text(group.state), protocol: text(group.protocol), members }
    }
}

/// SAFETY: as of [`group_of`].
unsafe fn member_of(member: &c::rd_kafka_group_member_info) -> Member {
    let length = usize::try_from(member.member_assignment_size).unwrap_or(0);
    // SAFETY: the caller's.
    unsafe {
        Member {
            id: text(member.member_id),
            client: text(member.client_id),
            host: text(member.client_host),
            assignment: bytes_of(member.member_assignment, length).to_vec(),
        }
    }
}

/// SAFETY: null, or a string that ends in a NUL.
unsafe fn text(from: *const c_char) -> String {
    // SAFETY: the caller's.
    if from.is_null() { String::new() } else { unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned() }
}
