//! What a pipeline's parts add up to, said in words before it starts.
//!
//! What happens here: [`Parts::explain`] computes the guarantee at the boundary from the protocol, the sink, the id
//! store and the topic's retention; [`Explanation::check`] refuses a declared guarantee that the parts do not give.
//! What must not: no text here promises more than the parts do, and nothing suggests a fix that the caller did not
//! name, since only the caller knows what this build accepts.

mod check;
mod explain;
mod kept;
mod kind;
mod not_covered;
mod parts;
mod protocol;

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod explain_tests;
#[cfg(test)]
mod properties_tests;

pub use check::{Fix, Refusal};
pub use explain::{Explanation, Line};
pub use kept::Kept;
pub use kind::{Guarantee, UnknownGuarantee};
pub use parts::{IdStore, Ids, Parts, SinkKind, SinkTraits};
pub use protocol::{MOST_COMMITTED_AHEAD, Protocol};
