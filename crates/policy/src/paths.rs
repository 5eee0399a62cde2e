//! What is known of each path before its values come: the detectors' facts and the few paths whose meaning Weir knows itself.

use std::sync::OnceLock;

use weir_detect::{Engine, PathFacts};
use weir_event::{NameId, Names, Operation};

/// What a path is to minimise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// A property of an event, or anything else that is scanned and no more.
    Property,
    /// A property of a person's profile: a contact detail there is the subject's own.
    Profile,
    /// `context.ip`: kept as its network, whatever the detectors say.
    Address,
    /// A page, its path or its query, or a referrer: kept as a template or not at all; a query has no template.
    Page,
    /// `context.page.url`: a page whose query may name the campaign.
    PageUrl,
    /// `context.session_id`: kept as a tag.
    Session,
}

/// A path's plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathPlan {
    pub(crate) facts: PathFacts,
    pub(crate) place: Place,
    /// The name says that URLs stand here: then a relative one is a URL too.
    pub(crate) names_url: bool,
    /// The property `name` of an event.
    pub(crate) is_bare_name: bool,
    /// The bit of the campaign parameter that stands here, by its place in [`CAMPAIGN`]; 0 for other paths.
    pub(crate) campaign: u8,
}

/// The last keys of `context.campaign.*`.
pub(crate) const CAMPAIGN: [&str; 6] = ["source", "medium", "name", "term", "content", "id"];

/// What a property that holds URLs is called, anywhere in its path.
const URL_WORDS: [&str; 5] = ["url", "href", "path", "referrer", "referer"];

impl PathPlan {
    /// What the path says of its values in an event of this operation: what a page or a screen is called is no person's name. Its
    /// text is looked at all the same.
    #[inline]
    pub(crate) fn facts_in(&self, operation: Operation) -> PathFacts {
        let is_of_view = self.is_bare_name && matches!(operation, Operation::Page | Operation::Screen);
        if is_of_view { PathFacts::NONE } else { self.facts }
    }

    fn of(engine: &Engine, names: &Names, path: NameId) -> PathPlan {
        let entry = names.entry(path);
        let place = match entry.text {
            "context.ip" => Place::Address,
            "context.page.url" => Place::PageUrl,
            "context.page.referrer" | "context.page.initial_referrer" | "context.page.path" | "context.page.search" => {
                Place::Page
            }
            "context.session_id" => Place::Session,
            text if text.starts_with("profile.") => Place::Profile,
            _ => Place::Property,
        };
        let campaign =
            entry.text.strip_prefix("context.campaign.").and_then(|key| CAMPAIGN.iter().position(|k| *k == key));
        let lower = entry.text.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric());
        let names_url = lower.starts_with("context.page.")
            || URL_WORDS.iter().any(|word| lower.contains(word))
            // `security` and `maturity` hold it too.
            || words.any(|word| word.ends_with("uri") || word.ends_with("uris"));
        let campaign = campaign.map_or(0, |place| 1 << place);
        PathPlan { facts: engine.path_facts(entry), place, names_url, is_bare_name: entry.text == "name", campaign }
    }
}

const CHUNK: usize = 1_024;
const CHUNKS: usize = 256;
type Chunk<T> = Box<[OnceLock<T>]>;

/// Something known by path: append-only, read without a lock. What belongs to ids past `CHUNK * CHUNKS` is made each time.
pub(crate) struct ByPath<T> {
    chunks: Box<[OnceLock<Chunk<T>>]>,
}

impl<T> Default for ByPath<T> {
    fn default() -> ByPath<T> {
        ByPath { chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect() }
    }
}

impl<T> std::fmt::Debug for ByPath<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByPath(…)")
    }
}

impl<T: Copy> ByPath<T> {
    /// What is known of a path; made the first time.
    #[inline]
    pub(crate) fn get_or(&self, path: NameId, make: impl FnOnce() -> T) -> T {
        let (chunk, slot) = (path.0 as usize / CHUNK, path.0 as usize % CHUNK);
        let Some(chunk) = self.chunks.get(chunk) else { return make() };
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        *chunk[slot].get_or_init(make)
    }
}

/// Plans by path.
pub(crate) struct PathTable(ByPath<PathPlan>);

impl PathTable {
    pub(crate) fn new() -> PathTable {
        PathTable(ByPath::default())
    }

    #[inline]
    pub(crate) fn plan(&self, engine: &Engine, names: &Names, path: NameId) -> PathPlan {
        self.0.get_or(path, || PathPlan::of(engine, names, path))
    }
}
