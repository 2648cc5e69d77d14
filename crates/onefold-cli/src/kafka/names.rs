//! Names as they are typed. What no cluster can have is wrong usage: the client would say it less kindly, or try for ever.

use onefold::settings::{bad_name, bad_servers};

pub fn topic(text: &str) -> Result<String, String> {
    bad_name(text).map_or(Ok(text.to_owned()), |why| Err(why.to_owned()))
}

/// Kafka's protocol has no more room.
const LONGEST: usize = 32_767;

pub fn group(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("a group has a name".to_owned()),
        1..=LONGEST => Ok(text.to_owned()),
        _ => Err(format!("a group's name has at most {LONGEST} bytes")),
    }
}

/// Addresses with commas between them.
pub fn servers(text: &str) -> Result<String, String> {
    bad_servers(text).map_or(Ok(text.to_owned()), Err)
}
