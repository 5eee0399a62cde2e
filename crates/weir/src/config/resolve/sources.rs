//! `sources`: where events come in, and whom a source in mode `proxy` asks (D17).

use std::collections::{BTreeMap, HashMap};

use weir_event::SourceId;
use weir_policy::{ConsentSpec, Reading};

use super::{Resolver, environment, purpose, source_country, texts, word};
use crate::config::check::Checked;
use crate::config::yaml::Position;
use crate::config::{Auxiliary, Config, Country, Destination, Mode, Source};

/// A source in mode `proxy`, where it says so, and the destination that it names.
pub(super) struct Proxy {
    source: SourceId,
    at: Position,
    named: Option<(Position, String)>,
}

impl Resolver<'_, '_> {
    pub(super) fn sources(&mut self, checked: &Checked) -> BTreeMap<SourceId, Source> {
        let mut sources = BTreeMap::new();
        let mut owners: HashMap<String, String> = HashMap::new();
        for (key, source) in checked.entries() {
            let Ok(id) = SourceId::parse(&key.text) else { continue };
            self.places.insert(format!("sources.{id}"), key.at);
            self.places.insert(format!("sources.{id}.mode"), source.field("mode").at);
            self.places.insert(format!("sources.{id}.consent"), source.field("consent").at);
            let write_keys = source.field("write_keys");
            for item in write_keys.items() {
                if write_keys.at.line == 0 {
                    continue; // it stands in for a missing one, which is reported
                }
                if let Some(owner) = owners.insert(item.text().to_owned(), key.text.clone()) {
                    let message = if owner == key.text {
                        format!("`sources.{id}.write_keys` names a key twice")
                    } else {
                        format!("`sources.{id}.write_keys` has a key of source `{owner}`: a key belongs to one source")
                    };
                    self.report(item.at, &message);
                }
            }
            let auxiliary = match source.field("auxiliary").text() {
                "proxy" => {
                    let (at, named) = (source.field("auxiliary").at, named_destination(source));
                    self.proxies.push(Proxy { source: id.clone(), at, named });
                    Auxiliary::Constant // until the destination is known
                }
                "refuse" => Auxiliary::Refuse,
                _ => Auxiliary::Constant,
            };
            let mut events = BTreeMap::new();
            for (name, event) in source.field("events").entries() {
                if !event.field("mode").is_absent() {
                    events.insert(name.text.clone(), mode(event.field("mode")));
                }
            }
            sources.insert(
                id,
                Source {
                    protocol: word(source.field("protocol")),
                    write_keys: texts(write_keys),
                    environment: environment(source.field("environment")),
                    mode: mode(source.field("mode")),
                    identity_space: source.field("identity_space").text().to_owned(),
                    group_keys: texts(source.field("group_keys")),
                    events,
                    auxiliary,
                    consent: consent(source.field("consent")),
                    accept_flag_loss: source.field("accept_flag_loss").flag(),
                    block_in_browser: source.field("block_in_browser").flag(),
                    // The form was checked; the fallback is never reached.
                    country: source_country(source.field("country").text()).unwrap_or(Country::Unknown),
                    rate_limit: {
                        let rate = source.field("rate_limit");
                        (!rate.is_absent()).then(|| u32::try_from(rate.number()).unwrap_or(u32::MAX))
                    },
                },
            );
        }
        sources
    }

    /// D17: whom a source in mode `proxy` asks.
    pub(super) fn proxies(&mut self, config: &mut Config) {
        for Proxy { source: id, at, named } in std::mem::take(&mut self.proxies) {
            let Some(source) = config.sources.get_mut(&id) else { continue };
            let can = weir_protocol::protocol(source.protocol).is_some_and(|protocol| protocol.inquirer().is_some());
            if !can {
                let message = format!(
                    "`sources.{id}.auxiliary`: {} has no flags that could be asked for: use `constant`",
                    source.protocol
                );
                self.report(at, &message);
                continue;
            }
            let fits = |d: &Destination| d.kind == source.protocol && d.takes(&id, source.environment);
            match named {
                Some((at, name)) => match config.destinations.iter().find(|(known, _)| known.as_str() == name) {
                    Some((known, destination)) if fits(destination) => source.auxiliary = Auxiliary::Proxy(known.clone()),
                    _ => self.report(
                        at,
                        &format!(
                            "`sources.{id}.auxiliary_destination`: there is no destination `{name}` of type {} that takes its environment",
                            source.protocol
                        ),
                    ),
                },
                None => {
                    let all: Vec<_> = config.destinations.iter().filter(|(_, d)| fits(d)).map(|(id, _)| id).collect();
                    match all[..] {
                        [only] => source.auxiliary = Auxiliary::Proxy(only.clone()),
                        [] => self.report(at, &format!("`sources.{id}.auxiliary`: there is no destination of type {} that takes its environment: add one, or use `constant`", source.protocol)),
                        _ => self.report(at, &format!("`sources.{id}.auxiliary`: several destinations of type {} take its environment: name one in `auxiliary_destination`", source.protocol)),
                    }
                }
            }
        }
    }
}

fn named_destination(source: &Checked) -> Option<(Position, String)> {
    let field = source.field("auxiliary_destination");
    field.optional_text().map(|text| (field.at, text))
}

fn mode(checked: &Checked) -> Mode {
    match word(checked) {
        "tap" => Mode::Tap,
        "enforce" => Mode::Enforce,
        _ => Mode::Observe,
    }
}

fn consent(fields: &Checked) -> ConsentSpec {
    let purposes = |name| fields.field(name).items().iter().filter_map(purpose).collect();
    let readings = |name| {
        let entries = fields.field(name).entries().iter();
        entries.map(|(key, value)| (key.text.clone(), reading(value))).collect()
    };
    ConsentSpec {
        gpc: purposes("gpc"),
        dnt: purposes("dnt"),
        categories: {
            let entries = fields.field("categories").entries().iter();
            entries.map(|(key, value)| (key.text.clone(), purpose(value))).collect()
        },
        properties: readings("properties"),
        cookies: readings("cookies"),
    }
}

fn reading(checked: &Checked) -> Reading {
    match word(checked) {
        "onetrust" => Reading::OneTrust,
        "cookiebot" => Reading::Cookiebot,
        "tcf" => Reading::Tcf,
        "google" => Reading::GoogleConsent,
        _ => purpose(checked).map_or(Reading::Ignore, Reading::Purpose),
    }
}
