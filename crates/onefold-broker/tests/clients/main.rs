//! Unmodified clients on the broker: librdkafka through Rust here, and through Python with kafka-python in the scripts
//! beside this file. The scripts run where `ONEFOLD_TEST_PYTHON` names a Python that has both packages; `cargo xtask test`
//! sets it.

#![allow(clippy::unwrap_used, reason = "an error here is a failed test")]

mod librdkafka_resumes_where_it_committed;
mod python_clients;
