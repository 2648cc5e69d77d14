//! Who waits for the coordinator's answer.

use std::collections::HashMap;

use onefold_broker_core::group::Token;
use tokio::sync::oneshot;

use super::Answered;

#[derive(Default)]
pub(super) struct Waiting {
    last: u64,
    open: HashMap<Token, oneshot::Sender<Answered>>,
}

impl Waiting {
    pub(super) fn open(&mut self) -> (Token, oneshot::Receiver<Answered>) {
        self.last += 1;
        let token = Token(self.last);
        let (sender, receiver) = oneshot::channel();
        self.open.insert(token, sender);
        (token, receiver)
    }

    pub(super) fn answer(&mut self, token: Token, answer: Answered) {
        if let Some(sender) = self.open.remove(&token) {
            crate::woken::note();
            sender.send(answer).ok(); // its connection may have gone in between
        }
    }

    pub(super) fn close(&mut self, token: Token) {
        self.open.remove(&token);
    }
}
