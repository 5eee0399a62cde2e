//! What is known so far: each exchange adds names of the table, counts, and shapes; its values are looked at and forgotten.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir_console::command::ObservedSource;
use weir_detect::{Engine, PathFacts};
use weir_event::{LeafKind, Likelihood};
use weir_protocol::body::{base64, form};
use weir_protocol::preflight::{
    self, DEVICE_MODE, Feature, Host, Moves, PACKAGE_HOSTS, Role, Says, Sdk, Shows, Vendor, Version, begins, path_ends,
};

use crate::cli::output::counted;
use crate::cli::recording::exchange::{Exchange, agents, at, events_of, in_query, open, vendor_of};

/// Different versions of one SDK, hosts, keys that are kept; further ones count with the last.
const DISTINCT_MAX: usize = 64;
/// Parameters and headers of one request that are scanned, and bytes of each.
const SCANNED_MAX: usize = 200;
const SCANNED_BYTES_MAX: usize = 4 << 10;

/// What moves a script that a page loads from a host of packages.
const FROM_PACKAGE_HOST: Moves = Moves::By("take the SDK from the package, or serve its file from your own host");

/// What all exchanges together say.
#[derive(Default)]
pub(super) struct Study {
    pub(super) files: u64,
    /// Sources of a running Weir.
    pub(super) sources: u64,
    pub(super) exchanges: u64,
    pub(super) unreadable: u64,
    /// Whether an input went on behind what was read.
    pub(super) cut: bool,
    pub(super) vendors: BTreeMap<&'static str, Seen>,
}

/// What is known of one vendor.
pub(super) struct Seen {
    pub(super) vendor: &'static Vendor,
    pub(super) calls: u64,
    pub(super) events: u64,
    pub(super) unread_bodies: u64,
    /// By package.
    pub(super) sdks: BTreeMap<&'static str, SdkSeen>,
    /// Events with the name of an SDK that the table does not have.
    pub(super) unknown_sdk: u64,
    pub(super) features: BTreeMap<Feature, FeatureSeen>,
    pub(super) hosts: BTreeMap<String, HostSeen>,
    /// (where, kind) → how often.
    pub(super) personal: BTreeMap<(&'static str, &'static str), u64>,
    /// First four characters and length.
    pub(super) keys: BTreeSet<(String, usize)>,
}

#[derive(Default)]
pub(super) struct SdkSeen {
    pub(super) sdk: Option<&'static Sdk>,
    /// Version → events or requests.
    pub(super) versions: BTreeMap<String, u64>,
}

#[derive(Default)]
pub(super) struct FeatureSeen {
    pub(super) times: u64,
    /// Names from the table.
    pub(super) destinations: BTreeSet<&'static str>,
    /// The most destinations that one answer named and the table does not have.
    pub(super) others: usize,
}

pub(super) struct HostSeen {
    pub(super) calls: u64,
    pub(super) role: Role,
    pub(super) moves: Moves,
}

impl Study {
    /// Adds an exchange.
    pub(super) fn add(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        if exchange.method == "OPTIONS" {
            // A browser asking for permission: the call itself follows.
            return;
        }
        let known_host = preflight::vendor_of_host(exchange.host_name());
        let opened = open(exchange);
        let body = opened.as_ref().and_then(|text| serde_json::from_slice::<Value>(text).ok());
        let events = body.as_ref().map(events_of).unwrap_or_default();
        let Some(vendor) = vendor_of(exchange, known_host.map(|(vendor, _)| vendor), &events) else { return };
        let seen = self.vendors.entry(vendor.name).or_insert_with(|| Seen::new(vendor));
        seen.add(exchange, known_host.map(|(_, host)| host), body.as_ref(), &events);
        if body.is_none() && !exchange.body.is_empty() {
            seen.unread_bodies += 1;
        }
    }
}

impl Study {
    /// What was read, in words.
    pub(super) fn inputs(&self) -> String {
        match (self.files, self.sources) {
            (files, 0) => counted(files, "file"),
            (0, sources) => counted(sources, "source"),
            (files, sources) => format!("{} and {}", counted(files, "file"), counted(sources, "source")),
        }
    }

