//! Who is in a cluster. The safe API asks for all topics at once, and does not show the controller.

use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::types::RDKafkaRespErr as Code;

/// The ids of the brokers, the one that answered first. Blocks, at most as long as `wait`; asks for no topic that the client
/// does not know.
pub(in super::super) fn brokers<C: rdkafka::ClientContext>(
    client: &Client<C>,
    wait: Duration,
) -> Result<Vec<i32>, Code> {
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    let mut metadata = std::ptr::null();
    // SAFETY: the client is alive; what it gives is ours where it says so, and read before it goes. The count is its own.
    unsafe {
        match c::rd_kafka_metadata(client.native_ptr(), 0, std::ptr::null_mut(), &raw mut metadata, wait_ms) {
            Code::RD_KAFKA_RESP_ERR_NO_ERROR if !metadata.is_null() => {}
            code => return Err(code),
        }
        let count = usize::try_from((*metadata).broker_cnt).unwrap_or(0);
        let mut ids: Vec<i32> = (0..count).map(|nth| (*(*metadata).brokers.add(nth)).id).collect();
        let answered = (*metadata).orig_broker_id;
        c::rd_kafka_metadata_destroy(metadata);
        ids.sort_by_key(|id| *id != answered);
        Ok(ids)
    }
}

/// The broker that is the cluster's controller; `None` where the cluster names none, or says nothing within `wait`. Blocks.
pub(in super::super) fn controller<C: rdkafka::ClientContext>(client: &Client<C>, wait: Duration) -> Option<i32> {
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client is alive.
    let id = unsafe { c::rd_kafka_controllerid(client.native_ptr(), wait_ms) };
    Some(id).filter(|id| *id >= 0)
}
