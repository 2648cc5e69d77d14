use rdkafka::message::{BorrowedMessage, Message};
use serde_json::{Map, Value, json};

/// A record as one line of JSON. Bytes that are not UTF-8 stand as hexadecimal digits under `NAME_hex`.
pub fn json(message: &BorrowedMessage<'_>) -> String {
    let mut line = Map::new();
    line.insert("topic".into(), message.topic().into());
    line.insert("partition".into(), message.partition().into());
    line.insert("offset".into(), message.offset().into());
    line.insert("timestamp".into(), message.timestamp().to_millis().into());
    put(&mut line, "key", message.key());
    put(&mut line, "value", message.payload());
    // rdkafka's own reader of headers panics on names that are not UTF-8, which any client may send.
    let headers = onefold::log::kafka::headers(message);
    let headers = headers.iter().map(|header| one(&header.name, header.value.as_deref()));
    line.insert("headers".into(), headers.collect());
    Value::Object(line).to_string()
}

fn one(name: &[u8], value: Option<&[u8]>) -> Value {
    let mut header = Map::new();
    put(&mut header, "name", Some(name));
    put(&mut header, "value", value);
    Value::Object(header)
}

fn put(line: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => drop(line.insert(name.to_owned(), Value::Null)),
        Some((_, Ok(text))) => drop(line.insert(name.to_owned(), json!(text))),
        Some((bytes, Err(_))) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            line.insert(format!("{name}_hex"), hex.into());
        }
    }
}
