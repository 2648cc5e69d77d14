//! Seconds of one spring as RFC 3339.

/// `seconds` after 2026-03-01T08:00:00Z, within that month.
pub fn rfc3339(seconds: u64) -> String {
    let all = 8 * 3600 + seconds;
    let (day, rest) = (1 + all / 86_400, all % 86_400);
    format!("2026-03-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn the_first_second_and_the_turn_of_a_day() {
        assert_eq!(rfc3339(0), "2026-03-01T08:00:00Z");
        assert_eq!(rfc3339(16 * 3600 + 61), "2026-03-02T00:01:01Z");
    }
}
