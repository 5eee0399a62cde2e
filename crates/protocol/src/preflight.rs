//! What is known of each vendor before its host is switched: hosts, calls, signatures of SDKs, features, what becomes of each
//! behind Weir, and for each SDK the configuration that keeps everything on Weir.
//!
//! All of it is data, one table for each vendor below `preflight/`; `weir preflight` asks it, and the tests run each [`Sdk::snippet`] as it
//! stands here with the vendor's hosts trapped. Nothing here reads a request: who does hands in hosts, paths and names.
//!
//! Sources: captured requests of the SDKs, the source of the packages in the versions that `tests/sdk` pins, and the vendors'
//! public documentation. Mobile SDKs are from source, not captured.

mod amplitude;
mod mixpanel;
mod posthog;
mod rudderstack;
mod segment;
mod snowplow;

/// Every vendor that preflight knows. Where bodies of two look alike, the one with the more telling marks comes first.
pub const VENDORS: &[&Vendor] = &[
    &posthog::VENDOR,
    &amplitude::VENDOR,
    &snowplow::VENDOR,
    &rudderstack::VENDOR,
    &segment::VENDOR,
    &mixpanel::VENDOR,
];

/// What is known of one vendor.
#[derive(Debug)]
pub struct Vendor {
    /// The name in `sources.<id>.protocol`.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// Its hosts. The first that matches counts.
    pub hosts: &'static [Host],
    /// Paths that only this vendor has: by them a call through a proxy of the customer's own is known.
    pub own_paths: &'static [&'static str],
    /// Pointers into an event (RFC 6901), one of which each event of this vendor's SDKs has.
    pub marks: &'static [&'static str],
    /// Query parameters that only this vendor's calls have.
    pub query_marks: &'static [&'static str],
    /// Where an event says which SDK made it.
    pub libraries: &'static [Library],
    /// What shows that a feature is in use.
    pub signs: &'static [Sign],
    /// What becomes of each feature behind Weir.
    pub changes: &'static [Change],
    /// Names of query parameters and headers that carry the id of a person or a device.
    pub identifiers: &'static [&'static str],
    /// Names of query parameters that carry a write key, and pointers to it in a body.
    pub keys: &'static [&'static str],
    /// Its SDKs.
    pub sdks: &'static [Sdk],
}

/// One of a vendor's hosts.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// A name, or `*.` and the end of names.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
    /// What moves its calls to Weir.
    pub moves: Moves,
}

/// What a host is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is its text")]
pub enum Role {
    Events,
    Configuration,
    Scripts,
    Recordings,
    Flags,
    Diagnostics,
    Application,
}

impl Role {
    /// For people.
    pub const fn text(self) -> &'static str {
        match self {
            Role::Events => "events",
            Role::Configuration => "remote configuration",
            Role::Scripts => "scripts",
            Role::Recordings => "session recordings",
            Role::Flags => "flags",
            Role::Diagnostics => "diagnostics of the SDK",
            Role::Application => "the vendor's application",
        }
    }
}

/// What moves a host's calls to Weir.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moves {
    /// The SDK's host option, which is what is switched.
    WithHost,
    /// Something beside it, in words; the snippets do it.
    By(&'static str),
    /// Nothing: it stays a connection of its own, for the reason in words.
    Never(&'static str),
}

/// Where an event names its SDK.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Pointer to the name.
    pub name: &'static str,
    /// How the version goes with it.
    pub version: Version,
}

/// Where the version of an SDK stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// At a pointer of its own.
    At(&'static str),
    /// In the name, behind the last such character: `amplitude-ts/2.47.1`, `js-4.10.1`.
    After(char),
}

/// What a customer may use of a vendor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each is its text")]
pub enum Feature {
    Events,
    Profiles,
    Aliases,
    Import,
    Flags,
    Experiments,
    Replay,
    Surveys,
    WebExperiments,
    Autocapture,
    Heatmaps,
    DeviceMode,
    RemoteConfiguration,
    RemoteScript,
    Diagnostics,
    Exceptions,
    Ai,
    Consent,
}

