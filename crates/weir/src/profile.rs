//! What the catalog learned of paths, on its way back to the gate and to release (D9, D16).

use std::sync::Arc;

use weir_catalog::CatalogHandle;
use weir_event::Names;
use weir_event::log::{Field, Level, emit};
use weir_policy::Learned;

use crate::formats::Formats;

/// The version in which the catalog's file may be written.
pub(crate) fn catalog_version(formats: &Formats) -> u16 {
    u16::try_from(formats.may_write("catalog")).unwrap_or(1).clamp(1, weir_catalog::codec::VERSION)
}

/// Takes the verdicts of the catalog as it is now. What is the same changes nothing; another set takes the old one's place as a
/// whole, for the next request and the next event at release. Whether anything changed.
pub(crate) fn learn(catalog: &CatalogHandle, names: &Names, learned: &Learned) -> bool {
    let lift = catalog.read(|catalog| catalog.lift(names));
    if lift.version() == learned.now().version() {
        return false;
    }
    let fields = [("paths", Field::Count(lift.verdicts().len() as u64))];
    emit(Level::Info, "the profiles of paths give other verdicts than before; see `weir catalog show`", &fields);
    learned.set(Arc::new(lift));
    true
}
