//! Plain `async fn`s as handlers: with the transaction of their pipeline as the last argument, or without one.

use std::future::Future;

use crate::boundary::{Database, Tx};

/// `async fn(A, B, ..) -> impl IntoOutcome`: a handler on a pipeline without a transaction.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for this pipeline",
    label = "not an `async fn` of extractors",
    note = "a handler is `async fn(Json<T>, Key, ..) -> Handled`; it takes no transaction here",
    note = "for `&mut Tx<Db>` as the last argument say `.in_transaction_of(db)` before `.handle`"
)]
pub trait Handler<Args>: Clone + Send + Sync + 'static {
    type Out;
    type Fut: Future<Output = Self::Out>;
    fn call(&self, args: Args) -> Self::Fut;
}

/// `async fn(A, B, .., &mut Tx<Db>) -> impl IntoOutcome`: a handler whose effect is in the pipeline's transaction.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for a pipeline that runs in a transaction",
    label = "its last argument must be `&mut Tx<{Db}>`",
    note = "`.in_transaction_of(db)` stores the offset with the effect, so the effect must go through the `Tx` it lends",
    note = "a handler is `async fn(Json<T>, .., tx: &mut Tx<{Db}>) -> Handled`"
)]
pub trait TxHandler<'t, Args, Db: Database>: Clone + Send + Sync + 'static {
    type Out;
    type Fut: Future<Output = Self::Out> + 't;
    fn call(&self, args: Args, tx: &'t mut Tx<Db>) -> Self::Fut;
}

// Structure only. That the arguments can be extracted, that the output is an outcome and that the future is `Send`
// are separate bounds of `.handle`, so that rustc names the part that is wrong.
macro_rules! handlers { ($($A:ident)*) => {
    impl<F, Fut, $($A),*> Handler<($($A,)*)> for F
    where F: Fn($($A),*) -> Fut + Clone + Send + Sync + 'static, Fut: Future
    {
        type Out = Fut::Output;
        type Fut = Fut;
        #[allow(non_snake_case)]
        fn call(&self, ($($A,)*): ($($A,)*)) -> Fut { self($($A),*) }
    }
    impl<'t, F, Fut, Db: Database, $($A),*> TxHandler<'t, ($($A,)*), Db> for F
    where F: Fn($($A,)* &'t mut Tx<Db>) -> Fut + Clone + Send + Sync + 'static, Fut: Future + 't
    {
        type Out = Fut::Output;
        type Fut = Fut;
        #[allow(non_snake_case)]
        fn call(&self, ($($A,)*): ($($A,)*), tx: &'t mut Tx<Db>) -> Fut { self($($A,)* tx) }
    }
} }
handlers!();
handlers!(A1);
handlers!(A1 A2);
handlers!(A1 A2 A3);
handlers!(A1 A2 A3 A4);
handlers!(A1 A2 A3 A4 A5);
handlers!(A1 A2 A3 A4 A5 A6);
