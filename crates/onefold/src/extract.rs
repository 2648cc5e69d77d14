//! Handler arguments read from a record or from the pipeline's state. Sync on purpose: the record is in memory.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::outcome::Failure;
use crate::record::{Header, Record};

/// A handler argument read from a record or from the pipeline's state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler argument of this pipeline",
    label = "not an extractor here",
    note = "`&mut Tx<Db>` needs `.in_transaction_of(db)` before `.handle`, and comes last",
    note = "others: `Json<T>`, `Key`, `Value`, `Offset`, `Headers`, `State<S>` after `.with_state(s)`, or your own `impl Extract<S>`"
)]
pub trait Extract<S = ()>: Sized + Send {
    /// Reads the argument. A failure ends the attempt; its class says what follows.
    fn extract(record: &Record, state: &S) -> Result<Self, Failure>;
}

/// The record's value as JSON of type `T`. What does not parse is poison.
pub struct Json<T>(pub T);

/// The record's key; empty where it has none.
pub struct Key(pub Bytes);

/// The record's value as bytes; empty for a tombstone.
pub struct Value(pub Bytes);

/// The record's offset in its partition.
pub struct Offset(pub i64);

/// All headers of the record, in order.
pub struct Headers(pub Vec<Header>);

/// A clone of what `.with_state(s)` was given.
pub struct State<S>(pub S);

impl<T: DeserializeOwned + Send, S> Extract<S> for Json<T> {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        serde_json::from_slice(record.payload()).map(Json).map_err(Failure::poison)
    }
}

impl<S> Extract<S> for Key {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        Ok(Key(record.key.clone().unwrap_or_default()))
    }
}

impl<S> Extract<S> for Value {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        Ok(Value(record.value.clone().unwrap_or_default()))
    }
}

impl<S> Extract<S> for Offset {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        Ok(Offset(record.offset))
    }
}

impl<S> Extract<S> for Headers {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        Ok(Headers(record.headers().to_vec()))
    }
}

impl<S> Extract<S> for Record {
    fn extract(record: &Record, _: &S) -> Result<Self, Failure> {
        Ok(record.clone())
    }
}

impl<S: Clone + Send> Extract<S> for State<S> {
    fn extract(_: &Record, state: &S) -> Result<Self, Failure> {
        Ok(State(state.clone()))
    }
}

/// All arguments at once. A tuple has one impl only, so that rustc names the argument that fails.
pub trait ExtractAll<S>: Sized + Send {
    fn extract_all(record: &Record, state: &S) -> Result<Self, Failure>;
}

#[diagnostic::do_not_recommend]
impl<S> ExtractAll<S> for () {
    fn extract_all(_: &Record, _: &S) -> Result<Self, Failure> {
        Ok(())
    }
}

macro_rules! tuples { ($($A:ident)+) => {
    impl<S, $($A: Extract<S>),+> ExtractAll<S> for ($($A,)+) {
        fn extract_all(record: &Record, state: &S) -> Result<Self, Failure> { Ok(($($A::extract(record, state)?,)+)) }
    }
} }
tuples!(A1);
tuples!(A1 A2);
tuples!(A1 A2 A3);
tuples!(A1 A2 A3 A4);
tuples!(A1 A2 A3 A4 A5);
tuples!(A1 A2 A3 A4 A5 A6);
