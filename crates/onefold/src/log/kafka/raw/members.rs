//! A group and its members. The safe API panics on a client's name that is not UTF-8.

use std::ffi::{CStr, CString, c_char};
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::types::RDKafkaRespErr as Code;

use super::messages::bytes_of;

/// A member as its coordinator describes it.
pub(in super::super) struct Member {
    pub(in super::super) id: String,
    pub(in super::super) client: String,
    pub(in super::super) host: String,
    pub(in super::super) assignment: Vec<u8>,
}

/// A group as its coordinator describes it.
pub(in super::super) struct Described {
    /// By Kafka's name; empty where there is none.
    pub(in super::super) state: String,
    pub(in super::super) members: Vec<Member>,
}

/// This group. Blocks, at most as long as `wait`.
pub(in super::super) fn describe<C: rdkafka::ClientContext>(
    client: &Client<C>,
    group: &str,
    wait: Duration,
) -> Result<Described, Code> {
    let Ok(name) = CString::new(group) else { return Err(Code::RD_KAFKA_RESP_ERR_INVALID_GROUP_ID) };
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    let mut list = std::ptr::null();
    // SAFETY: client and name are alive; the list is ours where there is one, and read before it goes.
    unsafe {
        let code = c::rd_kafka_list_groups(client.native_ptr(), name.as_ptr(), &raw mut list, wait_ms);
        if list.is_null() {
            return Err(code);
        }
        let described = described(list);
        c::rd_kafka_group_list_destroy(list);
        Ok(described)
    }
}

/// SAFETY: `list` is valid.
unsafe fn described(list: *const c::rd_kafka_group_list) -> Described {
    let (mut state, mut members) = (String::new(), Vec::new());
    // SAFETY: the caller's; counts are librdkafka's own, and what they count is not null.
    unsafe {
        for nth in 0..usize::try_from((*list).group_cnt).unwrap_or(0) {
            let group = &*(*list).groups.add(nth);
            state = text(group.state);
            for nth in 0..usize::try_from(group.member_cnt).unwrap_or(0) {
                let member = &*group.members.add(nth);
                let length = usize::try_from(member.member_assignment_size).unwrap_or(0);
                members.push(Member {
                    id: text(member.member_id),
                    client: text(member.client_id),
                    host: text(member.client_host),
                    assignment: bytes_of(member.member_assignment, length).to_vec(),
                });
            }
        }
    }
    Described { state, members }
}

/// SAFETY: null, or a string that ends in a NUL.
unsafe fn text(from: *const c_char) -> String {
    // SAFETY: the caller's.
    if from.is_null() { String::new() } else { unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned() }
}
