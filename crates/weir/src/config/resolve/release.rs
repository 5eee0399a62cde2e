//! What may leave and of whom: rules, terms, routes, residency.

use weir_event::{DestinationId, Millis, Purpose};
use weir_policy::route::residency_problems;
use weir_policy::{
    ConsentRuleSpec, ResidencyClassSpec, ResidencySpec, RouteSpec, SampleBy, SampleSpec, Share, UnknownCountry,
};

use super::{Resolver, purpose, texts, word};
use crate::config::check::Checked;
use crate::config::yaml::Key;
use crate::config::{AllowTerm, Config, ReleaseRule, RuleAction, Selector, values};

impl Resolver<'_, '_> {
    pub(super) fn rule(&mut self, id: &DestinationId, rule: &Checked) -> Option<ReleaseRule> {
        let mut selectors = selectors(rule);
        let action = match rule.field("action").text() {
            "pseudonymize" => RuleAction::Pseudonymize,
            _ => RuleAction::Drop,
        };
        if selectors.len() != 1 {
            let message = format!(
                "a rule of `destinations.{id}.release` must have exactly one of category, property, event, preset, consent and sample"
            );
            self.report(rule.at, &message);
            return None;
        }
        let selector = selectors.pop()?;
        if !rule.field("sample_by").is_absent() && !matches!(selector, Selector::Sample(..)) {
            let message =
                format!("`sample_by` in a rule of `destinations.{id}.release` goes with `sample` only: remove it");
            self.report(rule.field("sample_by").at, &message);
        }
        for field in ["regions", "unknown"] {
            if !rule.field(field).is_absent() && !matches!(selector, Selector::Consent(_)) {
                let message =
                    format!("`{field}` in a rule of `destinations.{id}.release` goes with `consent` only: remove it");
                self.report(rule.field(field).at, &message);
            }
        }
        if action == RuleAction::Pseudonymize && !matches!(selector, Selector::Property(_)) {
            let message = format!(
                "a rule of `destinations.{id}.release` pseudonymizes a property only: name it with `property`, or use `action: drop`"
            );
            self.report(rule.at, &message);
        }
        Some(ReleaseRule { selector, action })
    }

    /// Owners and ends of what is allowed. A path that stands there twice could end and not end.
    pub(super) fn allow_terms(&mut self, id: &DestinationId, allow: &Checked) -> Vec<AllowTerm> {
        let mut terms = Vec::new();
        for item in allow.items() {
            let path = item.field("path").text().to_owned();
            let owner = item.field("owner").optional_text();
            let until = item.field("until").optional_text().and_then(|text| values::day(&text));
            if owner.is_none() && until.is_none() {
                continue;
            }
            let is_same = |other: &&Checked| other.field("path").at.line != 0 && other.field("path").text() == path;
            if allow.items().iter().filter(is_same).count() > 1 {
                let message = format!(
                    "`destinations.{id}.release.allow` names `{path}` twice: remove one, so that it is clear when it ends"
                );
                self.report(item.at, &message);
            }
            let ends = until.map(|day| day.plus(Millis::DAY));
            terms.push(AllowTerm { path, owner, ends });
        }
        terms
    }

    /// What routes and classes name, and whether that is there.
    pub(super) fn routes(&mut self, config: &Config, residency: &Checked) {
        for (id, destination) in &config.destinations {
            let at = self.places.get(&format!("destinations.{id}.route.sources")).copied().unwrap_or_default();
            for name in &destination.route.sources {
                if !config.sources.keys().any(|known| known.as_str() == name) {
                    self.report(at, &format!("`destinations.{id}.route.sources`: there is no source `{name}`"));
                }
            }
        }
        let classes = residency.field("classes").entries();
        for (key, class) in classes {
            let only = class.field("only");
            for item in only.items().iter().filter(|_| only.at.line != 0) {
                if !config.destinations.keys().any(|known| known.as_str() == item.text()) {
                    let what =
                        format!("`residency.classes.{}.only`: there is no destination `{}`", key.text, item.text());
                    self.report(item.at, &what);
                }
            }
        }
        let route_of = |id: &DestinationId| config.destinations.get(id).map(|destination| &destination.route);
        for (place, problem) in residency_problems(&config.residency, route_of) {
            if let Some((key, class)) = classes.get(place).filter(|(_, class)| class.field("countries").at.line != 0) {
                let what = format!("`residency.classes.{}`: {problem}", key.text);
                self.report(class.at, &what);
            }
        }
    }
}

/// What a rule says that it applies to: one thing, if it is well written. A sample is of an event or of all.
pub(super) fn selectors(rule: &Checked) -> Vec<Selector> {
    let mut named: Vec<Selector> = [
        ("category", Selector::Category as fn(String) -> Selector),
        ("property", Selector::Property),
        ("event", Selector::Event),
        ("preset", Selector::Preset),
    ]
    .into_iter()
    .filter_map(|(name, make)| rule.field(name).optional_text().map(make))
    .chain(purpose(rule.field("consent")).map(|purpose| {
        let regions = rule.field("regions");
        Selector::Consent(ConsentRuleSpec {
            purpose,
            regions: if regions.is_absent() { Vec::new() } else { texts(regions) },
            unknown_may_leave: word(rule.field("unknown")) == "allow",
        })
    }))
    .collect();
    let Some(share) = rule.field("sample").share().and_then(Share::from_millionths) else { return named };
    let by = match word(rule.field("sample_by")) {
        "device" => SampleBy::Device,
        "event" => SampleBy::Event,
        _ => SampleBy::Subject,
    };
    let sample = SampleSpec { share, by };
    match named.pop() {
        None => named.push(Selector::Sample(None, sample)),
        Some(Selector::Event(event)) if named.is_empty() => named.push(Selector::Sample(Some(event), sample)),
        Some(other) => named.extend([other, Selector::Sample(None, sample)]),
    }
    named
}

/// What `shares: true` asks for: an opt-out counts, and nobody has to opt in.
pub(super) fn no_sale() -> ConsentRuleSpec {
    ConsentRuleSpec { purpose: Purpose::SaleOrSharing, regions: Vec::new(), unknown_may_leave: true }
}

pub(super) fn residency(fields: &Checked) -> ResidencySpec {
    let class = |(key, class): &(Key, Checked)| ResidencyClassSpec {
        name: key.text.clone(),
        countries: texts(class.field("countries")),
        only: class.field("only").items().iter().filter_map(|item| DestinationId::parse(item.text()).ok()).collect(),
    };
    ResidencySpec {
        classes: fields.field("classes").entries().iter().map(class).collect(),
        unknown: match word(fields.field("unknown")) {
            "hold" => UnknownCountry::Hold,
            _ => UnknownCountry::Strictest,
        },
    }
}

pub(super) fn route(fields: &Checked) -> RouteSpec {
    let list = |name| {
        let field = fields.field(name);
        if field.is_absent() { Vec::new() } else { texts(field) }
    };
    RouteSpec {
        sources: list("sources"),
        events: list("events"),
        except_events: list("except_events"),
        countries: list("countries"),
    }
}
