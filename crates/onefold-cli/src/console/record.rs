use rdkafka::message::{Headers, Message};
use serde_json::{Map, Value, json};

/// A record as one line of JSON. Bytes that are not UTF-8 stand as hexadecimal digits under `NAME_hex`.
pub fn json(message: &impl Message) -> String {
    let mut line = Map::new();
    line.insert("topic".into(), message.topic().into());
    line.insert("partition".into(), message.partition().into());
    line.insert("offset".into(), message.offset().into());
    line.insert("timestamp".into(), message.timestamp().to_millis().into());
    put(&mut line, "key", message.key());
    put(&mut line, "value", message.payload());
    let headers = message.headers().map(|headers| headers.iter().map(|header| one(header.key, header.value)).collect());
    line.insert("headers".into(), headers.unwrap_or_else(|| Value::Array(vec![])));
    Value::Object(line).to_string()
}

fn one(name: &str, value: Option<&[u8]>) -> Value {
    let mut header = Map::new();
    header.insert("name".into(), name.into());
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
