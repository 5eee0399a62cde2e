//! What an event says about consent (D9): the signals of a source, and how they are read.
//!
//! A signal stands in the request's head (`Sec-GPC`, `DNT`, a named cookie) or in the event (Segment's and RudderStack's categories,
//! Google consent mode, a TC string, the SDK's own opt-in, a property by rule). Which counts more is
//! [`ConsentStates::add`]'s business; here each is only understood. What is not understood says nothing: *unknown*, never yes.
//!
//! Signals of the event are found by path on the tape, so that no decoder knows of them. The value is read before policy decides
//! whether it is kept; of a cookie nothing but the state remains.

mod forms;
pub mod tcf;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::draft::Leaf;
use weir_event::names::NameKind;
use weir_event::{
    ConsentOrigin, ConsentState, ConsentStates, Draft, DraftBatch, LeafKind, NameId, Names, Purpose, PurposeSet,
};

/// How the value of a property or a cookie is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// A word for yes or no, about this purpose.
    Purpose(Purpose),
    /// OneTrust's cookie `OptanonConsent`: `…&groups=C0002:1,C0004:0…`.
    OneTrust,
    /// Cookiebot's cookie `CookieConsent`: `{…,statistics:true,marketing:false,…}`.
    Cookiebot,
    /// A TC string of the IAB's framework, version 2.
    Tcf,
    /// Google's `gcs`: `G1`, then `ad_storage` and `analytics_storage` as 1, 0 or `-`.
    GoogleConsent,
    /// Nothing: takes a built-in signal away.
    Ignore,
}

/// The consent signals of a source as configured. What is built in counts beside it unless the same key stands here.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ConsentSpec {
    /// What `Sec-GPC: 1` refuses.
    pub gpc: Vec<Purpose>,
    /// What `DNT: 1` refuses.
    pub dnt: Vec<Purpose>,
    /// Consent categories by their name at the consent platform; `None`: ignored.
    pub categories: Vec<(String, Option<Purpose>)>,
    /// Properties by path.
    pub properties: Vec<(String, Reading)>,
    /// Cookies by name.
    pub cookies: Vec<(String, Reading)>,
}

/// The consent signals of a source, ready to be read. Immutable; part of a generation (D16).
#[derive(Debug)]
pub struct ConsentSignals {
    gpc: PurposeSet,
    dnt: PurposeSet,
    /// By name in lower case.
    categories: HashMap<String, Purpose, FixedState>,
    cookies: Vec<(Box<str>, Reading)>,
    /// One bit per path from `first` on: nearly all leaves are passed over by it.
    bits: Vec<u64>,
    first: u32,
    slots: HashMap<NameId, Slot, FixedState>,
    opt_in: NameId,
}

/// What is at a path.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// Read it so.
    Read(Reading, ConsentOrigin),
    /// The list of categories that were agreed to, or refused.
    Categories(ConsentState),
    /// Categories whose names are no clean keys, each before its value.
    Keyed,
}

/// What the gate knows about the consent of a request beside its events.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    signals: Option<&'a ConsentSignals>,
    request: ConsentStates,
}

/// Categories that are known without configuration. OneTrust's are its defaults, the others what Segment's, Cookiebot's and
/// RudderStack's documentation call them; see `docs/consent.md`.
pub const CATEGORIES: [(&str, Purpose); 22] = [
    ("C0002", Purpose::Analytics),
    ("C0003", Purpose::Functional),
    ("C0004", Purpose::Advertising),
    ("C0005", Purpose::Advertising),
    ("Advertising", Purpose::Advertising),
    ("Analytics", Purpose::Analytics),
    ("Data Sharing", Purpose::SaleOrSharing),
    ("DataSharing", Purpose::SaleOrSharing),
    ("Functional", Purpose::Functional),
    ("Functionality", Purpose::Functional),
    ("Marketing", Purpose::Advertising),
    ("Measurement", Purpose::Analytics),
    ("Performance", Purpose::Analytics),
    ("Personalisation", Purpose::Personalization),
    ("Personalization", Purpose::Personalization),
    ("Preferences", Purpose::Functional),
    ("Sale", Purpose::SaleOrSharing),
    ("sale_of_data", Purpose::SaleOrSharing),
    ("sale_or_sharing", Purpose::SaleOrSharing),
    ("Social Media", Purpose::Advertising),
    ("Statistics", Purpose::Analytics),
    ("Targeting", Purpose::Advertising),
];

/// Properties that are read without configuration: Google consent mode by the names of its own parameters.
pub const PROPERTIES: [(&str, Reading); 7] = [
    ("ad_personalization", Reading::Purpose(Purpose::Advertising)),
    ("ad_storage", Reading::Purpose(Purpose::Advertising)),
    ("ad_user_data", Reading::Purpose(Purpose::Advertising)),
    ("analytics_storage", Reading::Purpose(Purpose::Analytics)),
    ("functionality_storage", Reading::Purpose(Purpose::Functional)),
    ("personalization_storage", Reading::Purpose(Purpose::Personalization)),
    ("gcs", Reading::GoogleConsent),
];