impl Feature {
    /// For people, and in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Feature::Events => "events",
            Feature::Profiles => "profiles and groups",
            Feature::Aliases => "aliases",
            Feature::Import => "imports",
            Feature::Flags => "feature flags",
            Feature::Experiments => "experiments",
            Feature::Replay => "session replay",
            Feature::Surveys => "surveys",
            Feature::WebExperiments => "web experiments",
            Feature::Autocapture => "autocapture",
            Feature::Heatmaps => "heatmaps",
            Feature::DeviceMode => "device-mode destinations",
            Feature::RemoteConfiguration => "remote configuration",
            Feature::RemoteScript => "vendor scripts",
            Feature::Diagnostics => "SDK diagnostics",
            Feature::Exceptions => "exceptions",
            Feature::Ai => "AI observability",
            Feature::Consent => "consent",
        }
    }
}

/// What shows that a feature is in use.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// The feature.
    pub feature: Feature,
    /// What shows it.
    pub shows: Shows,
}

/// What shows a feature.
#[derive(Clone, Copy, Debug)]
pub enum Shows {
    /// A call to a path that ends like this; `*` stands for one segment.
    Path(&'static str),
    /// An event of this name; a `*` at the end stands for any rest.
    Event(&'static str),
    /// A pointer in an event at which something stands that is neither null, false nor empty.
    Field(&'static str),
    /// What the answer of a call to this path says at this pointer.
    Answer(&'static str, &'static str, Says),
    /// A script that is loaded from an address that ends like this; `*` stands for any text in one segment.
    Script(&'static str),
}

/// What an answer has to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Says {
    /// Something other than null, false, zero or empty.
    Something,
    /// `false`: the pointer is an opt-out.
    No,
    /// Keys (or elements) that are none of these; their names are destinations.
    OtherThan(&'static [&'static str]),
}

/// What becomes of a feature behind Weir.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The feature.
    pub feature: Feature,
    /// In a word.
    pub becomes: Becomes,
    /// In words: what changes and what to do before the switch.
    pub text: &'static str,
}

/// What becomes of a feature, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is its text")]
pub enum Becomes {
    Minimised,
    Held,
    Constant,
    Dropped,
    Outside,
}

impl Becomes {
    /// For people, and in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Becomes::Minimised => "minimised",
            Becomes::Held => "minimised, kept back",
            Becomes::Constant => "constant answer",
            Becomes::Dropped => "dropped",
            Becomes::Outside => "past Weir",
        }
    }

    /// Whether somebody should look at it before the switch.
    pub const fn needs_action(self) -> bool {
        !matches!(self, Becomes::Minimised)
    }
}

/// Where an SDK runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is its text")]
pub enum Platform {
    Browser,
    Node,
    Python,
    Mobile,
}

impl Platform {
    /// For people, and in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Platform::Browser => "browser",
            Platform::Node => "node",
            Platform::Python => "python",
            Platform::Mobile => "mobile",
        }
    }
}

/// One SDK.
#[derive(Clone, Copy, Debug)]
pub struct Sdk {
    /// Its package.
    pub package: &'static str,
    /// Where it runs.
    pub platform: Platform,
    /// How it is known.
    pub signatures: &'static [Signature],
    /// Calls that its host option does not move.
    pub beside: &'static [Beside],
    /// The configuration that keeps everything on Weir, with the placeholders of [`Address`]; empty where we have none to show.
    pub snippet: &'static str,
}

/// How an SDK is known.
#[derive(Clone, Copy, Debug)]
pub enum Signature {
    /// The name that its events give; a `*` at the end stands for any rest.
    Library(&'static str),
    /// The product in its `User-Agent` or `PostHog-Sdk-Info`, before the slash.
    Agent(&'static str),
    /// A script's address ends like this; `*` stands for any text in one segment, and a version in it is the SDK's.
    Script(&'static str),
}

/// A call that an SDK's host option does not move.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// The host that it goes to, as in [`Vendor::hosts`].
    pub host: &'static str,
    /// When it is made.
    pub when: &'static str,
    /// What keeps it away; the snippet has it.
    pub instead: &'static str,
}

/// Where Weir will be, for the placeholders of a snippet: `WEIR_URL` (with the source's prefix), `WEIR_ORIGIN`, `WEIR_SCHEME`,
/// `WEIR_AUTHORITY` (host and port), `WEIR_HOST`, `WEIR_PORT`, `WEIR_PREFIX`, `WEIR_TLS` (true or false) and `WRITE_KEY`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    scheme: String,
    host: String,
    port: u16,
    source: String,
}

impl Address {
    /// Reads `http://host[:port]` or `https://…`; a path or anything else is refused. `source` is the id in `sources`.
    pub fn parse(url: &str, source: &str) -> Option<Address> {
        let (scheme, rest) = url.split_once("://")?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, usual),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_host = !host.is_empty() && host.chars().all(|c| is_name(c) || matches!(c, '[' | ']' | ':'));
        let is_source = !source.is_empty() && source.chars().all(is_name);
        (is_host && is_source).then(|| Address {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
            source: source.to_owned(),
        })
    }

