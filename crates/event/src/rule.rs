//! The named rules by which an event or a field may be dropped or withheld. Every count and every field set names one (D11).

/// The stored number goes into journal groups and ledger entries: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Rule {
    /// Not on the destination's allow list: the default.
    NotAllowed = 1,
    /// A rule of the destination by category.
    Category = 2,
    /// A rule of the destination by property.
    Property = 3,
    /// A rule of the destination by event.
    Event = 4,
    /// Personal data, secret or free text, gone before the journal.
    Minimised = 5,
    /// A property key that is not a clean name, or one over the limit of distinct paths (D1).
    PathUnclean = 6,
    /// An event name that is not a clean name, or one over the limit of distinct names (D1).
    EventNameUnclean = 7,
    /// The same SDK id within the dedup window (D5).
    Duplicate = 8,
    /// No destination takes this event's environment or source.
    NoDestination = 9,
    /// Older than the vendor accepts (D4).
    TooOld = 10,
    /// The destination has ended (D11).
    Ended = 11,
    /// Waited longer than the lag limit (D12).
    Expired = 12,
    /// A profile operation that release left empty (D7).
    EmptyProfile = 13,
    /// Two ids in different epochs (D7).
    LinkAcrossEpochs = 14,
    /// A session recording: accepted, dropped, counted (D17).
    SessionReplay = 15,
    /// The source is in mode `tap`: nothing is delivered.
    Tap = 16,
    /// Too large for one journal record or for the vendor.
    TooLarge = 17,
    /// Thrown away by an operator from quarantine.
    Discarded = 18,
    /// Kept in quarantine or hold until its time was over.
    HoldExpired = 19,
    /// Rejected by the vendor as invalid; kept in quarantine.
    Rejected = 20,
    /// A stage failed on this event (D10); kept in the raw hold.
    StageFailed = 21,
    /// An old-to-new link, not asked for (D7).
    LinkNotReleased = 22,
    /// The vendor has no equivalent of this operation.
    NoEquivalent = 23,
    /// Malformed inside an otherwise readable batch.
    Malformed = 24,
    /// Nesting, properties or leaves over the limit.
    OverLimit = 25,
    /// A raw identifier that looks like an e-mail address or a phone number, without `confirm_category` (D8).
    UnconfirmedIdentifier = 26,
    /// The destination is `raw`, and this event's raw ids were not kept or their day's key is gone (D8: not retroactive).
    RawIdNotKept = 27,
    /// A call that is no event: an SDK's own metrics, logs and diagnostics. Accepted, dropped, counted.
    NotCarried = 28,
    /// Consent for a purpose that the destination asks for was refused, or withdrawn while the event waited.
    ConsentRefused = 29,
    /// Nothing is known of consent for a purpose that the destination asks for.
    ConsentUnknown = 30,
    /// The destination's route does not take it: another source, event or country.
    RoutedElsewhere = 31,
    /// Outside the sample that the destination takes.
    SampledOut = 32,
    /// The subject's residency class does not admit the destination.
    Residency = 33,
    /// Nothing is known of the subject's region, and a residency class might not admit the destination.
    RegionUnknown = 34,
    /// The entry of the allow list that let it leave has ended: its `until` is over.
    AllowanceEnded = 35,
    /// A policy that is being rolled out would not release it, the one before would: kept in quarantine until one of them holds for all.
    Rollout = 36,
}

impl Rule {
    /// Every rule, in order of its number.
    pub const ALL: [Rule; 36] = {
        use Rule::*;
        [
            NotAllowed,
            Category,
            Property,
            Event,
            Minimised,
            PathUnclean,
            EventNameUnclean,
            Duplicate,
            NoDestination,
            TooOld,
            Ended,
            Expired,
            EmptyProfile,
            LinkAcrossEpochs,
            SessionReplay,
            Tap,
            TooLarge,
            Discarded,
            HoldExpired,
            Rejected,
            StageFailed,
            LinkNotReleased,
            NoEquivalent,
            Malformed,
            OverLimit,
            UnconfirmedIdentifier,
            RawIdNotKept,
            NotCarried,
            ConsentRefused,
            ConsentUnknown,
            RoutedElsewhere,
            SampledOut,
            Residency,
            RegionUnknown,
            AllowanceEnded,
            Rollout,
        ]
    };

    /// The name in metrics, ledger and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::NotAllowed => "not_allowed",
            Rule::Category => "category",
            Rule::Property => "property",
            Rule::Event => "event",
            Rule::Minimised => "minimised",
            Rule::PathUnclean => "path_unclean",
            Rule::EventNameUnclean => "event_name_unclean",
            Rule::Duplicate => "duplicate",
            Rule::NoDestination => "no_destination",
            Rule::TooOld => "too_old",
            Rule::Ended => "ended",
            Rule::Expired => "expired",
            Rule::EmptyProfile => "empty_profile",
            Rule::LinkAcrossEpochs => "link_across_epochs",
            Rule::SessionReplay => "session_replay",
            Rule::Tap => "tap",
            Rule::TooLarge => "too_large",
            Rule::Discarded => "discarded",
            Rule::HoldExpired => "hold_expired",
            Rule::Rejected => "rejected",
            Rule::StageFailed => "stage_failed",
            Rule::LinkNotReleased => "link_not_released",
            Rule::NoEquivalent => "no_equivalent",
            Rule::Malformed => "malformed",
            Rule::OverLimit => "over_limit",
            Rule::UnconfirmedIdentifier => "unconfirmed_identifier",
            Rule::RawIdNotKept => "raw_id_not_kept",
            Rule::NotCarried => "not_carried",
            Rule::ConsentRefused => "consent_refused",
            Rule::ConsentUnknown => "consent_unknown",
            Rule::RoutedElsewhere => "routed_elsewhere",
            Rule::SampledOut => "sampled_out",
            Rule::Residency => "residency",
            Rule::RegionUnknown => "region_unknown",
            Rule::AllowanceEnded => "allowance_ended",
            Rule::Rollout => "rollout",
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Rule> {
        Rule::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places_agree_and_names_are_distinct() {
        let mut names: Vec<_> = Rule::ALL.iter().map(|r| r.name()).collect();
        for rule in Rule::ALL {
            assert_eq!(Rule::from_number(rule as u8), Some(rule));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