/// Where Segment's SDKs and wrappers put the categories: name and `true` or `false`.
const PREFERENCES: &str = "context.meta.consent.categoryPreferences";
/// Where RudderStack's SDKs put them: two lists of names.
const LISTS: [(&str, ConsentState); 2] = [
    ("context.meta.consentManagement.allowedConsentIds", ConsentState::Given),
    ("context.meta.consentManagement.deniedConsentIds", ConsentState::Refused),
];

/// A longer value is not read: no signal is longer than a cookie may be.
const VALUE_BYTES_MAX: usize = 8 * 1_024;

impl Consent<'_> {
    /// Nothing is known, and nothing is read.
    pub const UNKNOWN: Consent<'static> = Consent { signals: None, request: ConsentStates::UNKNOWN };

    /// The signals of a source, and what the request's head said.
    pub fn new(signals: &ConsentSignals, request: ConsentStates) -> Consent<'_> {
        Consent { signals: Some(signals), request }
    }

    /// What the request's head said.
    pub fn request(&self) -> ConsentStates {
        self.request
    }

    /// What is known of the consent to one event.
    #[inline]
    pub(crate) fn of_event(&self, batch: &DraftBatch, draft: &Draft) -> ConsentStates {
        let mut states = self.request;
        states.merge(batch.consent);
        if let Some(signals) = self.signals {
            signals.read_event(batch, draft, &mut states);
        }
        states
    }
}

impl ConsentSignals {
    /// Resolves a configuration; the paths that are none.
    pub fn resolve(spec: &ConsentSpec, names: &Names) -> Result<ConsentSignals, Vec<String>> {
        let (mut slots, mut wrong) = (HashMap::default(), Vec::new());
        let path = |text: &str| names.restore(NameKind::Path, text).filter(|id| id.0 > NameId::GROUP_ROOT.0);
        let mut add = |text: &str, slot: Option<Slot>| match path(text) {
            Some(id) => {
                match slot {
                    Some(slot) => slots.insert(id, slot),
                    None => slots.remove(&id),
                };
            }
            None => wrong.push(text.to_owned()),
        };
        let mut categories = HashMap::default();
        let own = spec.categories.iter().map(|(name, purpose)| (name.as_str(), *purpose));
        for (name, purpose) in CATEGORIES.iter().map(|(name, purpose)| (*name, Some(*purpose))).chain(own) {
            match purpose {
                Some(purpose) => categories.insert(name.to_lowercase(), purpose),
                None => categories.remove(&name.to_lowercase()),
            };
            // Consent platforms write names as they like.
            let escaped: String = name.chars().flat_map(|c| escape(c).into_iter().chain([c])).collect();
            for spelling in [escaped.to_lowercase(), escaped.to_uppercase(), capitalised(&escaped), escaped] {
                let slot = purpose.map(|purpose| Slot::Read(Reading::Purpose(purpose), ConsentOrigin::Categories));
                add(&format!("{PREFERENCES}.{spelling}"), slot);
            }
        }
        add(&format!("{PREFERENCES}.*"), Some(Slot::Keyed));
        for (list, state) in LISTS {
            add(&format!("{list}.*"), Some(Slot::Categories(state)));
        }
        for (property, reading) in PROPERTIES {
            add(property, Some(Slot::Read(reading, ConsentOrigin::GoogleConsentMode)));
        }
        for (property, reading) in &spec.properties {
            let origin = match reading {
                Reading::Tcf => ConsentOrigin::Tcf,
                Reading::GoogleConsent => ConsentOrigin::GoogleConsentMode,
                Reading::OneTrust | Reading::Cookiebot => ConsentOrigin::Categories,
                Reading::Purpose(_) | Reading::Ignore => ConsentOrigin::Property,
            };
            add(property, (*reading != Reading::Ignore).then_some(Slot::Read(*reading, origin)));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let first = slots.keys().map(|id: &NameId| id.0).min().unwrap_or(0);
        let last = slots.keys().map(|id| id.0).max().unwrap_or(0);
        let mut bits = vec![0; ((last - first) / 64 + 1) as usize];
        for id in slots.keys() {
            let place = (id.0 - first) as usize;
            bits[place / 64] |= 1_u64 << (place % 64);
        }
        Ok(ConsentSignals {
            gpc: spec.gpc.iter().copied().collect(),
            dnt: spec.dnt.iter().copied().collect(),
            categories,
            cookies: spec.cookies.iter().map(|(name, reading)| (name.as_str().into(), *reading)).collect(),
            bits,
            first,
            slots,
            // Mixpanel's and PostHog's browser SDKs send it when somebody opts in. Opting out sends nothing.
            opt_in: names.restore(NameKind::Event, "$opt_in").unwrap_or(NameId::UNNAMED),
        })
    }

    /// What the head of a request says: its two headers, and of its cookies those that are configured. The value of no other cookie
    /// is looked at (D18).
    pub fn of_request<'c>(&self, gpc: bool, dnt: bool, cookies: impl Iterator<Item = &'c [u8]>) -> ConsentStates {
        let mut states = ConsentStates::UNKNOWN;
        if gpc {
            self.gpc.iter().for_each(|p| states.add(p, ConsentState::Refused, ConsentOrigin::Gpc));
        }
        if dnt {
            self.dnt.iter().for_each(|p| states.add(p, ConsentState::Refused, ConsentOrigin::Dnt));
        }
        if self.cookies.is_empty() {
            return states;
        }
        for pair in cookies.flat_map(|header| header.split(|b| *b == b';')) {
            let pair = pair.trim_ascii_start();
            for (name, reading) in &self.cookies {
                if let Some([b'=', value @ ..]) = pair.strip_prefix(name.as_bytes()) {
                    let value = value.trim_ascii_end();
                    let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
                    self.read_text(*reading, ConsentOrigin::Cookie, value, &mut states);
                }
            }
        }
        states
    }

