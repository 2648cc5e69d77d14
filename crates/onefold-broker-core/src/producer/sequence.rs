//! Sequence numbers: `i32`, never negative, and after 2147483647 comes 0.

/// The sequence `by` records after `sequence`.
pub fn advance(sequence: i32, by: i32) -> i32 {
    // Both are 31-bit in any batch that passed its checks; for others the result is some number, which is all it can be.
    (sequence.wrapping_add(by)) & i32::MAX
}

/// The one sequence that may follow `last`.
pub fn next(last: i32) -> i32 {
    advance(last, 1)
}

#[cfg(test)]
mod tests {
    use super::{advance, next};

    #[test]
    fn after_the_largest_comes_zero() {
        assert_eq!(next(i32::MAX), 0);
        assert_eq!(next(i32::MAX - 1), i32::MAX);
        assert_eq!(advance(i32::MAX - 1, 3), 1);
        assert_eq!(advance(0, i32::MAX), i32::MAX);
        assert_eq!(advance(i32::MAX, i32::MAX), i32::MAX - 1);
    }
}