    /// The address with the source's prefix, which is what most SDKs take.
    pub fn url(&self) -> String {
        format!("{}/in/{}", self.origin(), self.source)
    }

    /// The address without a path.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    fn authority(&self) -> String {
        match (self.scheme.as_str(), self.port) {
            ("http", 80) | ("https", 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

impl Sdk {
    /// The snippet for a place and a write key.
    pub fn snippet_for(&self, address: &Address, write_key: &str) -> String {
        // Longer names first: none is then read as the beginning of another.
        self.snippet
            .replace("WEIR_AUTHORITY", &address.authority())
            .replace("WEIR_PREFIX", &format!("/in/{}", address.source))
            .replace("WEIR_ORIGIN", &address.origin())
            .replace("WEIR_SCHEME", &address.scheme)
            .replace("WEIR_HOST", &address.host)
            .replace("WEIR_PORT", &address.port.to_string())
            .replace("WEIR_TLS", if address.scheme == "https" { "true" } else { "false" })
            .replace("WEIR_URL", &address.url())
            .replace("WRITE_KEY", write_key)
    }
}

impl Vendor {
    /// The host of the table that a host name is.
    pub fn host(&self, name: &str) -> Option<&'static Host> {
        self.hosts.iter().find(|host| is_host(host.name, name))
    }

    /// Whether a path is one that only this vendor has.
    pub fn owns_path(&self, path: &str) -> bool {
        self.own_paths.iter().any(|pattern| path_ends(pattern, path))
    }

    /// The SDK of a name that events give.
    pub fn sdk_of_library(&self, name: &str) -> Option<&'static Sdk> {
        let is = |signature: &Signature| matches!(signature, Signature::Library(own) if begins(own, name));
        self.sdks.iter().find(|sdk| sdk.signatures.iter().any(is))
    }

    /// The SDK of a product in a `User-Agent`.
    pub fn sdk_of_agent(&self, product: &str) -> Option<&'static Sdk> {
        let is = |signature: &Signature| matches!(signature, Signature::Agent(own) if *own == product);
        self.sdks.iter().find(|sdk| sdk.signatures.iter().any(is))
    }

    /// The SDK of a script's address (host and path).
    pub fn sdk_of_script(&self, address: &str) -> Option<&'static Sdk> {
        let is = |signature: &Signature| matches!(signature, Signature::Script(own) if path_ends(own, address));
        self.sdks.iter().find(|sdk| sdk.signatures.iter().any(is))
    }

    /// What becomes of a feature.
    pub fn change(&self, feature: Feature) -> Option<&'static Change> {
        self.changes.iter().find(|change| change.feature == feature)
    }
}

/// The vendor of a name in the configuration.
pub fn vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().copied().find(|vendor| vendor.name == name)
}

/// The vendor of a host name, and the host.
pub fn vendor_of_host(name: &str) -> Option<(&'static Vendor, &'static Host)> {
    VENDORS.iter().find_map(|vendor| Some((*vendor, vendor.host(name)?)))
}

/// A version, if a text has the shape of one: a digit, then digits, letters, dots, `+` and `-`, at most 24 characters. Package
/// managers' prefixes (`npm:next-1.84.3`) are left out. Anything else is a value and is not shown.
pub fn version(text: &str) -> Option<&str> {
    let text = text.rsplit(':').next().unwrap_or(text);
    let text = text.strip_prefix("next-").unwrap_or(text);
    let text = text.strip_prefix('v').unwrap_or(text);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    let has_shape = text.len() <= 24 && text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_part);
    // A number of more than five digits is an id or a time.
    let digits_max = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    (has_shape && text.contains('.') && digits_max <= 5).then_some(text)
}

