//! Names that Google takes, made of any, and those that are its own.

/// Characters of a name of an event or a parameter.
pub(super) const NAME_MAX: usize = 40;
/// Characters of a name of a user property.
pub(super) const USER_NAME_MAX: usize = 24;
/// Characters of a value of a parameter.
pub(super) const VALUE_CHARS_MAX: usize = 100;

/// Parameters with a meaning, by canonical path: (path, parameter, characters of its value).
pub(super) const PARAMS: &[(&str, &str, usize)] = &[
    ("context.page.url", "page_location", 1_000),
    ("context.page.referrer", "page_referrer", 420),
    ("context.page.title", "page_title", 300),
    ("context.session_id", "session_id", VALUE_CHARS_MAX),
    ("context.locale", "language", VALUE_CHARS_MAX),
    ("context.campaign.source", "source", VALUE_CHARS_MAX),
    ("context.campaign.medium", "medium", VALUE_CHARS_MAX),
    ("context.campaign.name", "campaign", VALUE_CHARS_MAX),
    ("context.campaign.term", "term", VALUE_CHARS_MAX),
    ("context.campaign.content", "content", VALUE_CHARS_MAX),
    ("context.campaign.id", "campaign_id", VALUE_CHARS_MAX),
    ("context.revenue.amount", "value", VALUE_CHARS_MAX),
    ("context.revenue.currency", "currency", VALUE_CHARS_MAX),
];

/// Those that properties of the event's own may be too: what an order is worth is a property in many apps.
const MONEY: &[&str] = &["value", "currency"];

/// Names of events that are Google's own. Source: "Reserved event names" of the reference, and "Event naming rules".
pub(super) const RESERVED_EVENTS: &[&str] = &[
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_background",
    "app_clear_data",
    "app_exception",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_renew",
    "app_update",
    "app_upgrade",
    "click",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "file_download",
    "firebase_campaign",
    "firebase_in_app_message_action",
    "firebase_in_app_message_dismiss",
    "firebase_in_app_message_impression",
    "first_open",
    "first_visit",
    "form_start",
    "form_submit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "notification_send",
    "os_update",
    "page_view",
    "screen_view",
    "scroll",
    "session_start",
    "session_start_with_rollout",
    "user_engagement",
    "video_complete",
    "video_progress",
    "video_start",
    "view_complete",
    "view_search_results",
];
/// Parameters that a property of the event's own may not pose as: Google's reserved ones, and those that we write.
pub(super) const RESERVED_PARAMS: &[&str] = &[
    "cid",
    "customer_id",
    "customerid",
    "dclid",
    "engagement_time_msec",
    "firebase_conversion",
    "gclid",
    "insert_id",
    "session_id",
    "session_number",
    "sessionid",
    "sfmc_id",
    "sid",
    "srsltid",
    "timestamp_micros",
    "uid",
    "user_id",
    "userid",
];
/// Names of user properties that are Google's own.
pub(super) const RESERVED_USER: &[&str] = &[
    "cid",
    "customer_id",
    "customerid",
    "first_open_after_install",
    "first_open_time",
    "first_visit_time",
    "last_advertising_id_reset",
    "last_deep_link_referrer",
    "last_gclid",
    "lifetime_user_engagement",
    "non_personalized_ads",
    "session_id",
    "session_number",
    "sessionid",
    "sfmc_id",
    "sid",
    "uid",
    "user_id",
    "userid",
];
const RESERVED_PREFIXES: &[&str] = &["_", "firebase_", "ga_", "google_", "gtag", "query_id"];

/// The name of a parameter that is not one of [`PARAMS`], flattened where it stood below others. What means something to Google stays
/// apart, whichever way a name came to be the same: `page: {title}` is no title of a page.
pub(super) fn own_param(name: &str) -> String {
    let plain = name.replace(' ', "_");
    let has_meaning = PARAMS.iter().any(|(_, known, _)| *known == plain) && !MONEY.contains(&plain.as_str());
    if has_meaning || RESERVED_PARAMS.contains(&plain.as_str()) {
        name_of(&format!("property_{name}"), NAME_MAX, RESERVED_PARAMS)
    } else {
        name_of(name, NAME_MAX, RESERVED_PARAMS)
    }
}

/// A name that Google takes, see the top of this file.
pub(super) fn name_of(name: &str, max: usize, reserved: &[&str]) -> String {
    let mut made: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut is_exact = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    // Blanks for `_` are what people expect; a name that has both is kept apart from its fellow.
    is_exact &= !(name.contains(' ') && name.contains('_'));
    let is_theirs = |made: &str| {
        let lower = made.to_ascii_lowercase();
        reserved.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
    };
    if !made.starts_with(|c: char| c.is_ascii_alphabetic()) || is_theirs(&made) {
        made = format!("e_{made}");
        is_exact = false;
    }
    if is_exact && made.len() <= max {
        return made;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    made.truncate(max - 7);
    format!("{made}_{}", weir_event::ids::hex(&digest.as_ref()[..3]))
}
