//! What a destination would have of an event: release, then the vendor's own limits. For cutting batches, and for everything that
//! only wants to know.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use weir_event::log::{Field, Level, emit};
use weir_event::{Millis, NameId, Names, Rule};
use weir_keys::KeySnapshot;
use weir_policy::{RecordView, Released, Releaser, Withdrawals};
use weir_protocol::outbound::{Encoder, Lane};

use crate::setup::Setup;

/// Judges events for one destination under one setup.
pub struct Judge {
    pub(crate) setup: Arc<Setup>,
    pub(crate) releaser: Releaser,
    pub(crate) encoder: Box<dyn Encoder>,
    pub(crate) withdrawals: Arc<Withdrawals>,
    label: NameId,
}

impl Judge {
    /// `None` where the setup makes no encoder, which was tried before it became part of a generation.
    pub fn new(
        setup: Arc<Setup>,
        keys: Arc<KeySnapshot>,
        names: Arc<Names>,
        withdrawals: Arc<Withdrawals>,
    ) -> Option<Judge> {
        let label = names.label(setup.id.as_str());
        let encoder = (setup.kind.encoder)(setup.vendor.clone()).ok()?;
        let releaser = Releaser::new(Arc::clone(&setup.release), keys, names);
        Some(Judge { setup, releaser, encoder, withdrawals, label })
    }

    /// Whether the gate meant the event for this destination.
    pub fn is_offered(&self, view: &RecordView<'_>) -> bool {
        view.offered().any(|offered| offered == self.label)
    }

    /// What of the event may leave and by which lane, or the rule by which nothing does.
    pub(crate) fn release<'g>(
        &mut self,
        view: &RecordView<'g>,
        offset: u64,
        now: Millis,
    ) -> Result<(Released<'g>, Lane), Rule> {
        self.setup.release.check_withdrawn(view, offset, &self.withdrawals)?;
        self.releaser.set_time(now);
        let released = self.releaser.release(view)?;
        let lane = self.encoder.lane_of(&released, now)?;
        Ok((released, lane))
    }

    /// The same, where a defect that the event meets counts as a rule.
    pub fn judge<'g>(&mut self, view: &RecordView<'g>, offset: u64, now: Millis) -> Result<Released<'g>, Rule> {
        match catch_unwind(AssertUnwindSafe(|| self.release(view, offset, now))) {
            Ok(judged) => judged.map(|(released, _)| released),
            Err(_) => {
                self.say_failed();
                Err(Rule::StageFailed)
            }
        }
    }

    /// Takes an event back that nobody needs any more: the next one uses its memory.
    pub fn take_back(&mut self, released: Released<'_>) {
        self.releaser.take_back(released);
    }

    pub(crate) fn say_failed(&self) {
        let destination = Field::Destination(self.setup.id.clone());
        emit(Level::Error, "an event could not be released or encoded", &[("destination", destination)]);
    }
}