/// The version in the address of a script: in the name of the file (`analytics-browser-2.11.1-min.js`) or behind an `@`.
pub fn version_in_address(address: &str) -> Option<&str> {
    let parts = address.split(['/', '@', '-', '_']);
    let candidates = parts.map(|p| p.trim_end_matches(".gz").trim_end_matches(".js").trim_end_matches(".min"));
    candidates.filter(|p| p.matches('.').count() >= 2).find_map(version)
}

/// Whether a path (or host and path) ends as a pattern says, whole segments; `*` stands for any text within one segment.
pub fn path_ends(pattern: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let mut segments = path.rsplit('/');
    pattern.trim_end_matches('/').rsplit('/').all(|wanted| match segments.next() {
        Some(segment) => is_like(wanted, segment),
        None => false,
    })
}

fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            text.len() >= head.len() + tail.len() && !text.is_empty() && text.starts_with(head) && text.ends_with(tail)
        }
    }
}

fn is_host(pattern: &str, name: &str) -> bool {
    let name = name.trim_end_matches('.');
    match pattern.strip_prefix('*') {
        // `*.acme.com` is every name below it, not the name itself.
        Some(end) => {
            let at = name.len().checked_sub(end.len());
            at.is_some_and(|at| at > 0 && name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(end))
        }
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// Whether a name is like a pattern that may end in `*`.
pub fn begins(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |head| name.starts_with(head))
}

/// Hosts that serve anybody's packages: an SDK that a page loads from there comes from somebody else.
pub const PACKAGE_HOSTS: &[&str] =
    &["cdn.jsdelivr.net", "unpkg.com", "cdnjs.cloudflare.com", "esm.sh", "cdn.skypack.dev"];

/// Destinations that a tag manager or a customer data platform may load into the page (device mode), by the names that vendors
/// give them. Only these names are shown; others are counted.
pub const DEVICE_MODE: &[&str] = &[
    "Adjust",
    "Adobe Analytics",
    "Algolia",
    "Amplitude",
    "Amplitude (Actions)",
    "AppsFlyer",
    "Appcues",
    "Bing Ads",
    "Braze",
    "Braze Web Mode (Actions)",
    "Bugsnag",
    "Chartbeat",
    "Comscore",
    "Crazy Egg",
    "Criteo",
    "Customer.io",
    "DoubleClick Floodlight",
    "Drift",
    "Facebook App Events",
    "Facebook Pixel",
    "Firebase",
    "FullStory",
    "Fullstory (Actions)",
    "Google Ads (Gtag)",
    "Google AdWords New",
    "Google Analytics",
    "Google Analytics 4",
    "Google Analytics 4 Web",
    "Google Tag Manager",
    "Heap",
    "Hotjar",
    "HubSpot",
    "HubSpot Web (Actions)",
    "Indicative",
    "Inspectlet",
    "Intercom",
    "Intercom Web (Actions)",
    "Iterable",
    "Kissmetrics",
    "Klaviyo",
    "LaunchDarkly",
    "LinkedIn Insight Tag",
    "LiveChat",
    "LogRocket",
    "Matomo",
    "Microsoft Clarity",
    "Mixpanel",
    "Mixpanel (Actions)",
    "Mouseflow",
    "Navattic",
    "Olark",
    "Optimizely",
    "Optimizely X",
    "Pardot",
    "Pendo",
    "Pendo Web (Actions)",
    "Pinterest Tag",
    "Podsights",
    "PostHog",
    "Qualtrics",
    "Quora Conversion Pixel",
    "Reddit Pixel",
    "Rollbar",
    "Salesforce",
    "Sentry",
    "Snapchat Pixel",
    "Sprig",
    "TikTok Pixel",
    "Twitter Ads",
    "User.com",
    "Userpilot",
    "VWO",
    "Visual Website Optimizer",
    "Woopra",
    "Yandex.Metrica",
    "Zendesk",
];

#[cfg(test)]
mod tests;
