//! What is known of somebody's consent, by purpose: the state, and which signal said so (D9).
//!
//! *Unknown* is a value of its own and never read as yes. One byte per purpose: the state in the two low bits, the origin above.

use std::fmt;

/// What data is used for. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// Measuring how a product is used.
    Analytics = 1,
    /// Advertising, measured or targeted.
    Advertising = 2,
    /// Sale or sharing as the CCPA means it: also what Global Privacy Control speaks of.
    SaleOrSharing = 3,
    /// Fitting content to a person.
    Personalization = 4,
    /// Comfort beyond what the service needs: preferences, chat.
    Functional = 5,
}

impl Purpose {
    /// All of them, in order of their number.
    pub const ALL: [Purpose; 5] = [
        Purpose::Analytics,
        Purpose::Advertising,
        Purpose::SaleOrSharing,
        Purpose::Personalization,
        Purpose::Functional,
    ];

    /// The name in configuration and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::Analytics => "analytics",
            Purpose::Advertising => "advertising",
            Purpose::SaleOrSharing => "sale_or_sharing",
            Purpose::Personalization => "personalization",
            Purpose::Functional => "functional",
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Purpose> {
        Purpose::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    const fn place(self) -> usize {
        self as usize - 1
    }
}

/// What somebody said about one purpose. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ConsentState {
    /// Nothing was said. Never read as yes.
    Unknown = 0,
    /// Yes.
    Given = 1,
    /// No.
    Refused = 2,
}

/// Which signal said so. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ConsentOrigin {
    /// None.
    None = 0,
    /// Consent categories in the event's context: Segment, RudderStack.
    Categories = 1,
    /// Google consent mode.
    GoogleConsentMode = 2,
    /// A TC string of the IAB's framework.
    Tcf = 3,
    /// `Sec-GPC: 1`.
    Gpc = 4,
    /// `DNT: 1`.
    Dnt = 5,
    /// The SDK's own opt-in or opt-out.
    Sdk = 6,
    /// A property, by rule.
    Property = 7,
    /// A cookie, by rule.
    Cookie = 8,
}

impl ConsentOrigin {
    /// All of them, in order of their number.
    pub const ALL: [ConsentOrigin; 9] = [
        ConsentOrigin::None,
        ConsentOrigin::Categories,
        ConsentOrigin::GoogleConsentMode,
        ConsentOrigin::Tcf,
        ConsentOrigin::Gpc,
        ConsentOrigin::Dnt,
        ConsentOrigin::Sdk,
        ConsentOrigin::Property,
        ConsentOrigin::Cookie,
    ];

    /// How much it counts: a browser's refusal most, then what the event itself says, then a cookie sent beside it.
    const fn rank(self) -> u8 {
        match self {
            ConsentOrigin::None => 0,
            ConsentOrigin::Cookie => 1,
            ConsentOrigin::Categories
            | ConsentOrigin::GoogleConsentMode
            | ConsentOrigin::Tcf
            | ConsentOrigin::Sdk
            | ConsentOrigin::Property => 2,
            ConsentOrigin::Gpc | ConsentOrigin::Dnt => 3,
        }
    }
}

/// What is known for each purpose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConsentStates([u8; Purpose::ALL.len()]);

impl ConsentStates {
    /// Nothing is known.
    pub const UNKNOWN: ConsentStates = ConsentStates([0; Purpose::ALL.len()]);

    /// Whether nothing is known for any purpose.
    pub const fn is_unknown(self) -> bool {
        let [a, b, c, d, e] = self.0;
        a | b | c | d | e == 0
    }

    /// The state for a purpose.
    pub const fn state(self, purpose: Purpose) -> ConsentState {
        match self.0[purpose.place()] & 3 {
            1 => ConsentState::Given,
            2 => ConsentState::Refused,
            _ => ConsentState::Unknown,
        }
    }

    /// Which signal decided about a purpose.
    pub fn origin(self, purpose: Purpose) -> ConsentOrigin {
        let number = usize::from(self.0[purpose.place()] >> 2);
        ConsentOrigin::ALL.get(number).copied().unwrap_or(ConsentOrigin::None)
    }

    /// Adds one signal. The order of signals does not matter: the higher rank wins, and among equals a refusal. *Unknown* adds nothing.
    pub fn add(&mut self, purpose: Purpose, state: ConsentState, origin: ConsentOrigin) {
        if state == ConsentState::Unknown {
            return;
        }
        let new = state as u8 | (origin as u8) << 2;
        let slot = &mut self.0[purpose.place()];
        if weight(new) > weight(*slot) {
            *slot = new;
        }
    }

    /// Adds all signals of another.
    #[inline]
    pub fn merge(&mut self, other: ConsentStates) {
        // Nearly always: most requests and most events say nothing.
        if other.is_unknown() {
            return;
        }
        for (slot, new) in self.0.iter_mut().zip(other.0) {
            if weight(new) > weight(*slot) {
                *slot = new;
            }
        }
    }

    /// The purposes that were refused, one bit each, by number.
    #[inline]
    pub fn refused(self) -> PurposeSet {
        if self.is_unknown() {
            return PurposeSet::EMPTY;
        }
        let refused = |purpose: &Purpose| self.state(*purpose) == ConsentState::Refused;
        Purpose::ALL.into_iter().filter(refused).collect()
    }

