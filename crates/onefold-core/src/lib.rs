//! The delivery decisions of Onefold, pure: progress, lanes, attempts, guarantees.
