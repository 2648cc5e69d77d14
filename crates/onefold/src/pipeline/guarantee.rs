//! Guarantees as types, so that one that the boundary cannot give does not compile.

pub use onefold_core::guarantee::Guarantee;

/// Never repeated, may be lost.
pub struct AtMostOnce;
/// Never lost, may be repeated.
pub struct AtLeastOnce;
/// Takes effect once at this boundary.
pub struct EffectivelyOnce;

/// A guarantee that stands for itself in a type.
pub trait Marker {
    const GUARANTEE: Guarantee;
}

impl Marker for AtMostOnce {
    const GUARANTEE: Guarantee = Guarantee::AtMostOnce;
}

impl Marker for AtLeastOnce {
    const GUARANTEE: Guarantee = Guarantee::AtLeastOnce;
}

impl Marker for EffectivelyOnce {
    const GUARANTEE: Guarantee = Guarantee::EffectivelyOnce;
}

/// A boundary that can give the guarantee `G`.
#[diagnostic::on_unimplemented(
    message = "this pipeline cannot give `{G}`: its effect is `{Self}`",
    label = "declared stronger than its parts",
    note = "`.in_transaction_of(db)` before it stores the offset with the effect and gives `EffectivelyOnce`",
    note = "or declare `.guarantee(AtLeastOnce)`"
)]
pub trait Gives<G> {}

impl Gives<AtMostOnce> for super::Anywhere {}
impl Gives<AtLeastOnce> for super::Anywhere {}
impl<Db> Gives<AtLeastOnce> for super::InTransaction<Db> {}
impl<Db> Gives<EffectivelyOnce> for super::InTransaction<Db> {}
