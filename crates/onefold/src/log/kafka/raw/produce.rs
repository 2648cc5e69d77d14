//! Producing, with header names that need not be UTF-8.

use std::ffi::{CString, c_void};

use bytes::Bytes;
use rdkafka::bindings as c;
use rdkafka::client::Client;
use rdkafka::types::RDKafkaRespErr as Code;

use crate::record::Record;

/// `RD_KAFKA_PARTITION_UA`, a macro in C: the partitioner decides.
const NO_PARTITION: i32 = -1;

/// Hands a record to librdkafka, which copies it. `partition`: `None` leaves that to the key. `opaque` comes back with the delivery report, but for an error here.
pub(in super::super) fn produce<C: rdkafka::ClientContext>(
    client: &Client<C>,
    record: &Record,
    partition: Option<i32>,
    opaque: *mut c_void,
) -> Result<(), Code> {
    let Ok(topic) = CString::new(&*record.topic) else { return Err(Code::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) };
    let memory = |bytes: &Option<Bytes>| c::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr: bytes.as_ref().map_or(std::ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
        size: bytes.as_ref().map_or(0, Bytes::len),
    };
    let vu = |vtype, u| c::rd_kafka_vu_s { vtype, u };
    use c::rd_kafka_vtype_t::*;
    type Of = c::rd_kafka_vu_s__bindgen_ty_1;
    // SAFETY: every pointer outlives the call, which copies key and value (F_COPY) and takes the headers over only
    // when it succeeds.
    unsafe {
        let headers = c::rd_kafka_headers_new(record.headers().len());
        for header in record.headers() {
            let (value, size) = match &header.value {
                Some(value) => (value.as_ptr().cast::<c_void>(), value.len() as isize),
                None => (std::ptr::null(), 0),
            };
            c::rd_kafka_header_add(headers, header.name.as_ptr().cast(), header.name.len() as isize, value, size);
        }
        let arguments = [
            vu(RD_KAFKA_VTYPE_TOPIC, Of { cstr: topic.as_ptr() }),
            vu(RD_KAFKA_VTYPE_PARTITION, Of { i32_: partition.unwrap_or(NO_PARTITION) }),
            vu(RD_KAFKA_VTYPE_MSGFLAGS, Of { i: c::RD_KAFKA_MSG_F_COPY }),
            vu(RD_KAFKA_VTYPE_KEY, Of { mem: memory(&record.key) }),
            vu(RD_KAFKA_VTYPE_VALUE, Of { mem: memory(&record.value) }),
            vu(RD_KAFKA_VTYPE_TIMESTAMP, Of { i64_: record.timestamp_ms.unwrap_or(0) }),
            vu(RD_KAFKA_VTYPE_HEADERS, Of { headers }),
            vu(RD_KAFKA_VTYPE_OPAQUE, Of { ptr: opaque }),
        ];
        let error = c::rd_kafka_produceva(client.native_ptr(), arguments.as_ptr(), arguments.len());
        if error.is_null() {
            return Ok(());
        }
        let code = c::rd_kafka_error_code(error);
        c::rd_kafka_error_destroy(error);
        c::rd_kafka_headers_destroy(headers);
        Err(code)
    }
}

/// Takes back an opaque that no delivery report will bring.
pub(in super::super) fn take_back<O: rdkafka::util::IntoOpaque>(opaque: *mut c_void) {
    // SAFETY: made by `O::into_ptr`, refused by `produce`, and not used again by the caller.
    drop(unsafe { O::from_ptr(opaque) });
}
