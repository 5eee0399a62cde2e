//! `destinations`: where events go.

use std::collections::BTreeMap;

use weir_event::DestinationId;
use weir_protocol::outbound::SetupError;
use weir_protocol::{IdentityMerge, vendors};

use super::release::{no_sale, route, selectors};
use super::vendors::OF_ONE_TYPE;
use super::{Resolver, TOKEN_OPTIONAL, cidrs, duration, environment, word};
use crate::config::check::{Checked, Read};
use crate::config::values::Origin;
use crate::config::yaml::Position;
use crate::config::{
    Destination, Export, Import, OnLag, OnUnknown, Onward, ReleaseRule, RuleAction, Secret, Selector, StartFrom,
    Subject,
};

impl Resolver<'_, '_> {
    pub(super) fn destinations(&mut self, checked: &Checked) -> BTreeMap<DestinationId, Destination> {
        let mut destinations = BTreeMap::new();
        for (key, fields) in checked.entries() {
            if let Ok(id) = DestinationId::parse(&key.text) {
                self.note_places(&format!("destinations.{id}"), key.at, fields);
                let destination = self.destination(&id, fields);
                destinations.insert(id, destination);
            }
        }
        destinations
    }

    fn note_places(&mut self, path: &str, at: Position, fields: &Checked) {
        self.places.insert(path.to_owned(), at);
        for name in
            ["type", "region", "endpoint", "token", "import", "route", "subject", "release", "root_certificates"]
        {
            self.places.insert(format!("{path}.{name}"), fields.field(name).at);
        }
        for (name, _) in OF_ONE_TYPE {
            self.places.insert(format!("{path}.{name}"), fields.field(name).at);
        }
        let route = fields.field("route");
        for name in ["sources", "events", "except_events", "countries"] {
            self.places.insert(format!("{path}.route.{name}"), route.field(name).at);
        }
        let release = fields.field("release");
        for (i, item) in release.field("allow").items().iter().enumerate() {
            self.places.insert(format!("{path}.release.allow[{i}]"), item.at);
        }
        // By their number among the good ones: the others are problems already.
        let good = release.field("rules").items().iter().filter(|rule| selectors(rule).len() == 1);
        for (i, rule) in good.enumerate() {
            self.places.insert(format!("{path}.release.rules[{i}]"), rule.at);
        }
    }

