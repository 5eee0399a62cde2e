//! What a request says of all its events: in a header, in its query, beside the list.

use weir_event::{DraftBatch, Millis, Text};

use crate::drafting::unix_time;
use crate::inbound::{Endpoint, RequestHead};
use crate::vendors::posthog::EVENTS;

/// Name and version of an SDK, as ranges behind the end of the text.
pub(super) struct Library {
    pub(super) text: String,
    pub(super) name: Text,
    pub(super) version: Text,
}

impl Library {
    pub(super) fn of(endpoint: Endpoint, head: &RequestHead<'_>, end: usize) -> Option<Library> {
        let info = head.sdk_info.filter(|_| endpoint == EVENTS)?;
        let (name, version) = info.split_once('/')?;
        let version = version.split(' ').next().unwrap_or_default();
        let is_word = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_word(name) || !is_word(version) {
            return None;
        }
        let end = u32::try_from(end).ok()?;
        let (name_len, version_len) = (name.len() as u32, version.len() as u32);
        Some(Library {
            text: format!("{name}{version}"),
            name: Text { start: end, len: name_len },
            version: Text { start: end + name_len, len: version_len },
        })
    }
}

/// What a request says of all its events. It may say so after them.
#[derive(Default)]
pub(super) struct Request {
    pub(super) sent_at: Option<Millis>,
    pub(super) historical: bool,
    pub(super) drafts: u32,
    /// Drafts whose time is not the usual: which, and what.
    pub(super) unusual: Vec<(u32, Unusual)>,
}

#[derive(Clone, Copy)]
pub(super) enum Unusual {
    /// The client's clock is not to be corrected.
    Uncorrected,
    /// The event was so many milliseconds before the request; it says no other time.
    Before(i64),
}

impl Request {
    pub(super) fn finish(self, head: &RequestHead<'_>, batch: &mut DraftBatch) {
        let from_query = || head.query_param("_").and_then(|text| unix_time(text.as_bytes()));
        let sent_at = self.sent_at.or_else(from_query);
        for draft in &mut batch.drafts {
            (draft.sent_at, draft.historical) = (sent_at, self.historical);
        }
        for (place, unusual) in self.unusual {
            let Some(draft) = batch.drafts.get_mut(place as usize) else { continue };
            match unusual {
                Unusual::Uncorrected => draft.sent_at = None,
                Unusual::Before(offset) => {
                    draft.client_time = sent_at.map(|sent| Millis(sent.0.saturating_sub(offset)));
                }
            }
        }
    }
}