    /// Adds what a running Weir saw at one source.
    pub(super) fn add_observed(&mut self, observed: &ObservedSource) {
        let Some(vendor) = preflight::vendor(&observed.protocol) else { return };
        let calls: u64 = observed.calls.iter().map(|call| call.times).sum();
        self.exchanges += calls;
        self.sources += 1;
        let seen = self.vendors.entry(vendor.name).or_insert_with(|| Seen::new(vendor));
        seen.calls += calls;
        let here = HostSeen { calls: 0, role: Role::Events, moves: Moves::WithHost };
        seen.hosts.entry("this Weir".to_owned()).or_insert(here).calls += calls;
        for found in &observed.sdks {
            match vendor.sdks.iter().find(|sdk| sdk.package == found.package) {
                Some(sdk) => seen.count_sdk(sdk, Some(&found.version), found.times),
                None => seen.unknown_sdk += found.times,
            }
        }
        for found in &observed.features {
            if let Some(change) = vendor.changes.iter().find(|change| change.feature.text() == found.name) {
                seen.count_feature(change.feature, found.times);
            }
        }
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

impl Seen {
    pub(super) fn new(vendor: &'static Vendor) -> Seen {
        Seen {
            vendor,
            calls: 0,
            events: 0,
            unread_bodies: 0,
            sdks: BTreeMap::new(),
            unknown_sdk: 0,
            features: BTreeMap::new(),
            hosts: BTreeMap::new(),
            personal: BTreeMap::new(),
            keys: BTreeSet::new(),
        }
    }

    fn add(&mut self, exchange: &Exchange, host: Option<&Host>, body: Option<&Value>, events: &[&Value]) {
        self.calls += 1;
        self.add_host(exchange, host);
        self.add_sdk_of_request(exchange);
        let is_ours = |event: &&&Value| self.vendor.marks.iter().any(|mark| !at(event, mark).is_null());
        let ours: Vec<&Value> = events.iter().filter(is_ours).copied().collect();
        for event in &ours {
            self.events += 1;
            self.add_sdk_of_event(event);
            self.add_features_of_event(event);
        }
        self.add_features_of_call(exchange);
        self.add_keys(exchange, body, ours.first().copied());
        self.add_personal(exchange);
    }

    fn add_host(&mut self, exchange: &Exchange, host: Option<&Host>) {
        // A pattern of the table is shown as it is: the part in place of its `*` is a customer's name.
        let name = exchange.host_name();
        let (name, role, moves) = match host {
            Some(host) => (host.name.to_owned(), host.role, host.moves),
            None if PACKAGE_HOSTS.contains(&name) => (name.to_owned(), Role::Scripts, FROM_PACKAGE_HOST),
            // A script from a host of the customer's own is where it should be.
            None if self.vendor.sdk_of_script(&exchange.address()).is_some() => return,
            None => (shown_host(name), Role::Events, Moves::WithHost),
        };
        let is_full = self.hosts.len() >= DISTINCT_MAX && !self.hosts.contains_key(&name);
        let name = if is_full { "further hosts".to_owned() } else { name };
        self.hosts.entry(name).or_insert(HostSeen { calls: 0, role, moves }).calls += 1;
    }

    pub(super) fn count_sdk(&mut self, sdk: &'static Sdk, version: Option<&str>, times: u64) {
        let seen = self.sdks.entry(sdk.package).or_default();
        seen.sdk = Some(sdk);
        let version = version.and_then(preflight::version).unwrap_or("unknown");
        let is_full = seen.versions.len() >= DISTINCT_MAX && !seen.versions.contains_key(version);
        *seen.versions.entry(if is_full { "others" } else { version }.to_owned()).or_default() += times;
    }

    /// A request tells of its SDK only where its events do not.
    fn add_sdk_of_request(&mut self, exchange: &Exchange) {
        let address = exchange.address();
        if let Some(sdk) = self.vendor.sdk_of_script(&address) {
            self.count_sdk(sdk, preflight::version_in_address(&address), 1);
        }
        if let Some((_, value)) = in_query(self.vendor, &exchange.query)
            && let Some((name, version)) = value.rsplit_once('-')
            && let Some(sdk) = self.vendor.sdk_of_library(name)
        {
            self.events += 1;
            self.count_sdk(sdk, Some(version), 1);
        }
        let by_agent = agents(exchange)
            .find_map(|(product, version)| Some((self.vendor.sdk_of_agent(product)?, version.to_owned())));
        // Events name the SDK more exactly than a header, which may say `latest`.
        if let Some((sdk, version)) = by_agent
            && (exchange.body.is_empty() || exchange.header("posthog-sdk-info").is_some())
        {
            self.count_sdk(sdk, Some(&version), 1);
        }
    }

    fn add_sdk_of_event(&mut self, event: &Value) {
        for library in self.vendor.libraries {
            let Some(text) = at(event, library.name).as_str() else { continue };
            let (name, version) = match library.version {
                Version::At(pointer) => (text, at(event, pointer).as_str()),
                Version::After(sign) => match text.rsplit_once(sign) {
                    Some((name, version)) => (name, Some(version)),
                    None => (text, None),
                },
            };
            match self.vendor.sdk_of_library(name) {
                Some(sdk) => self.count_sdk(sdk, version, 1),
                None => self.unknown_sdk += 1,
            }
            return;
        }
    }

    pub(super) fn count_feature(&mut self, feature: Feature, times: u64) -> &mut FeatureSeen {
        let seen = self.features.entry(feature).or_default();
        seen.times += times;
        seen
    }

    fn add_features_of_event(&mut self, event: &Value) {
        let name =
            ["/event", "/event_type", "/e"].iter().find_map(|pointer| at(event, pointer).as_str()).unwrap_or_default();
        for sign in self.vendor.signs {
            let shows = match sign.shows {
                Shows::Event(pattern) => begins(pattern, name),
                Shows::Field(pointer) => is_something(at(event, pointer)),
                _ => false,
            };
            if shows {
                self.count_feature(sign.feature, 1);
            }
        }
    }

    fn add_features_of_call(&mut self, exchange: &Exchange) {
        let address = exchange.address();
        let answer = exchange.answer.as_deref().and_then(|text| serde_json::from_slice::<Value>(text).ok());
        let name = exchange.host_name();
        let is_foreign = self.vendor.host(name).is_some() || PACKAGE_HOSTS.contains(&name);
        let mut shown = BTreeSet::new();
        for sign in self.vendor.signs {
            let shows = match sign.shows {
                Shows::Path(path) => path_ends(path, &exchange.path),
                Shows::Script(script) => is_foreign && exchange.method == "GET" && path_ends(script, &address),
                Shows::Answer(path, pointer, says) => {
                    path_ends(path, &exchange.path)
                        && answer.as_ref().is_some_and(|a| self.add_answer(sign.feature, a, pointer, says))
                }
                Shows::Event(_) | Shows::Field(_) => false,
            };
            // Of several signs in one call the feature is there once.
            if shows && shown.insert(sign.feature) {
                self.count_feature(sign.feature, 1);
            }
        }
    }

    fn add_answer(&mut self, feature: Feature, answer: &Value, pointer: &str, says: Says) -> bool {
        let value = at(answer, pointer);
        match says {
            Says::Something => is_something(value),
            Says::No => *value == Value::Bool(false),
            Says::OtherThan(own) => {
                let names = destinations(value);
                let foreign: Vec<&String> = names.iter().filter(|name| !own.contains(&name.as_str())).collect();
                let known = |name: &&String| DEVICE_MODE.iter().copied().find(|known| known == name);
                let others = foreign.iter().filter(|name| known(name).is_none()).count();
                if foreign.is_empty() {
                    return false;
                }
                let seen = self.features.entry(feature).or_default();
                seen.destinations.extend(foreign.iter().filter_map(known));
                seen.others = seen.others.max(others);
                true
            }
        }
    }

    fn add_keys(&mut self, exchange: &Exchange, body: Option<&Value>, event: Option<&Value>) {
        let mut found = Vec::new();
        for place in self.vendor.keys {
            if place.starts_with('/') {
                let values = [body, event].into_iter().flatten().map(|value| at(value, place));
                found.extend(values.filter_map(Value::as_str).map(str::to_owned));
            } else if let Some(value) = form::param(exchange.query.as_bytes(), place) {
                found.push(value.into_owned());
            }
        }
        let credentials = exchange.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        if let Some(credentials) = credentials.and_then(|text| base64::decode(text.as_bytes()))
            && let Ok(text) = String::from_utf8(credentials)
            && let Some((user, "")) = text.split_once(':')
        {
            found.push(user.to_owned());
        }
        for key in found.into_iter().filter(|key| !key.is_empty() && key.len() <= 256) {
            if self.keys.len() >= DISTINCT_MAX {
                return;
            }
            // Less than eight characters would be shown by half.
            let shown: String = if key.len() < 8 { String::new() } else { key.chars().take(4).collect() };
            let is_plain = shown.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            self.keys.insert((if is_plain { shown } else { String::new() }, key.chars().count()));
        }
    }

    /// Personal data outside of the body, by kind.
    fn add_personal(&mut self, exchange: &Exchange) {
        let mut count = |place: &'static str, kind: &'static str| {
            *self.personal.entry((place, kind)).or_default() += 1;
        };
        let identifiers = self.vendor.identifiers;
        for (name, value) in form::params(exchange.query.as_bytes()).take(SCANNED_MAX) {
            let is_event = matches!(name.as_str(), "data" | "e" | "ue_px" | "ue_pr" | "cx" | "co") && value.len() > 60;
            if is_event {
                count("address", "whole events");
            } else if identifiers.contains(&name.as_str()) && !value.is_empty() {
                count("address", "ids of persons or devices");
            }
            if !is_key(self.vendor, &name) {
                scan(&name, &value).into_iter().for_each(|kind| count("address", kind));
            }
        }
        for (name, value) in exchange.headers.iter().take(SCANNED_MAX) {
            if identifiers.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                count("headers", "ids of persons or devices");
            } else if name == "cookie" {
                count("headers", "cookies");
            } else if matches!(name.as_str(), "referer" | "origin") || name.starts_with("x-") {
                scan(name, value).into_iter().for_each(|kind| count("headers", kind));
            }
        }
    }
}

fn is_key(vendor: &Vendor, name: &str) -> bool {
    vendor.keys.contains(&name)
}

/// The kinds of what detection finds in a value, each once.
fn scan(name: &str, value: &str) -> BTreeSet<&'static str> {
    let mut end = value.len().min(SCANNED_BYTES_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::of_path(name), LeafKind::String, &value.as_bytes()[..end], &mut found);
    found.iter().filter(|f| f.likelihood >= Likelihood::Possible).map(|f| f.category.key()).collect()
}

/// Names of destinations in a settings answer: keys of an object, or the display names of a list.
fn destinations(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => {
            let name = |item: &Value| {
                let places = ["/destinationDefinition/displayName", "/destinationDefinition/name", "/name"];
                places.iter().find_map(|place| at(item, place).as_str()).unwrap_or_default().to_owned()
            };
            list.iter().map(name).collect()
        }
        _ => Vec::new(),
    }
}

/// A host that the table does not have, as far as it may be shown: a name without personal data or ids in it.
fn shown_host(host: &str) -> String {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
        return "this machine".to_owned();
    }
    if address.is_some() {
        return "an address without a name".to_owned();
    }
    let is_name = host.len() <= 100 && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let has_id = host.split(['.', '-']).any(|part| part.bytes().filter(u8::is_ascii_digit).count() > 4);
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, host.as_bytes(), &mut found);
    if is_name && !has_id && found.is_empty() && !host.is_empty() {
        host.to_ascii_lowercase()
    } else {
        "a host of your own".to_owned()
    }
}
