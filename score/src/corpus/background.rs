//! What analytics events hold besides: four vendors' shapes of an event, and values that look like personal data and are not.

use super::numbers::{ean, order};
use super::people::Person;
use super::{Leaf, people, secrets, text};
use crate::random::{ALNUM, DIGITS, LOWER_DIGITS, LOWER_HEX, Random, UPPER};

/// Whose SDK an event looks as if it came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    Mixpanel,
    Segment,
    Amplitude,
    PostHog,
}

impl Vendor {
    pub(crate) const ALL: [Vendor; 4] = [Vendor::Mixpanel, Vendor::Segment, Vendor::Amplitude, Vendor::PostHog];

    /// Where an event's own properties lie.
    pub(crate) fn properties(self) -> &'static str {
        match self {
            Vendor::Amplitude => "event_properties",
            _ => "properties",
        }
    }
}

/// Who the events of one session are of.
pub(crate) struct Session {
    device: String,
    session: String,
    user: String,
}

impl Session {
    pub(crate) fn new(r: &mut Random) -> Session {
        let user = if r.chance(50.0) { r.uuid() } else { format!("user_{}", r.text(LOWER_DIGITS, 12)) };
        Session { device: r.uuid(), session: r.text(LOWER_HEX, 32), user }
    }
}

const EVENTS: &str = "Page Viewed|Button Clicked|Order Completed|Product Viewed|Sign Up Started|api_key_created|$pageview|$autocapture|Checkout Step Viewed|Search Performed|Video Played|playground_run|Plan Upgraded|Invite Sent|Error Shown|Experiment Viewed|[Amplitude] Page Viewed";
const BROWSERS: &str = "Chrome|Safari|Firefox|Edge|Mobile Safari|Samsung Internet";
const SYSTEMS: &str = "Mac OS X|Windows|iOS|Android|Linux|Chrome OS";
const AGENTS: &str = "Macintosh; Intel Mac OS X 10_15_7|Windows NT 10.0; Win64; x64|X11; Linux x86_64|iPhone; CPU iPhone OS 17_4 like Mac OS X|Linux; Android 14; Pixel 8";

fn path(r: &mut Random) -> String {
    match r.below(10) {
        0 => format!("/orders/{}", r.between(1_000, 9_999_999)),
        1 => format!("/p/{}-{}", r.word("blue-shoe|usb-c-cable|desk-lamp"), r.text(DIGITS, 5)),
        2 => format!("/u/{}/reports", r.text(LOWER_HEX, 8)),
        3 => format!("/blog/{}", r.word("how-to-build-a-funnel|2026-in-review|10-best-standing-desks")),
        4 => format!("/files/{}/download", r.text(LOWER_HEX, 40)),
        _ => r.word("/|/pricing|/docs/quickstart|/dashboard|/settings/billing|/playground|/de/preise").to_owned(),
    }
}

fn url(r: &mut Random, path: &str) -> String {
    let query = match r.below(6) {
        0 | 1 => format!(
            "?utm_source={}&utm_medium=cpc&utm_campaign={}-{}",
            r.word("google|x|newsletter"),
            r.word("spring|q4|launch"),
            r.between(1, 40)
        ),
        2 => format!("?page={}&sort=price_asc&filter=color%3Ablue%20size%3A42", r.between(1, 30)),
        _ => String::new(),
    };
    format!("https://app.example.com{path}{query}")
}

fn agent(r: &mut Random, major: i64) -> String {
    let chrome = format!("{major}.0.{}.{}", r.between(4_000, 6_999), r.between(10, 255));
    format!("Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome} Safari/537.36", r.word(AGENTS))
}