    fn destination(&mut self, id: &DestinationId, fields: &Checked) -> Destination {
        let kind = word(fields.field("type"));
        let region = self.region(id, kind, fields.field("region"));
        let allow_addresses = cidrs(fields.field("allow_addresses"));
        let endpoint = fields.field("endpoint");
        let endpoint = (!endpoint.is_absent()).then(|| (endpoint.at, Origin::parse(endpoint.text())));
        let endpoint = endpoint.and_then(|(at, origin)| Some((at, origin?)));
        if let Some((at, origin)) = &endpoint {
            self.endpoint(id, (kind, region), *at, origin, !allow_addresses.is_empty());
        }
        let release = fields.field("release");
        let lag = fields.field("lag");
        let timeouts = fields.field("timeouts");
        let import = fields.field("import");
        let may_be_plain = !allow_addresses.is_empty();
        let environments = fields.field("environments");
        let identity_merge = fields.field("identity_merge");
        if kind != "mixpanel" && identity_merge.text() != "original" {
            let what = format!("`destinations.{id}.identity_merge` is of Mixpanel's projects only: remove it");
            self.report(identity_merge.at, &what);
        }
        if fields.field("endpoint").is_absent() && !has_addresses(kind) && kind != "files" {
            let what = format!(
                "`destinations.{id}.endpoint` is missing: {kind} has no address of its own, name your server's"
            );
            self.report(fields.field("type").at, &what);
        }
        let own = self.settings(id, kind, fields, endpoint.as_ref().map(|(_, origin)| origin));
        let optional_path = |resolver: &Self, field: &Checked| (!field.is_absent()).then(|| resolver.path(field));
        Destination {
            kind,
            region,
            endpoint: endpoint.map(|(_, origin)| origin).or(own.endpoint),
            allow_addresses,
            token: self.token(id, kind, fields.field("type").at, fields.field("token")),
            more_secrets: own.secrets,
            folder: own.folder,
            roll_every: own.roll_every,
            import: (!import.is_absent()).then(|| Import {
                username: self.secret(&format!("destinations.{id}.import.username"), import.field("username")),
                secret: self.secret(&format!("destinations.{id}.import.secret"), import.field("secret")),
                project_id: import.field("project_id").number(),
            }),
            export: self.export(id, kind, fields.field("export"), may_be_plain),
            environments: {
                let mut list: Vec<_> = environments.items().iter().map(environment).collect();
                list.sort_unstable();
                list.dedup();
                list
            },
            route: route(fields.field("route")),
            subject: subject(fields.field("subject")),
            allow: release.field("allow").items().iter().map(|item| item.field("path").text().to_owned()).collect(),
            allow_terms: self.allow_terms(id, release.field("allow")),
            rules: {
                let mut rules: Vec<_> =
                    release.field("rules").items().iter().filter_map(|rule| self.rule(id, rule)).collect();
                if fields.field("shares").flag() {
                    rules.push(ReleaseRule { selector: Selector::Consent(no_sale()), action: RuleAction::Drop });
                }
                rules
            },
            vendor: fields.field("vendor").optional_text().unwrap_or_else(|| kind.to_owned()),
            from: if fields.field("from").text() == "earliest" { StartFrom::Earliest } else { StartFrom::Now },
            on_unknown: match word(fields.field("on_unknown")) {
                "keep_unknown" => Some(OnUnknown::KeepUnknown),
                "resend" => Some(OnUnknown::Resend),
                _ => None,
            },
            onward: self.onward(id, fields.field("onward")),
            retention: {
                let retention = fields.field("retention");
                (!retention.is_absent()).then(|| duration(retention))
            },
            lag_max: duration(lag.field("max")),
            on_lag: if lag.field("on_lag").text() == "hold" { OnLag::Hold } else { OnLag::Expire },
            links: fields.field("links").flag(),
            settings: own.settings,
            identity_merge: match identity_merge.text() {
                "simplified" => IdentityMerge::Simplified,
                "legacy" => IdentityMerge::Legacy,
                _ => IdentityMerge::Original,
            },
            compress: fields.field("compression").text() == "gzip",
            connect_timeout: duration(timeouts.field("connect")),
            request_timeout: duration(timeouts.field("request")),
            root_certificates: optional_path(self, fields.field("root_certificates")),
        }
    }

    /// How the vendor is asked what it has. Its secrets are read by the command that asks, and by nobody before.
    fn export(&mut self, id: &DestinationId, kind: &str, of: &Checked, may_be_plain: bool) -> Option<Export> {
        if of.is_absent() {
            return None;
        }
        let name = format!("destinations.{id}.export");
        let secret = |resolver: &Self, field: &Checked| {
            (!field.is_absent()).then(|| Secret { place: resolver.secret_place(field).0, value: None })
        };
        let (username, secret) = (secret(self, of.field("username")), secret(self, of.field("secret")));
        let project = of.field("project_id");
        let project_id = (!project.is_absent()).then(|| project.number());
        let endpoint = of.field("endpoint");
        let endpoint = (!endpoint.is_absent())
            .then(|| self.push_url(&format!("{name}.endpoint"), endpoint, may_be_plain))
            .flatten();
        let has_any = username.is_some() || secret.is_some() || project_id.is_some() || endpoint.is_some();
        match weir_protocol::export::Export::of(kind) {
            None if has_any => {
                let what =
                    format!("`{name}`: {kind} has no interface that says what it has: only `time_zone` may stand here");
                self.report(of.at, &what);
            }
            Some(export) if has_any => {
                let needs = [
                    ("username", export.has_user(), username.is_some()),
                    ("secret", true, secret.is_some()),
                    ("project_id", export.has_project(), project_id.is_some()),
                ];
                for (field, is_needed, is_there) in needs {
                    if is_needed && !is_there {
                        self.report(of.at, &format!("`{name}.{field}` is missing: {kind} asks for it"));
                    } else if !is_needed && is_there {
                        let what = format!("`{name}.{field}`: {kind} does not ask for it: remove it");
                        self.report(of.field(field).at, &what);
                    }
                }
            }
            _ => {}
        }
        let time_zone = of.field("time_zone").text().to_owned();
        Some(Export { username, secret, project_id, time_zone, endpoint })
    }