    fn read_event(&self, batch: &DraftBatch, draft: &Draft, states: &mut ConsentStates) {
        if draft.name == self.opt_in && draft.name != NameId::UNNAMED {
            states.add(Purpose::Analytics, ConsentState::Given, ConsentOrigin::Sdk);
        }
        let mut key: Option<Purpose> = None;
        for leaf in batch.tape(draft) {
            let place = leaf.path.0.wrapping_sub(self.first) as usize;
            if self.bits.get(place / 64).is_some_and(|bits| bits & (1 << (place % 64)) != 0) {
                self.read_leaf(batch, leaf, &mut key, states);
            }
        }
    }

    #[cold]
    fn read_leaf(&self, batch: &DraftBatch, leaf: &Leaf, key: &mut Option<Purpose>, states: &mut ConsentStates) {
        let text = batch.bytes(leaf.text);
        match self.slots.get(&leaf.path) {
            Some(Slot::Read(reading, origin)) => match leaf.kind {
                LeafKind::True => self.read_text(*reading, *origin, b"true", states),
                LeafKind::False => self.read_text(*reading, *origin, b"false", states),
                LeafKind::String | LeafKind::Number => self.read_text(*reading, *origin, text, states),
                _ => {}
            },
            Some(Slot::Categories(state)) if leaf.kind == LeafKind::String => {
                if let Some(purpose) = self.category(text) {
                    states.add(purpose, *state, ConsentOrigin::Categories);
                }
            }
            Some(Slot::Keyed) if leaf.kind == LeafKind::MapKey => *key = self.category(text),
            Some(Slot::Keyed) => {
                let Some(purpose) = key.take() else { return };
                let state = match leaf.kind {
                    LeafKind::True => ConsentState::Given,
                    LeafKind::False => ConsentState::Refused,
                    _ => forms::word(text),
                };
                states.add(purpose, state, ConsentOrigin::Categories);
            }
            _ => {}
        }
    }

    fn read_text(&self, reading: Reading, origin: ConsentOrigin, text: &[u8], states: &mut ConsentStates) {
        if text.len() > VALUE_BYTES_MAX {
            return;
        }
        match reading {
            Reading::Purpose(purpose) => states.add(purpose, forms::word(text), origin),
            Reading::OneTrust => forms::one_trust(text, |category, state| {
                if let Some(purpose) = self.category(category) {
                    states.add(purpose, state, origin);
                }
            }),
            Reading::Cookiebot => forms::cookiebot(text, |category, state| {
                if let Some(purpose) = self.category(category) {
                    states.add(purpose, state, origin);
                }
            }),
            Reading::Tcf => {
                let Some(consents) = tcf::read(text) else { return };
                tcf::PURPOSES.iter().for_each(|(purpose, of)| states.add(*purpose, consents.state(of), origin));
            }
            Reading::GoogleConsent => {
                if let [b'G', b'1', ad, analytics] = text {
                    states.add(Purpose::Advertising, forms::word(&[*ad]), origin);
                    states.add(Purpose::Analytics, forms::word(&[*analytics]), origin);
                }
            }
            Reading::Ignore => {}
        }
    }

    fn category(&self, name: &[u8]) -> Option<Purpose> {
        let name = std::str::from_utf8(name).ok()?.trim();
        if name.len() > 256 {
            return None;
        }
        self.categories.get(name).or_else(|| self.categories.get(&name.to_lowercase())).copied()
    }
}

fn escape(c: char) -> Option<char> {
    matches!(c, '.' | '*' | '\\').then_some('\\')
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())
}

#[cfg(test)]
mod tests;
