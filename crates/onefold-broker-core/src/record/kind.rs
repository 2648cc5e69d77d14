//! The number that says which record follows. Numbers are never given twice: a folder outlives the build that wrote it.

use crate::record::RecordError;

macro_rules! kinds {
    ($($name:ident = $number:literal),* $(,)?) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(super) enum Kind { $($name = $number),* }

        impl Kind {
            pub(super) fn of(number: u8) -> Result<Kind, RecordError> {
                match number {
                    $($number => Ok(Kind::$name),)*
                    other => Err(RecordError::UnknownKind(other)),
                }
            }
        }
    };
}

kinds! {
    Started = 1,
    TopicCreated = 2,
    PartitionsAdded = 3,
    TopicConfigured = 4,
    TopicDeleted = 5,
    Appended = 6,
    LogStartMoved = 7,
    ProducersExpired = 8,
    ProducerIdsReserved = 9,
    GroupChanged = 10,
    GroupDeleted = 11,
    OffsetsCommitted = 12,
    OffsetsDeleted = 13,
    TransactionEnded = 14,
}
