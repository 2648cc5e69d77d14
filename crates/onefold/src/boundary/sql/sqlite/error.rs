//! What to do about an error of SQLite.

use rusqlite::ErrorCode::*;

use crate::outcome::ErrorClass;

/// Whether the statement is at fault, and not the disk or another program.
pub(crate) fn is_a_slip(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(Unknown | AuthorizationForStatementDenied) | None)
}

/// Classes an error by its remedy. What the record's values caused is poison; what the disk caused is the sink's.
pub(crate) fn class_of(error: &rusqlite::Error) -> ErrorClass {
    match error.sqlite_error_code() {
        Some(ConstraintViolation | TypeMismatch | TooBig) => ErrorClass::Poison,
        Some(DiskFull | SystemIoFailure | CannotOpen | ReadOnly | NotADatabase | DatabaseCorrupt) => {
            ErrorClass::SinkDown
        }
        _ => ErrorClass::Transient,
    }
}
