//! What a value is: detectors of personal data and secrets, and the few places where a value is reduced to something clean.
//!
//! Pure functions of key and value: this crate does no I/O, keeps no state between leaves and holds no value after a call.
//! Read in this order: [`engine`] (how one leaf is scanned), [`facts`] (what a path's name says, once per path), [`lift`] (what was
//! learned of it), `gate`
//! (the one pass that most leaves end in), `detectors` (one file each, one list), [`shapes`] (numbers with a shape), `decode` and `embedded` (values inside
//! values), [`own`] (detectors of a configuration), [`judge`] (D1), then the reducers [`url`], [`families`] and [`country`].

mod agent;
mod bytes;
pub mod checks;
pub mod container;
mod decode;
mod detectors;
mod dictionary;
mod digits;
mod embedded;
pub mod engine;
pub mod facts;
mod gate;
mod given_names;
pub mod judge;
mod leaf;
pub mod lift;
mod nearby;
pub mod own;
mod randomness;
pub mod shapes;
mod tld;
mod words;

pub mod country;
pub mod families;
pub mod fuzz;
pub mod url;

pub use country::TruncatedAddress;
pub use engine::Engine;
pub use facts::PathFacts;
pub use judge::Judge;
pub use lift::{Lift, Verdict};
pub use own::{Known, OwnDetectors, OwnProblem, OwnSpec};
pub use shapes::learned::Kind;
