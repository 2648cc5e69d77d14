//! One line of the file: a CloudEvent in JSON, its attributes in the order in which one reads them.

use super::calendar;
use serde_json::json;

#[derive(Clone)]
pub struct Event {
    /// None: the producer forgot it, and only the record's place in the log can tell it from another.
    pub id: Option<u64>,
    pub completed: bool,
    pub seconds: u64,
    pub payment: u64,
    pub user: u64,
    pub amount_cents: u64,
    pub version: u64,
    pub note: String,
    pub deleted: bool,
}

impl Event {
    pub fn line(&self) -> String {
        let data =
            format!(r#"{{"payment_id":"pay-{:06}","user_id":"user-{}",{}"#, self.payment, self.user, self.rest());
        format!("{}{data}", self.head())
    }

    /// What a careless producer sends: everything but whom it is about.
    pub fn line_without_user(&self) -> String {
        format!(r#"{}{{"payment_id":"pay-{:06}",{}"#, self.head(), self.payment, self.rest())
    }

    fn head(&self) -> String {
        let id = self.id.map(|id| format!(r#""id":"evt-{id:06}","#)).unwrap_or_default();
        let kind = if self.completed { "payment.completed" } else { "payment.updated" };
        let time = calendar::rfc3339(self.seconds);
        format!(r#"{{"specversion":"1.0",{id}"source":"/checkout","type":"{kind}","time":"{time}","data":"#)
    }

    fn rest(&self) -> String {
        let deleted = if self.deleted { r#","deleted":true"# } else { "" };
        format!(r#""amount":{},"version":{},"note":{}{deleted}}}}}"#, self.amount_cents, self.version, json!(self.note))
    }
}
