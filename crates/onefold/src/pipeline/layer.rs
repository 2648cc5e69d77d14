//! Tower layers around a handler: timeouts, limits, traces of your own.

use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::{Anywhere, Pipeline};
use crate::boundary::{Attempt, BoxFuture, Effect, SinkTraits};
use crate::outcome::{Failure, Handled, Outcome};
use crate::record::Record;

/// One attempt on its way through the layers.
#[derive(Clone, Debug)]
pub struct Call {
    pub record: Record,
    pub attempt: Attempt,
}

/// Any error of a layer. One that came from the handler keeps its class.
pub type LayerError = Box<dyn std::error::Error + Send + Sync>;

impl<S> Pipeline<Anywhere, S> {
    /// Puts a tower layer around the handler; the first one added is the innermost. What a layer refuses by itself is
    /// a transient failure.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Attempts> + Send + 'static,
        L::Service: Service<Call, Response = Outcome, Error: Into<LayerError>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Future: Send + 'static,
    {
        self.layers.add(layer);
        self
    }
}

/// The layers added so far.
pub(crate) struct Layers(Vec<Box<dyn FnOnce(Attempts) -> Attempts + Send>>);

impl Layers {
    pub(crate) fn none() -> Layers {
        Layers(Vec::new())
    }

    fn add<L>(&mut self, layer: L)
    where
        L: Layer<Attempts> + Send + 'static,
        L::Service: Service<Call, Response = Outcome, Error: Into<LayerError>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Future: Send + 'static,
    {
        self.0.push(Box::new(move |inner| Attempts(BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into)))));
    }

    /// The effect with all layers around it; itself where there are none.
    pub(crate) fn around(self, effect: Arc<dyn Effect>) -> Arc<dyn Effect> {
        if self.0.is_empty() {
            return effect;
        }
        let innermost = Attempts(BoxCloneSyncService::new(Innermost(effect.clone())));
        let service = self.0.into_iter().fold(innermost, |inner, layer| layer(inner));
        Arc::new(Layered { service, effect })
    }
}

/// The service that a layer wraps: one call is one attempt.
#[derive(Clone)]
pub struct Attempts(BoxCloneSyncService<Call, Outcome, LayerError>);

impl Service<Call> for Attempts {
    type Response = Outcome;
    type Error = LayerError;
    type Future = BoxFuture<'static, Result<Outcome, LayerError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LayerError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.0.call(call)
    }
}

/// A [`Failure`] on its way out through layers that only know errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Carried(Failure);

#[derive(Clone)]
struct Innermost(Arc<dyn Effect>);

impl Service<Call> for Innermost {
    type Response = Outcome;
    type Error = LayerError;
    type Future = BoxFuture<'static, Result<Outcome, LayerError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LayerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let effect = self.0.clone();
        Box::pin(async move {
            effect.run(&call.record, &call.attempt).await.map_err(|failure| Box::new(Carried(failure)) as LayerError)
        })
    }
}

struct Layered {
    service: Attempts,
    effect: Arc<dyn Effect>,
}

impl Effect for Layered {
    fn run<'a>(&'a self, record: &'a Record, attempt: &'a Attempt) -> BoxFuture<'a, Handled> {
        let call = Call { record: record.clone(), attempt: attempt.clone() };
        Box::pin(async move { self.service.clone().oneshot(call).await.map_err(uncarried) })
    }

    fn target(&self) -> String {
        self.effect.target()
    }

    fn traits(&self) -> SinkTraits {
        self.effect.traits()
    }
}

fn uncarried(error: LayerError) -> Failure {
    match error.downcast::<Carried>() {
        Ok(carried) => carried.0,
        Err(other) => Failure::transient(other),
    }
}
