//! With what a vendor's own tools delete what it holds: people, and fields of events. Words of ours about each, with where they are from;
//! nothing here calls anything.

/// A vendor's tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deletion {
    /// The vendor, as destinations of its type are named.
    pub vendor: &'static str,
    /// People with all of their events.
    pub people: &'static str,
    /// Fields, or whole events.
    pub fields: &'static str,
    /// Where that is from.
    pub source: &'static str,
}

/// All that are known.
pub const DELETIONS: &[Deletion] = &[
    Deletion {
        vendor: "mixpanel",
        people: "GDPR API: POST /data-deletions/v3.0/ with up to 2,000 distinct_ids; GET of the task until SUCCESS",
        fields: "one property of stored events cannot be deleted: delete its events (Data Clean-Up), or the people; hiding it in Lexicon deletes nothing",
        source: "docs.mixpanel.com, GDPR API and Data Clean-Up",
    },
    Deletion {
        vendor: "amplitude",
        people: "User Privacy API: POST /api/2/deletions/users with up to 100 ids",
        fields: "Organization settings, Self Service Data Deletion: event and user properties, of all events or of some, by time of upload; an administrator, and it cannot be taken back",
        source: "amplitude.com/docs, Self-service data deletion and User Privacy API",
    },
    Deletion {
        vendor: "posthog",
        people: "POST /api/projects/<id>/persons/bulk_delete/ with up to 1,000 ids and delete_events: true",
        fields: "one property of stored events is deleted by PostHog's support, on an instance of your own in ClickHouse; `$unset` takes one off persons only",
        source: "posthog.com/docs, Data deletion",
    },
    Deletion {
        vendor: "segment",
        people: "a regulation DELETE_ONLY or SUPPRESS_WITH_DELETE by userId; whether each connected destination follows, you have to see to",
        fields: "one field of stored events cannot be deleted: an archive setting ends it (Data retention)",
        source: "Segment, User deletion and suppression",
    },
    Deletion {
        vendor: "rudderstack",
        people: "User Suppression API with delete, by userId; RudderStack forwards it to the destinations that take it",
        fields: "RudderStack keeps events for a short time only: delete in its warehouse and destinations",
        source: "rudderstack.com/docs, User Suppression API",
    },
    Deletion {
        vendor: "ga4",
        people: "User Deletion API by client or user id",
        fields: "Admin, Data deletion requests: parameters of events, by name and time",
        source: "support.google.com/analytics, Data-deletion requests",
    },
    Deletion {
        vendor: "datadog",
        people: "none by person: by query, with the Data Deletion feature, where it is on",
        fields: "the same; else it ends with the index's retention",
        source: "docs.datadoghq.com, Data deletion",
    },
    Deletion {
        vendor: "splunk",
        people: "`| delete` hides from searches and leaves the bytes; they end with frozenTimePeriodInSecs of the index",
        fields: "the same",
        source: "help.splunk.com, Remove data from indexes",
    },
];

/// The tools of a vendor; `None` where none are known.
pub fn of(vendor: &str) -> Option<&'static Deletion> {
    DELETIONS.iter().find(|of| of.vendor == vendor)
}