fn iso(r: &mut Random) -> String {
    let (month, day) = (r.between(1, 12), r.between(1, 28));
    let (hour, minute, second, milli) = (r.between(0, 23), r.between(0, 59), r.between(0, 59), r.between(0, 999));
    format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The leaves that an SDK adds by itself.
pub(crate) fn event(r: &mut Random, vendor: Vendor, session: &Session, out: &mut Vec<Leaf>) {
    let (page, major) = (path(r), r.between(96, 140));
    let version = if r.chance(8.0) {
        format!("{major}.0.{}.{}", r.between(4_000, 6_999), r.between(10, 255))
    } else {
        major.to_string()
    };
    let system = format!("{}.{}.{}", r.between(10, 17), r.between(0, 15), r.between(0, 9));
    let time = 1_760_000_000 + r.between(0, 30_000_000);
    let mut add = |leaf: Leaf| out.push(leaf);
    match vendor {
        Vendor::Mixpanel | Vendor::PostHog => {
            add(Leaf::text("event", r.word(EVENTS)));
            add(Leaf::text("properties.distinct_id", &session.device).labelled("uuid"));
            add(Leaf::text("properties.$device_id", &session.device).labelled("uuid"));
            add(Leaf::text("properties.$insert_id", r.text(LOWER_DIGITS, 16)));
            add(Leaf::number("properties.time", time));
            add(Leaf::text("properties.$browser", r.word(BROWSERS)));
            add(Leaf::text("properties.$browser_version", version));
            add(Leaf::text("properties.$os", r.word(SYSTEMS)));
            add(Leaf::text("properties.$os_version", system));
            add(Leaf::text("properties.$current_url", url(r, &page)).maybe("browsing_history"));
            add(Leaf::text("properties.$pathname", &page).maybe("browsing_history"));
            add(Leaf::text("properties.$host", "app.example.com"));
            add(Leaf::text("properties.$referrer", r.word("https://www.google.com/|$direct|https://news.example.org/item?id=8837264|https://app.example.com/dashboard")).maybe("browsing_history"));
            add(Leaf::number("properties.$screen_width", r.pick(&[1440, 1920, 390, 412, 2560])));
            add(Leaf::number("properties.$screen_height", r.pick(&[900, 1080, 844, 915, 1440])));
            add(Leaf::text("properties.$lib", "web"));
            add(Leaf::text("properties.$lib_version", format!("1.{}.{}", r.between(100, 290), r.between(0, 9))));
            add(Leaf::text("properties.$session_id", &session.session).maybe("unique_id"));
        }
        Vendor::Segment => {
            add(Leaf::text("type", "track"));
            add(Leaf::text("event", r.word(EVENTS)));
            add(Leaf::text("anonymousId", &session.device).labelled("uuid"));
            add(Leaf::text("messageId", format!("ajs-next-{time}{}-{}", r.text(DIGITS, 3), r.uuid())).maybe("uuid"));
            add(Leaf::text("timestamp", iso(r)));
            add(Leaf::text("context.page.url", url(r, &page)).maybe("browsing_history"));
            add(Leaf::text("context.page.path", &page).maybe("browsing_history"));
            add(Leaf::text("context.page.title", pick_text(r, text::TITLES)));
            add(Leaf::text("context.library.name", "analytics.js"));
            add(Leaf::text("context.library.version", format!("npm:next-1.{}.{}", r.between(1, 90), r.between(0, 9))));
            add(Leaf::text("context.userAgent", agent(r, major)));
            add(Leaf::text("context.userAgentData.platform", r.word(SYSTEMS)));
            add(Leaf::text("context.os.name", r.word(SYSTEMS)));
            add(Leaf::text("context.os.version", system));
            add(Leaf::text("context.device.model", r.word("iPhone15,3|Pixel 8|SM-S918B")));
            add(Leaf::number("context.screen.width", r.pick(&[1440, 1920, 390, 412, 2560])));
        }
        Vendor::Amplitude => {
            add(Leaf::text("event_type", r.word(EVENTS)));
            add(Leaf::text("device_id", &session.device).labelled("uuid"));
            add(Leaf::text("user_id", &session.user).labelled("unique_id").maybe("uuid"));
            add(Leaf::text("insert_id", r.uuid()).labelled("uuid"));
            add(Leaf::number("time", format!("{time}{}", r.text(DIGITS, 3))));
            add(Leaf::number("session_id", format!("{time}{}", r.text(DIGITS, 3))));
            add(Leaf::text("library", format!("amplitude-ts/2.{}.{}", r.between(1, 20), r.between(0, 9))));
            add(Leaf::text("os_name", r.word(SYSTEMS)));
            add(Leaf::text("os_version", system));
            add(Leaf::text("device_model", r.word("iPhone15,3|Pixel 8|SM-S918B")));
            add(Leaf::text("platform", r.word("Web|iOS|Android")));
            add(Leaf::text("language", r.word("en-US|de-DE")).maybe("language"));
            add(Leaf::text("user_agent", agent(r, major)));
            add(Leaf::text("event_properties.[Amplitude] Page Path", &page).maybe("browsing_history"));
            add(Leaf::text("event_properties.[Amplitude] Page Title", pick_text(r, text::TITLES)));
            add(Leaf::text("event_properties.[Amplitude] Page URL", url(r, &page)).maybe("browsing_history"));
        }
    }
    let at = vendor.properties();
    add(Leaf::text(format!("{at}.locale"), r.word("en-US|de-DE|fr-FR|pt-BR|ja-JP")).maybe("language"));
    add(Leaf::text(format!("{at}.timezone"), r.word("America/New_York|Europe/Berlin|Asia/Tokyo"))
        .maybe("place_imprecise"));
    if r.chance(60.0) {
        add(Leaf::text(format!("{at}.user_agent"), agent(r, major)));
    }
    for _ in 0..r.between(5, 11) {
        let leaf = own(r, at);
        add(leaf);
    }
}

fn pick_text<'a>(r: &mut Random, list: &'a str) -> &'a str {
    let n = list.split(';').count();
    let at = r.below(n);
    list.split(';').nth(at).unwrap_or_default()
}

