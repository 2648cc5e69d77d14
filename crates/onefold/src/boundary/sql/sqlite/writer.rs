use super::*;
pub(super) fn sink(_: Sqlite, _: Arc<dyn TxEffect<Sqlite>>, _: SinkSettings) -> Result<Arc<dyn Sink>, Failure> {
    Err(Failure::transient("x"))
}
