//! What the vendors' built-in reports need, and what Weir sends of it: by default, with a preset, where a path is allowed, or never.
//!
//! Data; `tests/parity.rs` holds each line against what the encoders write, and writes `docs/parity.md` from it. A vendor's list names
//! the fields that its own SDKs fill for the report; a report of events a company names itself needs the fields that it allows.

use crate::parity::Sent::{Allow, Always, Never, Preset};

/// A built-in report of a vendor.
#[derive(Debug)]
pub struct Report {
    /// What it answers.
    pub name: &'static str,
    /// The fields that it is made of.
    pub fields: &'static [Field],
}

/// A field of a report.
#[derive(Debug)]
pub struct Field {
    /// Its name in the request to the vendor; keys joined by `/` where it is nested.
    pub key: &'static str,
    /// What an SDK calls it, where that differs.
    pub given: &'static str,
    /// Whether Weir sends it.
    pub sent: Sent,
}

/// Whether Weir sends a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// To every destination.
    Always,
    /// With this preset.
    Preset(&'static str),
    /// Where this path is on the allow list.
    Allow(&'static str),
    /// Not at all, for this reason.
    Never(&'static str),
}

const fn field(key: &'static str, sent: Sent) -> Field {
    Field { key, given: key, sent }
}

const fn named(key: &'static str, given: &'static str, sent: Sent) -> Field {
    Field { key, given, sent }
}

const ADDRESS: Sent = Never("the full address stays; the country is looked up at the gate on the truncated one (D18)");
/// The reports by vendor, the vendors in the order of the page.
pub const VENDORS: &[(&str, &[Report])] = &[
    (
        "mixpanel",
        &[
            Report {
                name: "Geography",
                fields: &[
                    named("mp_country_code", "", Always),
                    field("$region", Allow("context.location.region")),
                    field("$city", Allow("context.location.city")),
                    field("ip", ADDRESS),
                ],
            },
            Report {
                name: "Attribution",
                fields: &[
                    field("utm_source", Preset("attribution")),
                    field("utm_medium", Preset("attribution")),
                    field("utm_campaign", Preset("attribution")),
                    field("utm_term", Preset("attribution")),
                    field("utm_content", Preset("attribution")),
                    field("$referring_domain", Preset("attribution")),
                    field("$initial_referring_domain", Preset("attribution")),
                    field("gclid", Allow("context.click.gclid")),
                    field("$referrer", Allow("context.page.referrer")),
                ],
            },
            Report {
                name: "Device and platform",
                fields: &[
                    field("$os", Always),
                    field("$browser", Always),
                    field("$browser_version", Preset("device")),
                    field("$os_version", Preset("device")),
                    field("$model", Preset("device")),
                    field("$manufacturer", Preset("device")),
                    field("$brand", Preset("device")),
                    field("$screen_width", Allow("context.screen.width")),
                ],
            },
            Report {
                name: "App version",
                fields: &[field("$app_version_string", Preset("app")), field("$app_build_number", Preset("app"))],
            },
            Report {
                name: "Pages",
                fields: &[
                    field("$current_url", Allow("context.page.url")),
                    field("current_page_title", Allow("context.page.title")),
                ],
            },
            Report {
                name: "Revenue",
                fields: &[field("revenue", Preset("revenue")), field("currency", Preset("revenue"))],
            },
            Report {
                name: "Experiments",
                fields: &[
                    field("Experiment name", Preset("experiments")),
                    field("Variant name", Preset("experiments")),
                ],
            },
            Report {
                name: "Retention, funnels, cohorts",
                fields: &[field("distinct_id", Always), field("time", Always), field("$insert_id", Always)],
            },
        ],
    ),
    (
        "amplitude",
        &[
            Report {
                name: "Geography",
                fields: &[
                    named("country", "", Always),
                    field("region", Allow("context.location.region")),
                    field("city", Allow("context.location.city")),
                    field("dma", Allow("context.location.dma")),
                ],
            },
            Report {
                name: "Attribution",
                fields: &[
                    field("utm_source", Preset("attribution")),
                    field("utm_campaign", Preset("attribution")),
                    field("referring_domain", Preset("attribution")),
                    field("gclid", Allow("context.click.gclid")),
                    field("referrer", Allow("context.page.referrer")),
                ],
            },
            Report {
                name: "Device and platform",
                fields: &[
                    field("os_name", Always),
                    field("os_version", Preset("device")),
                    field("device_model", Preset("device")),
                    field("device_brand", Preset("device")),
                    field("device_manufacturer", Preset("device")),
                    field("platform", Preset("device")),
                    field("language", Preset("device")),
                    field("carrier", Allow("context.network.carrier")),
                ],
            },
            Report { name: "App version", fields: &[field("app_version", Preset("app"))] },
            Report {
                name: "Revenue (LTV)",
                fields: &[
                    field("revenue", Preset("revenue")),
                    field("price", Preset("revenue")),
                    field("quantity", Preset("revenue")),
                    field("productId", Preset("revenue")),
                ],
            },
            Report { name: "Sessions", fields: &[field("session_id", Allow("context.session_id"))] },
            Report {
                name: "Experiments",
                fields: &[field("flag_key", Preset("experiments")), field("variant", Preset("experiments"))],
            },
            Report {
                name: "Retention, funnels, cohorts",
                fields: &[field("user_id", Always), field("time", Always), field("insert_id", Always)],
            },
        ],
    ),
    (
        "posthog",
        &[
            Report {
                name: "Geography",
                fields: &[
                    named("$geoip_country_code", "", Always),
                    field("$geoip_city_name", Allow("context.location.city")),
                    field("$ip", ADDRESS),
                ],
            },
            Report {
                name: "Web analytics: attribution",
                fields: &[
                    field("utm_source", Preset("attribution")),
                    field("utm_medium", Preset("attribution")),
                    field("utm_campaign", Preset("attribution")),
                    field("$referring_domain", Preset("attribution")),
                    field("gclid", Allow("context.click.gclid")),
                    field("$referrer", Allow("context.page.referrer")),
                ],
            },
            Report {
                name: "Web analytics: pages",
                fields: &[
                    field("$current_url", Allow("context.page.url")),
                    field("$pathname", Allow("context.page.path")),
                    field("$host", Allow("context.page.domain")),
                ],
            },
            Report { name: "Web analytics: sessions", fields: &[field("$session_id", Allow("context.session_id"))] },
            Report {
                name: "Device and platform",
                fields: &[
                    field("$os", Always),
                    field("$browser", Always),
                    field("$browser_version", Preset("device")),
                    field("$os_version", Preset("device")),
                    field("$device_type", Preset("device")),
                    field("$device_model", Preset("device")),
                    field("$device_manufacturer", Preset("device")),
                ],
            },
            Report {
                name: "App version",
                fields: &[field("$app_version", Preset("app")), field("$app_build", Preset("app"))],
            },
            Report {
                name: "Revenue",
                fields: &[field("revenue", Preset("revenue")), field("currency", Preset("revenue"))],
            },
            Report {
                name: "Experiments and flags",
                fields: &[
                    field("$feature_flag", Preset("experiments")),
                    field("$feature_flag_response", Preset("experiments")),
                    field("$feature/checkout", Preset("experiments")),
                ],
            },
            Report {
                name: "Retention, funnels, cohorts",
                fields: &[field("distinct_id", Always), field("timestamp", Always), field("uuid", Always)],
            },
        ],
    ),
    (
        "ga4",
        &[
            Report { name: "Geography", fields: &[named("user_location/country_id", "", Always)] },
            Report {
                name: "Acquisition",
                fields: &[
                    named("source", "context/campaign/source", Preset("attribution")),
                    named("medium", "context/campaign/medium", Preset("attribution")),
                    named("campaign", "context/campaign/name", Preset("attribution")),
                    named("page_referrer", "context/page/referrer", Allow("context.page.referrer")),
                ],
            },
            Report {
                name: "Pages and screens",
                fields: &[
                    named("page_location", "context/page/url", Allow("context.page.url")),
                    named("page_title", "context/page/title", Allow("context.page.title")),
                ],
            },
            Report { name: "Tech: language", fields: &[named("language", "context/locale", Preset("device"))] },
            Report {
                name: "Monetization",
                fields: &[
                    named("currency", "properties/currency", Preset("revenue")),
                    named("value", "properties/value", Allow("value")),
                ],
            },
            Report {
                name: "Retention, funnels, audiences",
                fields: &[
                    named("client_id", "userId", Always),
                    named("user_id", "userId", Always),
                    named("timestamp_micros", "timestamp", Always),
                ],
            },
        ],
    ),
    ("segment", SEGMENT),
    ("rudderstack", SEGMENT),
];

/// Segment and RudderStack have no reports of their own; their destinations read these.
const SEGMENT: &[Report] = &[
    Report {
        name: "Geography",
        fields: &[
            named("context/location/country", "", Always),
            field("context/location/city", Allow("context.location.city")),
            field("context/ip", ADDRESS),
        ],
    },
    Report {
        name: "Attribution",
        fields: &[
            field("context/campaign/source", Preset("attribution")),
            field("context/campaign/medium", Preset("attribution")),
            field("context/campaign/name", Preset("attribution")),
            field("context/page/referrer", Allow("context.page.referrer")),
        ],
    },
    Report {
        name: "Device and platform",
        fields: &[
            field("context/os/name", Always),
            field("context/os/version", Preset("device")),
            field("context/device/model", Preset("device")),
            field("context/device/manufacturer", Preset("device")),
            field("context/device/type", Preset("device")),
            field("context/locale", Preset("device")),
            field("context/userAgent", Allow("context.user_agent")),
        ],
    },
    Report {
        name: "App version",
        fields: &[field("context/app/version", Preset("app")), field("context/app/build", Preset("app"))],
    },
    Report {
        name: "Revenue",
        fields: &[
            field("properties/revenue", Preset("revenue")),
            field("properties/currency", Preset("revenue")),
            field("properties/product_id", Preset("revenue")),
            field("properties/order_id", Allow("order_id")),
        ],
    },
    Report {
        name: "Experiments",
        fields: &[
            field("properties/experiment_name", Preset("experiments")),
            field("properties/variation_name", Preset("experiments")),
        ],
    },
    Report {
        name: "Pages",
        fields: &[
            field("context/page/url", Allow("context.page.url")),
            field("context/page/title", Allow("context.page.title")),
        ],
    },
    Report {
        name: "Retention, funnels, cohorts",
        fields: &[field("userId", Always), field("timestamp", Always), field("messageId", Always)],
    },
];
