//! The builder's end: a typed handler, or an effect, becomes what the runtime drives.

use std::future::Future;
use std::sync::Arc;

use super::ready::{Ready, Work};
use super::{Anywhere, InTransaction, Pipeline};
use crate::boundary::{Attempt, BoxFuture, Database, Effect, Place, Tx, TxEffect};
use crate::extract::ExtractAll;
use crate::handler::{Handler, TxHandler};
use crate::outcome::{Failure, Handled, IntoOutcome};
use crate::record::Record;

impl<S: Send + Sync + 'static> Pipeline<Anywhere, S> {
    /// Ends the description with an `async fn` of extractors.
    ///
    /// It begins on the thread that polls the log and goes on on tokio when it first waits. Handlers that compute for long
    /// or block are soon begun on tokio altogether.
    pub fn handle<H, Args>(self, handler: H) -> Ready
    where
        H: Handler<Args, Out: IntoOutcome, Fut: Send + 'static>,
        Args: ExtractAll<S> + Send + 'static,
    {
        let effect = HandlerEffect { handler, state: self.state, args: std::marker::PhantomData::<fn(Args)> };
        Ready { plan: self.plan, work: Work::Effect(self.layers.around(Arc::new(effect))) }
    }

    /// Ends the description with a boundary.
    pub fn effect(self, effect: impl Effect) -> Ready {
        Ready { plan: self.plan, work: Work::Effect(self.layers.around(Arc::new(effect))) }
    }
}

impl<Db: Database + Sync, S: Send + Sync + 'static> Pipeline<InTransaction<Db>, S> {
    /// Ends the description with an `async fn` of extractors whose last argument is the transaction.
    pub fn handle<H, Args>(self, handler: H) -> Ready
    where
        H: for<'t> TxHandler<'t, Args, Db, Out: IntoOutcome, Fut: Send>,
        Args: ExtractAll<S> + Send + 'static,
    {
        let effect = TxHandlerEffect { handler, state: self.state, args: std::marker::PhantomData::<fn(Args)> };
        in_transaction(self.plan, self.boundary.0, Arc::new(effect))
    }

    /// Ends the description with a boundary inside the transaction.
    pub fn tx_effect(self, effect: impl TxEffect<Db>) -> Ready {
        in_transaction(self.plan, self.boundary.0, Arc::new(effect))
    }
}

fn in_transaction<Db: Database>(plan: super::plan::Plan, db: Db, effect: Arc<dyn TxEffect<Db>>) -> Ready {
    let database = db.target();
    let target = match effect.target() {
        inner if inner.is_empty() => database.clone(),
        inner => format!("{database} {inner}"),
    };
    let name = database.trim_start_matches("sqlite:");
    let traits = effect.traits(name.rsplit('/').next().unwrap_or(name));
    Ready {
        plan,
        work: Work::InTransaction { target, traits, open: Box::new(move |settings| db.sink(effect, settings)) },
    }
}

struct HandlerEffect<H, S, Args> {
    handler: H,
    state: S,
    args: std::marker::PhantomData<fn(Args)>,
}

impl<H, S, Args> HandlerEffect<H, S, Args>
where
    S: Send + Sync + 'static,
    H: Handler<Args, Out: IntoOutcome, Fut: Send + 'static>,
    Args: ExtractAll<S> + Send + 'static,
{
    /// The handler on its way; it keeps nothing of the record.
    fn begin(&self, record: &Record) -> Result<impl Future<Output = Handled> + Send + use<H, S, Args>, Failure> {
        let running = self.handler.call(Args::extract_all(record, &self.state)?);
        Ok(async move { running.await.into_outcome() })
    }
}

impl<H, S, Args> Effect for HandlerEffect<H, S, Args>
where
    S: Send + Sync + 'static,
    H: Handler<Args, Out: IntoOutcome, Fut: Send + 'static>,
    Args: ExtractAll<S> + Send + 'static,
{
    fn has_place(&self) -> bool {
        true
    }

    fn begin_in(&self, record: &Record, place: &mut Place) {
        match self.begin(record) {
            Ok(running) => place.set(running),
            Err(failure) => place.set(std::future::ready(Err(failure))),
        }
    }

    fn run<'a>(&'a self, record: &'a Record, _: &'a Attempt) -> BoxFuture<'a, Handled> {
        match self.begin(record) {
            Ok(running) => Box::pin(running),
            Err(failure) => Box::pin(std::future::ready(Err(failure))),
        }
    }

    fn target(&self) -> String {
        "handler".into()
    }
}

struct TxHandlerEffect<H, S, Args> {
    handler: H,
    state: S,
    args: std::marker::PhantomData<fn(Args)>,
}

impl<H, S, Args, Db> TxEffect<Db> for TxHandlerEffect<H, S, Args>
where
    Db: Database,
    S: Send + Sync + 'static,
    H: for<'t> TxHandler<'t, Args, Db, Out: IntoOutcome, Fut: Send>,
    Args: ExtractAll<S> + Send + 'static,
{
    fn run<'a>(&'a self, record: &'a Record, tx: &'a mut Tx<Db>) -> BoxFuture<'a, Handled> {
        match Args::extract_all(record, &self.state) {
            Ok(args) => {
                let running = self.handler.call(args, tx);
                Box::pin(async move { running.await.into_outcome() })
            }
            Err(failure) => Box::pin(std::future::ready(Err(failure))),
        }
    }
}