/// A property of the product's own: clean, and often a hard negative.
fn own(r: &mut Random, at: &str) -> Leaf {
    let leaf = |key: &str, value: String| Leaf::text(format!("{at}.{key}"), value);
    let number = |key: &str, value: String| Leaf::number(format!("{at}.{key}"), value);
    match r.below(56) {
        0 => leaf("plan", r.word("free|pro|team|enterprise").into()),
        1 => leaf("org_id", format!("org-{}", r.text(ALNUM, 24))).maybe("unique_id"),
        2 | 3 => leaf(r.word("button_text|cta_label|$el_text|link_text"), pick_text(r, text::LABELS).into()),
        4 | 5 => leaf(r.word("page_title|title|$title|screen_name"), pick_text(r, text::TITLES).into()),
        6 => leaf("experiment.variant", r.word("control|treatment_b").into()),
        7 => leaf("product.sku", format!("{}-{}-{}", r.text(UPPER, 3), r.between(1_000, 99_999), r.word("BLK|RED|XL"))),
        8 => number("price", format!("{}.{:02}", r.between(1, 400), r.between(0, 99))),
        9 => leaf("currency", r.word("USD|EUR|JPY").into()),
        10 => number("duration_ms", r.between(1, 90_000).to_string()),
        11 => leaf(r.word("trace|traceparent|trace_context"), format!("00-{}-{}-01", r.text(LOWER_HEX, 32), r.text(LOWER_HEX, 16))),
        12 => leaf(r.word("git_sha|commit|build.revision"), { let n = *r.pick(&[40, 40, 7, 12]); r.text(LOWER_HEX, n) }),
        13 => leaf(r.word("order_id|order.number|invoice_number|transaction_id"), order(r)).maybe("unique_id"),
        14 => leaf("ts_ns", (1_760_000_000_000_000_000 + r.between(0, 10_000_000_000_000_000)).to_string()),
        15 | 16 => leaf(r.word("selector|$el_selector|css_path"), pick_text(r, text::SELECTORS).into()),
        17 | 18 => leaf(r.word("asset|image_url|src|package|thumbnail"), pick_text(r, text::ASSETS).into()),
        19 => leaf("tags.*", r.word("beta|power-user|churn-risk|smb").into()),
        20 => leaf(r.word("iso_time|created_at|updated_at|started"), iso(r)),
        21 => leaf("cohort", format!("week_{}", r.between(1, 52))),
        22 | 23 => leaf(r.word("error_message|error|exception.type|failure"), pick_text(r, text::ERRORS).into()).maybe("free_text"),
        24 => leaf(r.word("search_query|q|search_term"), r.word(&text::QUERIES.replace(';', "|")).into()).maybe("search_history").maybe("free_text"),
        25 => Leaf::boolean(format!("{at}.{}", r.word("is_mobile|email_verified|has_phone|address_confirmed|name_changed")), r.chance(50.0)),
        26 => leaf(r.word("app_build|build|build_number"), r.between(100_000_000, 999_999_999).to_string()),
        27 => leaf("model", r.word("gpt-x-mini|large-2|text-embed-3|llama-3.1-70b-instruct").into()),
        28 | 29 => leaf(r.word("sem_range|app_version|min_version|schema|engine"), pick_text(r, text::VERSIONS).into()),
        30 => leaf("coupon", format!("{}{}", r.text(UPPER, 4), r.text(DIGITS, 4))),
        31 => leaf("size", format!("{}:{}", r.between(1, 40), r.between(1, 20))),
        32 => leaf(r.word("request_id|correlation_id|x_request_id"), r.uuid()).labelled("uuid"),
        33 => leaf(r.word("ean|isbn|gtin|barcode"), ean(r)),
        34 => {
            let shape = r.word("1Z000AA00000000000|000000000000|JD000000000000000000|RR000000000DE");
            // Only its zeros vary: the letters are the carrier's.
            let value = shape.chars().map(|c| if c == '0' { char::from(*r.pick(DIGITS)) } else { c }).collect();
            leaf(r.word("tracking_number|shipment_ref|parcel"), value)
        }
        35 => leaf(r.word("palette|color|theme.colors"), pick_text(r, text::COLORS).into()),
        36 => leaf(r.word("weights|embedding|vector|scores"), { let n = r.between(3, 12); (0..n).map(|_| format!("{}0.{}", r.word("|-"), r.text(DIGITS, 8))).collect::<Vec<_>>().join(",") }),
        37 => leaf(r.word("hex_id|object_id|ref|node"), { let n = *r.pick(&[16, 24, 24, 12]); r.text(LOWER_HEX, n) }).maybe("unique_id"),
        38 => {
            let value = match r.below(3) {
                0 => r.text(LOWER_HEX, 32),
                1 => format!("sha256-{}=", r.text(ALNUM, 43)),
                _ => format!("W/\"{}\"", r.text(LOWER_HEX, 27)),
            };
            leaf(r.word("checksum|etag|digest|integrity"), value)
        }
        39 => leaf(r.word("product_name|item.name|items.*.name"), pick_text(r, text::PRODUCTS).into()),
        40 => leaf(r.word("category|breadcrumb|nav_path"), pick_text(r, text::BREADCRUMBS).into()),
        41 => leaf(r.word("email_status|phone_type|address_type|name_length|card_brand|ip_version|token_count"), r.word("verified|mobile|home|12|visa|4|128").into()),
        42 => number(r.word("big_number|bytes|row_id|cursor"), r.between(1_000_000_000, 99_999_999_999_999).to_string()),
        43 => leaf(r.word("ratio|aspect|score"), format!("{}.{}", r.between(0, 1), r.text(DIGITS, 15))),
        44 => leaf(r.word("time_range|window|hours"), r.word("09:00:00-17:30:00|12:34:56|00:15|2026-11-01/2026-11-30|1760000000-1760086400").into()),
        45 => leaf(r.word("listen|upstream|host"), r.word("127.0.0.1:5432|localhost:3000|0.0.0.0:8080|::1|db.internal:6379").into()),
        46 => leaf(r.word("phone_model|device_name_class|mobile_os"), r.word("Pixel 8 Pro|Galaxy S23|Xperia 1 V|iPhone 15").into()),
        47 => leaf(r.word("class_name|css|widget"), r.word("sk-loading-spinner-wrapper|btn-primary-large|xl:mt-4 md:flex|key-value-table--striped|hf_container_wide|SKButtonPrimaryLarge").into()),
        48 => leaf(r.word("file|filename|upload.name"), r.word("report-2026-11-22.pdf|IMG_20261122_101500.jpg|export (3).csv|invoice_4711028.pdf|Screenshot 2026-11-22 at 10.15.00.png").into()),
        49 => leaf(r.word("ulid|event_key|ksuid"), format!("01J{}", r.text(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23))).maybe("unique_id"),
        50 => leaf(r.word("svg_path|points|polyline"), format!("M{} {}L{} {}Z", r.shape("000.00"), r.shape("00.000"), r.shape("000.0"), r.shape("00.00"))),
        51 => leaf(r.word("resolution|viewport|grid"), format!("{}x{}", r.between(320, 3_840), r.between(320, 2_160))),
        52 => leaf(r.word("sql_digest|query_name|route"), r.word("SELECT count(*) FROM events|GET /api/v2/orders/:id|users#show|graphql:OrderDetails").into()).maybe("free_text"),
        53 => leaf(r.word("country|region|market"), r.word("DE|US|Bavaria|EMEA|Germany").into()).maybe("place_imprecise").maybe("address"),
        54 => leaf(r.word("step|status|level"), r.word("payment|shipping_address|email_sent|phone_verified|completed").into()),
        _ => leaf(r.word("i18n_key|feature|flag"), r.word("checkout.address.title|new-billing-flow|user.profile.name.label|enable_2fa").into()),
    }
}

