//! What may leave, and of whom: `release` and `route` of a destination, `residency`.

use super::forms::{CATEGORY, CLASS_REGION, DATE, EVENT_NAME, ID, OWNER, PROPERTY, REGION};
use super::sources::PURPOSE;
use super::{Default, Field, Kind, choice};

pub(super) static RESIDENCY: &[Field] = &[
    Field {
        name: "classes",
        kind: Kind::Map { key: &ID, key_name: "class", of: &Kind::Section(CLASS), max: 32 },
        default: Default::Value("{}"),
        doc: "Classes of countries, such as `eu: {countries: [eea, uk], only: [mixpanel_eu]}`. A country of no class is not restricted.",
    },
    Field {
        name: "unknown",
        kind: Kind::Choice(&[
            choice(
                "strictest",
                "It goes only to destinations that would take it from every country; at the others it is dropped as `region_unknown`.",
            ),
            choice(
                "hold",
                "As `strictest`, but where some countries may go it waits in the destination's quarantine, from where it can be replayed when the rules have changed. A full quarantine stops that destination.",
            ),
        ]),
        default: Default::Value("strictest"),
        doc: "What happens to an event whose country is not known. It is never sent where some country must not go. Holds for `route.countries` too.",
    },
];

static CLASS: &[Field] = &[
    Field {
        name: "countries",
        kind: Kind::List { of: &Kind::Text(&CLASS_REGION), min: 1, max: 260 },
        default: Default::Required {
            why: "the countries of the class, such as [eea, uk, CH]",
            stand_in: "[elsewhere]",
        },
        doc: "The countries of the class, as ISO codes, `eu`, `eea` and `uk`; or `elsewhere` alone: every country that no other class names. A country is in one class at most.",
    },
    Field {
        name: "only",
        kind: Kind::List { of: &Kind::Text(&ID), min: 1, max: 64 },
        default: Default::Required { why: "the only destinations that its events may reach", stand_in: "[unset]" },
        doc: "The only destinations that events from there may reach. What reaches one of them is still a matter of its own `route`.",
    },
];

pub(super) static ROUTE: &[Field] = &[
    Field {
        name: "sources",
        kind: Kind::List { of: &Kind::Text(&ID), min: 1, max: 256 },
        default: Default::Absent,
        doc: "Only events of these sources. Absent: of every source.",
    },
    Field {
        name: "events",
        kind: Kind::List { of: &Kind::Text(&EVENT_NAME), min: 1, max: 2_000 },
        default: Default::Absent,
        doc: "Only these events. Absent: every event. Operations on profiles and identities have names too, such as `$identify` and `$set`: name those that are to go there.",
    },
    Field {
        name: "except_events",
        kind: Kind::List { of: &Kind::Text(&EVENT_NAME), min: 1, max: 2_000 },
        default: Default::Absent,
        doc: "All events but these.",
    },
    Field {
        name: "countries",
        kind: Kind::List { of: &Kind::Text(&REGION), min: 1, max: 260 },
        default: Default::Absent,
        doc: "Only events from these countries, as ISO codes, `eu`, `eea` and `uk`. What is not known to be from there does not go there: see `residency.unknown`. Absent: from everywhere.",
    },
];

static ALLOWED: &[Field] = &[
    Field {
        name: "path",
        kind: Kind::Text(&PROPERTY),
        default: Default::Required { why: "the path of the property that may leave", stand_in: "unset" },
        doc: "The path of the property.",
    },
    Field {
        name: "owner",
        kind: Kind::Text(&OWNER),
        default: Default::Absent,
        doc: "Who answers for it: a team or a person, as your company writes it. For reviews; nothing is decided by it.",
    },
    Field {
        name: "until",
        kind: Kind::Text(&DATE),
        default: Default::Absent,
        doc: "The last day, in UTC, on which it leaves. After it the property is withheld as `allowance_ended`, also in a request that was waiting to be sent; `weir doctor` and `weir status` say so 14 days before. Absent: it does not end.",
    },
];