    /// What is known, for storing: the purpose, and its byte. See [`ConsentStates::read`].
    pub fn known(self) -> impl Iterator<Item = [u8; 2]> {
        Purpose::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, byte)| byte & 3 != 0)
            .map(|(purpose, byte)| [purpose as u8, byte])
    }

    /// Takes over one stored pair; `false` where it means nothing.
    pub fn read(&mut self, [number, byte]: [u8; 2]) -> bool {
        let Some(purpose) = Purpose::from_number(number) else { return false };
        let is_good = matches!(byte & 3, 1 | 2) && usize::from(byte >> 2) < ConsentOrigin::ALL.len();
        if is_good {
            self.0[purpose.place()] = byte;
        }
        is_good
    }
}

/// A total order of bytes: rank, then refusal, then the origin, so that the result never depends on the order of signals.
fn weight(byte: u8) -> (u8, u8, u8) {
    let origin = ConsentOrigin::ALL.get(usize::from(byte >> 2)).copied().unwrap_or(ConsentOrigin::None);
    (origin.rank(), byte & 3, byte >> 2)
}

/// States and origins: nothing of an event.
impl fmt::Debug for ConsentStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Purpose::ALL.into_iter().filter(|p| self.state(*p) != ConsentState::Unknown);
        f.debug_map().entries(known.map(|p| (p.name(), (self.state(p), self.origin(p))))).finish()
    }
}

/// A set of purposes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct PurposeSet(u8);

impl PurposeSet {
    /// No purpose.
    pub const EMPTY: PurposeSet = PurposeSet(0);

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has this one.
    pub const fn has(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose as u8) != 0
    }

    /// What is in both.
    pub const fn and(self, other: PurposeSet) -> PurposeSet {
        PurposeSet(self.0 & other.0)
    }

    /// What is in either.
    pub const fn or(self, other: PurposeSet) -> PurposeSet {
        PurposeSet(self.0 | other.0)
    }

    /// What is in this and not in the other.
    pub const fn without(self, other: PurposeSet) -> PurposeSet {
        PurposeSet(self.0 & !other.0)
    }

    /// The purposes.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(move |purpose| self.has(*purpose))
    }
}

impl FromIterator<Purpose> for PurposeSet {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> PurposeSet {
        PurposeSet(purposes.into_iter().fold(0, |bits, purpose| bits | 1 << purpose as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ConsentState; 3] = [ConsentState::Unknown, ConsentState::Given, ConsentState::Refused];

    fn all_signals() -> Vec<(ConsentState, ConsentOrigin)> {
        STATES.into_iter().flat_map(|s| ConsentOrigin::ALL[1..].iter().map(move |o| (s, *o))).collect()
    }

    fn after(signals: &[(ConsentState, ConsentOrigin)]) -> ConsentStates {
        let mut states = ConsentStates::UNKNOWN;
        signals.iter().for_each(|(state, origin)| states.add(Purpose::Analytics, *state, *origin));
        states
    }

    #[test]
    fn d9_the_order_of_signals_never_matters() {
        let all = all_signals();
        for a in &all {
            for b in &all {
                assert_eq!(after(&[*a, *b]), after(&[*b, *a]));
                assert_eq!(after(&[*a, *b, *a]), after(&[*a, *b]));
                for c in &all {
                    let mut merged = after(&[*a]);
                    merged.merge(after(&[*b, *c]));
                    assert_eq!(merged, after(&[*c, *a, *b]));
                }
            }
        }
    }

    #[test]
    fn d9_among_signals_of_one_rank_a_refusal_wins_and_a_browser_refusal_always_does() {
        use ConsentOrigin::{Categories, Cookie, Dnt, Gpc, Property, Tcf};
        use ConsentState::{Given, Refused, Unknown};
        let state = |signals: &[_]| after(signals).state(Purpose::Analytics);
        assert_eq!(state(&[(Given, Categories), (Refused, Tcf)]), Refused);
        assert_eq!(state(&[(Given, Property), (Refused, Cookie)]), Given, "the event outranks a cookie");
        assert_eq!(state(&[(Refused, Property), (Given, Cookie)]), Refused);
        assert_eq!(state(&[(Given, Property), (Refused, Gpc)]), Refused);
        assert_eq!(state(&[(Given, Property), (Refused, Dnt)]), Refused);
        assert_eq!(state(&[(Unknown, Gpc), (Given, Cookie)]), Given, "unknown says nothing");
        assert_eq!(state(&[]), Unknown);
        for signal in all_signals() {
            let only_refusals = after(&[(Refused, Gpc), signal]);
            assert_eq!(only_refusals.state(Purpose::Analytics), Refused);
            assert_eq!(only_refusals.state(Purpose::Advertising), Unknown, "a purpose says nothing of another one");
        }
    }

    #[test]
    fn stored_pairs_come_back_and_nothing_else_is_read() {
        for (state, origin) in all_signals() {
            let states = after(&[(state, origin)]);
            let mut back = ConsentStates::UNKNOWN;
            assert!(states.known().all(|pair| back.read(pair)));
            assert_eq!(back, states);
            assert_eq!(states.is_unknown(), state == ConsentState::Unknown);
            assert_eq!(states.refused().has(Purpose::Analytics), state == ConsentState::Refused);
        }
        for number in 0..=u8::MAX {
            for byte in 0..=u8::MAX {
                let mut states = ConsentStates::UNKNOWN;
                let good = states.read([number, byte]);
                assert_eq!(good, !states.is_unknown());
                assert_eq!(good, states.known().eq([[number, byte]]));
            }
        }
    }

    #[test]
    fn numbers_and_names_of_purposes_come_back() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_number(purpose as u8), Some(purpose));
            assert_eq!(Purpose::parse(purpose.name()), Some(purpose));
        }
        assert_eq!(Purpose::from_number(0), None);
        assert!(ConsentOrigin::ALL.iter().enumerate().all(|(i, origin)| *origin as usize == i));
    }
}
