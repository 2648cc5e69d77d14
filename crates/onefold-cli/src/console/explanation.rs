use onefold::explain::Explained;
use serde_json::{Value, json};

/// A pipeline's guarantee as JSON.
pub fn json(explained: &Explained) -> Value {
    let lines = explained.explanation.lines.iter();
    let why: Vec<_> = lines.map(|line| json!({"about": line.label, "text": line.text})).collect();
    json!({
        "pipeline": explained.name,
        "from": explained.topic,
        "to": explained.target,
        "guarantee": explained.explanation.guarantee.as_str(),
        "why": why,
    })
}