pub(super) static RELEASE: &[Field] = &[
    Field {
        name: "allow",
        kind: Kind::List { of: &Kind::Short { main: "path", of: ALLOWED }, min: 0, max: 10_000 },
        default: Default::Value("[]"),
        doc: "Properties that may leave. Event properties by their path; `profile.` and `group.<type>.` before profile properties.",
    },
    Field {
        name: "rules",
        kind: Kind::List { of: &Kind::Section(RULE), min: 0, max: 1_000 },
        default: Default::Value("[]"),
        doc: "Exceptions from `allow`, and presets. But for a preset, a rule never lets out what `allow` does not name.",
    },
];

pub(in crate::config) static RULE: &[Field] = &[
    Field {
        name: "category",
        kind: Kind::Text(&CATEGORY),
        default: Default::Absent,
        doc: "Applies to values found to be of this category or below it. Exactly one of `category`, `property`, `event`, `preset` and `consent` stands in a rule, or `sample` with or without `event`.",
    },
    Field {
        name: "property",
        kind: Kind::Text(&PROPERTY),
        default: Default::Absent,
        doc: "Applies to this property and what lies below it.",
    },
    Field { name: "event", kind: Kind::Text(&EVENT_NAME), default: Default::Absent, doc: "Applies to this event." },
    Field {
        name: "preset",
        kind: Kind::Choice(&[
            choice("utm", "The campaign properties `context.campaign.*`."),
            choice("attribution", "`utm`, the referring domain, and both as first seen. No click ids."),
            choice("device", "Versions of system and browser, make and model, language. No device name, no ids."),
            choice("app", "Name, version and build of the app."),
            choice("revenue", "Amounts, currency, quantity, product. No order ids."),
            choice("experiments", "Experiments, flags and their variants."),
        ]),
        default: Default::Absent,
        doc: "Lets out a reviewed list of properties with bounded values, in which nothing was found. Takes no action. See [presets](presets.md).",
    },
    Field {
        name: "consent",
        kind: PURPOSE,
        default: Default::Absent,
        doc: "Drops events of people who have not agreed to this purpose: `consent_refused`, or `consent_unknown` where nothing is known. A refusal also stops the person's events that still wait.",
    },
    Field {
        name: "regions",
        kind: Kind::List { of: &Kind::Text(&REGION), min: 1, max: 260 },
        default: Default::Absent,
        doc: "With `consent`: in which countries the rule holds, as ISO codes, `eu`, `eea` and `uk`. An event whose country is not known counts as inside. Absent: everywhere.",
    },
    Field {
        name: "unknown",
        kind: Kind::Choice(&[
            choice("drop", "What is not known is no yes."),
            choice("allow", "The event leaves unless consent was refused."),
        ]),
        default: Default::Absent,
        doc: "With `consent`: what happens to an event of which nothing is known. Absent: `drop`.",
    },
    Field {
        name: "sample",
        kind: Kind::Share,
        default: Default::Absent,
        doc: "Lets out a share of the events of this name, such as `{event: page_viewed, sample: 0.1}`; without `event`, of all events that have no sample of their own. The same people are in at every destination. The rest is dropped as `sampled_out` and counted.",
    },
    Field {
        name: "sample_by",
        kind: Kind::Choice(&[
            choice(
                "subject",
                "People: all events of one are in or out, profiles and identifies included. The user's id decides, else the device's, else the event's.",
            ),
            choice(
                "device",
                "Devices: what happens on one before and after somebody signs in stays together. Without a device as `subject`.",
            ),
            choice("event", "Single events. Profiles, identifies and the like are not sampled."),
        ]),
        default: Default::Absent,
        doc: "With `sample`: what is sampled. Absent: `subject`.",
    },
    Field {
        name: "action",
        kind: Kind::Choice(&[
            choice("drop", "The property does not leave; for an event, the whole event."),
            choice("pseudonymize", "The value leaves as a keyed pseudonym of this destination. For `property` only."),
        ]),
        default: Default::Value("drop"),
        doc: "What happens.",
    },
];
