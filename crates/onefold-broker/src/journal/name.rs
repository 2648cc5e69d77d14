//! A journal file's name is its sequence, so that a folder's listing is its order.

/// The name of the file with this sequence.
pub fn file_name(sequence: u64) -> String {
    format!("{sequence:016x}.journal")
}

/// The sequence in a name, or none when the file is not a journal file.
pub fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal")?;
    let sequence = u64::from_str_radix(digits, 16).ok()?;
    // One name for one sequence: "1.journal" or an upper-case name is somebody else's.
    (file_name(sequence) == name).then_some(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_sequence_belong_together() {
        assert_eq!(parse_name(&file_name(0x1f)), Some(0x1f));
        for foreign in ["1f.journal", "000000000000001F.journal", "checkpoint", "+00000000000001f.journal"] {
            assert_eq!(parse_name(foreign), None, "{foreign}");
        }
    }
}