/// A property of the person's profile that only its key gives away.
pub(crate) fn profile(r: &mut Random, vendor: Vendor) -> Leaf {
    let at = match vendor {
        Vendor::Segment => "traits",
        Vendor::Amplitude => "user_properties",
        Vendor::PostHog => "properties.$set",
        Vendor::Mixpanel => "properties",
    };
    let leaf = |key: &str, value: String, label: &'static str| {
        Leaf::text(format!("{at}.{key}"), value).labelled(label).known()
    };
    let Person { given, .. } = people::person(r);
    match r.below(22) {
        0 => leaf(r.word("username|login|handle|user_name"), people::username(r), "username"),
        1 => leaf(
            r.word("company|company_name|employer|organization"),
            r.word("Example Corp|Acme GmbH|Beispiel AG|Initech").into(),
            "organization",
        ),
        2 => leaf(
            r.word("gender|sex|geschlecht|genero"),
            r.word("female|male|f|m|nonbinary|weiblich|mujer").into(),
            "gender",
        ),
        3 => leaf(
            r.word("city|$city|town|shipping.city"),
            r.word("Austin|Berlin|Lagos|Pune|Osaka|Lyon").into(),
            "place_imprecise",
        )
        .maybe("address"),
        4 => leaf(
            r.word("job_title|jobTitle|position_title|occupation"),
            r.word("Nurse|Data Engineer|Head of Growth|Lehrerin").into(),
            "job_title",
        ),
        5 => leaf(
            r.word("religion|religious_belief|konfession"),
            r.word("catholic|muslim|none of these|evangelisch|hindu").into(),
            "religion",
        ),
        6 => leaf(
            r.word("sexual_orientation|orientation_sexual"),
            r.word("gay|straight|bisexual|prefer not to say").into(),
            "orientation",
        ),
        7 => leaf(
            r.word("political_party|political_affiliation|political_views"),
            r.word("Green|Democrat|Labour|liberal").into(),
            "politics",
        ),
        8 => leaf(r.word("ethnicity|race|ethnic_group"), r.word("Hispanic|Black|Asian|Roma").into(), "ethnicity"),
        9 => leaf(
            r.word("diagnosis|medical_condition|allergies|medication|blood_type|krankheit"),
            r.word("asthma|type 2 diabetes|penicillin|metformin 500mg|A+|Migräne").into(),
            "health",
        ),
        10 => leaf(r.word("password|passwd|user_password|passwort|contraseña"), secrets::password(r), "password"),
        11 => leaf(
            r.word("criminal_record|convictions|criminal_history"),
            r.word("theft 2014|none on file|speeding").into(),
            "criminal",
        ),
        12 => leaf(r.word("fingerprint_template|face_id_hash|biometric_id|voiceprint"), r.text(ALNUM, 32), "biometric"),
        13 => leaf(
            r.word("passport_number|passportNo|reisepass_nr"),
            r.shape("A00000000").replace('A', r.word("C|X|P|L")),
            "passport",
        ),
        14 => leaf(r.word("drivers_license|driver_license_number|fuehrerschein_nr"), r.shape("A0000000"), "license"),
        15 => leaf(
            r.word("license_plate|plate_number|kennzeichen|vin"),
            r.word("B-MW 4711|7ABC123|AB12 CDE|WVWZZZ1JZXW000001").into(),
            "vehicle",
        ),
        16 => leaf(
            r.word("marital_status|familienstand"),
            r.word("married|single|verheiratet|divorced").into(),
            "marital",
        ),
        17 => leaf(r.word("age|age_range|age_group"), r.word("34|25-34|55+|18").into(), "age"),
        18 => leaf(r.word("child_name|kids_names|children"), given, "children").maybe("person_name"),
        19 => leaf(r.word("nickname|screenname"), people::username(r), "username").maybe("person_name"),
        20 => leaf(r.word("salary|annual_income|einkommen"), r.between(20_000, 180_000).to_string(), "financial"),
        _ => leaf(r.word("insurance_number|insurance_member_id|kvnr"), r.shape("A000000000"), "insurance")
            .maybe("national_id"),
    }
}