    /// The region, or the first one of the type.
    fn region(&mut self, id: &DestinationId, kind: &str, field: &Checked) -> &'static str {
        let regions = weir_protocol::destination_kind(kind).map(|kind| kind.endpoints).unwrap_or_default();
        if field.is_absent() {
            return regions.first().map(|(name, _)| *name).unwrap_or_default();
        }
        let region = word(field);
        if !regions.iter().any(|(name, _)| *name == region) && !kind.is_empty() {
            let mut names: Vec<&str> = regions.iter().map(|(name, _)| *name).collect();
            // A region may have several hosts, which stand together.
            names.dedup();
            let what = match names.as_slice() {
                [] => format!(
                    "`destinations.{id}.region`: {kind} has no regions of its own: remove it, `endpoint` says where it is"
                ),
                _ => {
                    format!("`destinations.{id}.region`: {kind} has no region `{region}`; it has {}", names.join(", "))
                }
            };
            self.report(field.at, &what);
        }
        region
    }

    fn endpoint(&mut self, id: &DestinationId, place: (&str, &str), at: Position, origin: &Origin, may_be_plain: bool) {
        let (kind, region) = place;
        let host = origin.host();
        // Which host is of which vendor and region is said once, in `weir_protocol::vendors`.
        let own = || weir_protocol::destination_kind(kind).map(|of| of.check_region(Some(region), &host));
        match vendors::kind_of_host(&host).filter(|of| of.name != kind) {
            Some(of) => {
                let message = format!(
                    "`destinations.{id}.endpoint` is a host of {}, but `type` is `{kind}`: change one of the two",
                    of.name
                );
                self.report(at, &message);
            }
            None => self.own_host(id, region, at, own()),
        }
        if !origin.is_secure() && !may_be_plain {
            let message = format!(
                "`destinations.{id}.endpoint` is plain http: use https, or name the private range that it lies in under `allow_addresses`"
            );
            self.report(at, &message);
        }
    }

    /// What is wrong with a host that is the vendor's own.
    fn own_host(&mut self, id: &DestinationId, region: &str, at: Position, checked: Option<Result<(), SetupError>>) {
        let message = match checked {
            Some(Err(SetupError::RegionMismatch { endpoint: owner })) => format!(
                "`destinations.{id}.endpoint` is the host of region `{owner}`, but `region` is `{region}`: \
                 the vendor loses what is sent to the wrong one; write `region: {owner}` or remove the endpoint"
            ),
            Some(Err(SetupError::NotForEvents)) => format!(
                "`destinations.{id}.endpoint` is a host of the vendor that takes no events: remove it, `region` decides the host"
            ),
            // A region that the vendor does not have is said at `region`.
            Some(Err(_) | Ok(())) | None => return,
        };
        self.report(at, &message);
    }

    /// The token, which most types need.
    fn token(&mut self, id: &DestinationId, kind: &str, at: Position, field: &Checked) -> Option<Secret> {
        if !field.is_absent() {
            if kind == "files" {
                self.report(field.at, &format!("`destinations.{id}.token` is not for files: remove it"));
            }
            return Some(self.secret(&format!("destinations.{id}.token"), field));
        }
        // What was written and is no secret is a problem already.
        if field.at.line == 0 && !TOKEN_OPTIONAL.contains(&kind) {
            let what = format!(
                "`destinations.{id}.token` is missing: the project token: {{env: NAME}} or {{file: /path/to/it}}"
            );
            self.report(at, &what);
        }
        None
    }

    fn onward(&mut self, id: &DestinationId, list: &Checked) -> Option<Vec<Onward>> {
        if list.is_absent() {
            return None;
        }
        let mut read = Vec::new();
        for item in list.items() {
            let day = |name| item.field(name).optional_text();
            let (since, until) = (day("since"), day("until"));
            // Days of this form sort as texts.
            if since.as_ref().zip(until.as_ref()).is_some_and(|(since, until)| since > until) {
                self.report(item.at, &format!("`destinations.{id}.onward`: `since` is after `until`: exchange them"));
            }
            let vendor = item.field("vendor").text().to_owned();
            read.push(Onward { vendor, region: day("region"), since, until });
        }
        Some(read)
    }
}

fn subject(checked: &Checked) -> Subject {
    match &checked.value {
        Read::Variant("raw", Some(body)) => Subject::Raw { confirm_category: body.field("confirm_category").flag() },
        Read::Variant("rotating", Some(body)) => Subject::Rotating(duration(body)),
        _ => Subject::Stable,
    }
}

/// Whether a vendor has addresses of its own: the others are where the customer runs them.
fn has_addresses(kind: &str) -> bool {
    weir_protocol::destination_kind(kind).is_some_and(|kind| kind.endpoint(None).is_ok())
}
