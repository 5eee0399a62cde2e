use super::check::{Checked, Read};
use super::*;
use proptest::prelude::*;
use weir_event::{Environment, Purpose, Region};
use weir_policy::Reading;

fn parse(text: &str) -> Result<Config, Problems> {
    let environment = |name: &str| match name {
        "PRODUCT_TOKEN" => Some("s3cret-token".to_owned()),
        "SPACED" => Some("two words s3cret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Config::parse(text, Path::new("conf/weir.yaml"), Secrets::Read(&environment))
}

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.to_string().lines().map(str::to_owned).collect(),
    }
}

const ISSUE_EXAMPLE: &str = "\
listen: {ingest: 127.0.0.1:8400, console: 127.0.0.1:8401}
sources:
  web: {protocol: mixpanel, write_keys: [mptoken0123456789abcdef012345678], environment: production, mode: enforce}
destinations:
  product: {type: mixpanel, subject: {rotating: 7d}, endpoint: http://127.0.0.1:9900, allow_addresses: [127.0.0.0/8], token: {env: PRODUCT_TOKEN}, release: {allow: [plan, format]}}
";

#[test]
fn the_syntax_that_scripts_rely_on_is_accepted() {
    let config = parse(ISSUE_EXAMPLE).unwrap();
    let source = &config.sources[&SourceId::parse("web").unwrap()];
    assert_eq!((source.mode, source.environment), (Mode::Enforce, Environment::Production));
    assert_eq!(source.write_keys, ["mptoken0123456789abcdef012345678"]);
    let destination = &config.destinations[&DestinationId::parse("product").unwrap()];
    assert_eq!(destination.subject, Subject::Rotating(Duration::from_secs(7 * 86_400)));
    assert_eq!(destination.origin(), "http://127.0.0.1:9900");
    assert_eq!(destination.token.as_ref().unwrap().reveal(), Some("s3cret-token"));
    assert_eq!(destination.allow, ["plan", "format"]);
    assert_eq!(destination.environments, [Environment::Production]);
}

#[test]
fn the_smallest_hold_has_room_for_the_largest_event() {
    let with = |budget: &str| problems(&format!("hold: {{budget: {budget}}}\n"));
    assert_eq!(with("4MiB"), Vec::<String>::new());
    assert_eq!(with("3MiB").len(), 1, "it would be full from the start, and intake closed");
    let budget = parse("hold: {budget: 4MiB}\n").unwrap().hold.budget_bytes;
    assert!(budget > 2 * weir_event::limits::HOLD_BODY_BYTES_MAX as u64);
}

#[test]
fn no_file_is_a_configuration_without_destinations() {
    let config = Config::built_in();
    assert!(config.sources.is_empty() && config.destinations.is_empty());
    assert_eq!(config.listen.ingest.to_string(), "127.0.0.1:8400");
    assert_eq!(config.slices, ["country"]);
    assert_eq!(config.disk_reserve, None);
    assert_eq!(config.limits.body_bytes, weir_event::limits::BODY_BYTES_MAX);
    assert_eq!(config.limits.body_decoded_bytes, weir_event::limits::BODY_DECODED_BYTES_MAX);
    assert_eq!(config.limits.head_bytes, weir_event::limits::HEAD_BYTES_MAX);
    assert_eq!(config.limits.in_flight_bytes, weir_event::limits::IN_FLIGHT_BYTES_MAX);
}

#[test]
fn every_problem_is_reported_at_once_with_file_line_and_column() {
    let text = "\
listn: {}
sources:
  web: {write_keys: [k], mode: obsreve}
  app: {write_keys: [k, k2], environment: prod, colour: red}
  Bad: {write_keys: [x]}
destinations:
  product:
    type: mixpanel
    token: abcdef0123456789
    endpoint: https://api-eu.mixpanel.com
    lag: {max: 72}
journal: {segment: 64MB}
";
    let got = problems(text);
    let want = [
        "conf/weir.yaml:1:1: unknown field `listn`: did you mean `listen`?",
        "conf/weir.yaml:3:32: `sources.web.mode` must be one of tap, observe, enforce: did you mean `observe`?",
        "conf/weir.yaml:4:22: `sources.app.write_keys` has a key of source `web`: a key belongs to one source",
        "conf/weir.yaml:4:43: `sources.app.environment` must be one of development, staging, production",
        "conf/weir.yaml:4:49: `sources.app`: unknown field `colour`: there is protocol, write_keys, environment, mode, identity_space, group_keys, events, auxiliary, auxiliary_destination, block_in_browser, accept_flag_loss, consent, country, rate_limit",
        "conf/weir.yaml:5:3: a name in `sources` must be 1 to 40 of the characters a-z 0-9 _ - beginning with a letter",
        "conf/weir.yaml:8:5: `destinations.product.subject` is missing: how people appear at this vendor, and there is no silent default",
        "conf/weir.yaml:9:12: `destinations.product.token`: a secret never stands in this file: write {env: NAME}",
        "conf/weir.yaml:10:15: `destinations.product.endpoint` is the host of region `eu`, but `region` is `us`",
        "conf/weir.yaml:11:16: `destinations.product.lag.max` must be a time from 1m to 365d with its unit",
        "conf/weir.yaml:12:20: `journal.segment` must be a size from 1MiB to 1GiB with its unit",
    ];
    for (got, want) in got.iter().zip(want) {
        assert!(got.starts_with(want), "\n got: {got}\nwant: {want}");
    }
    assert_eq!(got.len(), want.len(), "{got:#?}");
    assert!(!got.join("\n").contains("abcdef0123456789"), "what may be a secret is not echoed");
}

#[test]
fn a_secret_that_cannot_be_read_is_named_and_never_shown() {
    let destination = |token: &str| format!("destinations: {{p: {{type: mixpanel, subject: stable, token: {token}}}}}");
    for (token, want) in [
        ("{env: NOT_SET}", "the environment variable NOT_SET is not set"),
        ("{env: EMPTY}", "EMPTY is empty"),
        ("{env: SPACED}", "SPACED holds spaces"),
        ("{file: nowhere/token}", "conf/nowhere/token cannot be read"),
        ("{vault: secret/s3cret}", "a secret never stands in this file"),
        ("{env: [a]}", "must be the name of an environment variable"),
    ] {
        let got = problems(&destination(token)).join("\n");
        assert!(got.contains(want), "{token}: {got}");
        assert!(!got.contains("s3cret"), "{got}");
    }
    let left = Config::parse(&destination("{env: NOT_SET}"), Path::new("weir.yaml"), Secrets::Leave).unwrap();
    assert_eq!(left.destinations.values().next().unwrap().token.as_ref().unwrap().reveal(), None);
    let read = parse(&destination("{env: PRODUCT_TOKEN}")).unwrap();
    assert!(!format!("{read:?}").contains("s3cret"));
    assert!(!read.canonical().contains("s3cret"));
}

#[test]
fn a_secret_file_may_end_with_a_line_break() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "abc\r\n").unwrap();
    let text = "destinations: {p: {type: mixpanel, subject: raw, token: {file: token}}}";
    let config = Config::parse(text, &folder.path().join("weir.yaml"), Secrets::Read(&|_| None)).unwrap();
    assert_eq!(config.destinations.values().next().unwrap().token.as_ref().unwrap().reveal(), Some("abc"));
}

#[test]
fn subject_has_no_default_and_each_of_its_forms_is_read() {
    let subject = |text: &str| {
        let text = format!("destinations: {{p: {{type: mixpanel, token: {{env: PRODUCT_TOKEN}}, subject: {text}}}}}");
        parse(&text).map(|c| c.destinations.values().next().unwrap().subject)
    };
    assert_eq!(subject("raw"), Ok(Subject::Raw { confirm_category: false }));
    assert_eq!(subject("{raw: {confirm_category: true}}"), Ok(Subject::Raw { confirm_category: true }));
    assert_eq!(subject("stable"), Ok(Subject::Stable));
    assert_eq!(subject("{rotating: 30d}"), Ok(Subject::Rotating(Duration::from_secs(30 * 86_400))));
    for bad in ["rotating", "{rotating: 1m}", "{stable: yes}", "~", "anonymous", "{raw: {}, stable: {}}"] {
        assert!(subject(bad).is_err(), "{bad}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_problems() {
    let product = "type: mixpanel, subject: stable, token: {env: PRODUCT_TOKEN}";
    for (text, want) in [
        ("listen: {ingest: 127.0.0.1:1, console: 127.0.0.1:1}".to_owned(), "the same address"),
        ("journal: {segment: 64MiB, budget: 100MiB}".to_owned(), "at least four times"),
        ("limits: {body: 20MiB, in_flight: 8MiB}".to_owned(), "`limits.in_flight` must be at least"),
        (format!("destinations: {{p: {{{product}, endpoint: http://relay.example}}}}"), "is plain http"),
        (format!("destinations: {{p: {{{product}, endpoint: https://eu.mixpanel.com}}}}"), "takes no events"),
        (
            "destinations: {p: {type: rudderstack, token: {env: T}, subject: {rotating: 7d}}}".to_owned(),
            "`destinations.p.endpoint` is missing: rudderstack has no address of its own",
        ),
        (
            "destinations: {p: {type: amplitude, subject: stable, token: {env: T}, identity_merge: legacy}}".to_owned(),
            "`destinations.p.identity_merge` is of Mixpanel's projects only",
        ),
        (format!("destinations: {{p: {{{product}, release: {{rules: [{{action: drop}}]}}}}}}"), "exactly one of"),
        (
            format!("destinations: {{p: {{{product}, release: {{rules: [{{event: a, action: pseudonymize}}]}}}}}}"),
            "pseudonymizes a property only",
        ),
        (
            "sources: {a: {write_keys: [k], auxiliary: proxy}}".to_owned(),
            "there is no destination of type mixpanel that takes its environment",
        ),
        ("sources: {a: {write_keys: [k, k]}}".to_owned(), "names a key twice"),
        ("sources: {a: {}}".to_owned(), "`sources.a.write_keys` is missing"),
        ("slices: [a, b, c, d]".to_owned(), "must have 0 to 3 items"),
    ] {
        let got = problems(&text);
        assert!(got.iter().any(|p| p.contains(want)), "{text}\n{got:?}");
    }
}

#[test]
fn consent_is_read_whole_and_its_problems_have_places() {
    let config = parse(
        "sources:
  web: {write_keys: [k], consent: {gpc: [advertising, sale_or_sharing], dnt: [], categories: {C0002: functional, '7': ignore},
    properties: {consent_state: analytics, profile.tc: tcf}, cookies: {OptanonConsent: onetrust}}}
  app: {write_keys: [k2]}
destinations:
  product: {type: mixpanel, subject: stable, token: {env: PRODUCT_TOKEN}, shares: true,
    release: {rules: [{consent: analytics, regions: [eu, GB]}, {consent: functional, unknown: allow}]}}
",
    )
    .unwrap();
    let consent = |id| &config.sources[&SourceId::parse(id).unwrap()].consent;
    let (web, app) = (consent("web"), consent("app"));
    assert_eq!(web.gpc, [Purpose::Advertising, Purpose::SaleOrSharing]);
    assert_eq!(web.categories, [("C0002".to_owned(), Some(Purpose::Functional)), ("7".to_owned(), None)]);
    assert_eq!(web.properties[1], ("profile.tc".to_owned(), Reading::Tcf));
    assert_eq!(web.cookies, [("OptanonConsent".to_owned(), Reading::OneTrust)]);
    assert_eq!(
        (app.gpc.as_slice(), app.dnt.as_slice()),
        (&[Purpose::SaleOrSharing][..], &[Purpose::SaleOrSharing][..])
    );
    let rules = &config.destinations[&DestinationId::parse("product").unwrap()].rules;
    let asked: Vec<_> = rules
        .iter()
        .map(|rule| match &rule.selector {
            Selector::Consent(asked) => (asked.purpose, asked.regions.len(), asked.unknown_may_leave),
            other => panic!("{other:?}"),
        })
        .collect();
    let shares = (Purpose::SaleOrSharing, 0, true);
    assert_eq!(asked, [(Purpose::Analytics, 2, false), (Purpose::Functional, 0, true), shares]);

    let found = problems(
        "sources:
  web:
    write_keys: [k]
    consent:
      gpc: [sale]
      cookies: {'a b': analytics}
destinations:
  product:
    type: mixpanel
    subject: stable
    token: {env: PRODUCT_TOKEN}
    release:
      rules:
        - {consent: analytics, regions: [Europe]}
        - {category: user.contact, regions: [eu]}
        - {consent: analytics, event: opened}
        - {consent: analytics, action: pseudonymize}
",
    );
    let at = |place: &str, text: &str| {
        let hit = found.iter().any(|line| line.starts_with(&format!("conf/weir.yaml:{place}")) && line.contains(text));
        assert!(hit, "{place} {text}: {found:#?}");
    };
    at("5:", "gpc");
    at("6:", "cookie");
    at("14:", "ISO code");
    at("15:", "goes with `consent` only");
    at("16:", "exactly one of");
    at("17:", "pseudonymizes a property only");
    assert_eq!(found.len(), 6, "{found:#?}");
}

const ROUTED: &str = "
residency:
  classes:
    eu: {countries: [eea, uk, CH], only: [europe]}
    rest: {countries: [elsewhere], only: [america, europe]}
  unknown: hold
sources:
  web: {write_keys: [k1]}
  server: {write_keys: [k2], country: event}
  shop: {write_keys: [k3], country: DE}
destinations:
  europe: {type: mixpanel, subject: stable, token: {env: PRODUCT_TOKEN}, region: eu}
  america:
    type: mixpanel
    subject: stable
    token: {env: PRODUCT_TOKEN}
    route: {sources: [web, server], except_events: [Heartbeat], countries: [US, CA]}
    release:
      rules:
        - {event: page_viewed, sample: 0.1, sample_by: device}
        - {sample: .25}
";

#[test]
fn routes_classes_and_samples_are_read_whole() {
    use weir_policy::{SampleBy, Share, UnknownCountry};
    let config = parse(ROUTED).unwrap();
    let names: Vec<_> = config.residency.classes.iter().map(|c| (c.name.as_str(), c.countries.join(" "))).collect();
    assert_eq!(names, [("eu", "eea uk CH".to_owned()), ("rest", "elsewhere".to_owned())]);
    assert_eq!(config.residency.unknown, UnknownCountry::Hold);
    let country = |id: &str| config.sources.iter().find(|(known, _)| known.as_str() == id).unwrap().1.country;
    assert_eq!((country("web"), country("server")), (Country::Client, Country::Event));
    assert_eq!(country("shop"), Country::Declared(Region::parse("DE").unwrap()));
    let (_, america) = config.destinations.first_key_value().unwrap();
    assert_eq!(america.route.sources, ["web", "server"]);
    let takes = |id: &str| america.takes(&SourceId::parse(id).unwrap(), Environment::Production);
    assert!(takes("web") && takes("server") && !takes("shop"));
    let samples: Vec<_> = america
        .rules
        .iter()
        .map(|rule| match &rule.selector {
            Selector::Sample(event, sample) => (event.as_deref(), sample.share.millionths(), sample.by),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(samples, [(Some("page_viewed"), 100_000, SampleBy::Device), (None, 250_000, SampleBy::Subject)]);
    assert_eq!(Share::ALL.millionths(), 1_000_000);
    assert!(parse("residency: {unknown: strictest}").unwrap().residency.classes.is_empty());
}

#[test]
fn every_preset_can_be_named() {
    let of = |fields: &'static [table::Field], name: &str| &fields.iter().find(|f| f.name == name).unwrap().kind;
    let table::Kind::Choice(choices) = of(table::release::RULE, "preset") else { panic!("a choice") };
    let names = weir_policy::presets::PRESETS.iter().map(|preset| preset.name);
    assert!(choices.iter().map(|choice| choice.name).eq(names));
}

#[test]
fn what_routes_and_classes_name_has_to_be_there() {
    let change = |from: &str, to: &str| {
        assert!(ROUTED.contains(from), "{from}");
        problems(&ROUTED.replace(from, to)).join("\n")
    };
    for (from, to, want) in [
        ("only: [europe]}", "only: [europa]}", "4:43: `residency.classes.eu.only`: there is no destination `europa`"),
        ("only: [europe]}", "only: []}", "`residency.classes.eu.only` must have 1 to 64 items"),
        (", only: [europe]}", "}", "`residency.classes.eu.only` is missing: the only destinations"),
        (
            "only: [europe]}",
            "only: [america]}",
            "`residency.classes.eu`: no destination in `only` takes an event of these countries",
        ),
        ("CH]", "CH, elsewhere]", "`residency.classes.eu`: `elsewhere` stands alone"),
        ("[elsewhere]", "[FR]", "`residency.classes.rest`: FR is in class `eu` too: a country belongs to one class"),
        ("[elsewhere]", "[Mars]", "must be the ISO code of a country"),
        ("unknown: hold", "unknown: allow", "`residency.unknown` must be one of strictest, hold"),
        (
            "sources: [web, server]",
            "sources: [web, sever]",
            "`destinations.america.route.sources`: there is no source `sever`",
        ),
        ("country: DE", "country: eu", "must be client, event, unknown, or the ISO code of a country"),
        ("country: DE", "country: XX", "must be client, event, unknown, or the ISO code of a country"),
        ("sample: .25", "sample: 0", "must be a share such as 0.1"),
        ("sample: .25", "sample: 1.5", "must be a share such as 0.1"),
        ("sample: .25", "sample: 10%", "must be a share such as 0.1"),
        ("sample: .25", "sample: 0.0000001", "must be a share such as 0.1"),
        ("{sample: .25", "{property: plan, sample: .25", "must have exactly one of category, property"),
        ("{sample: .25", "{event: x, sample_by: event", "goes with `sample` only"),
        ("{sample: .25", "{sample: .25, action: pseudonymize", "pseudonymizes a property only"),
    ] {
        let got = change(from, to);
        assert!(got.contains(want), "{to}: {got}");
    }
}

#[test]
fn an_endpoint_of_another_region_and_a_host_that_takes_no_events_are_refused() {
    let destination = |kind: &str, region: &str, endpoint: &str| {
        let more = format!("type: {kind}, subject: stable, token: {{env: PRODUCT_TOKEN}}, region: {region}");
        problems(&format!("destinations: {{p: {{{more}, endpoint: \"{endpoint}\"}}}}")).join("\n")
    };
    for (kind, region, host) in [
        ("mixpanel", "eu", "api-js.mixpanel.com"),
        ("mixpanel", "in", "api.mixpanel.com"),
        ("amplitude", "eu", "api.amplitude.com"),
        ("posthog", "eu", "app.posthog.com"),
        ("posthog", "us", "eu.i.posthog.com"),
        ("segment", "us", "events.eu1.segmentapis.com"),
    ] {
        assert!(destination(kind, region, &format!("https://{host}")).contains("is the host of region"), "{host}");
    }
    for (kind, host) in [("mixpanel", "mixpanel.com"), ("posthog", "www.posthog.com"), ("segment", "cdn.segment.io")] {
        assert!(destination(kind, "us", &format!("https://{host}")).contains("takes no events"), "{host}");
    }
    let elsewhere = destination("amplitude", "in", "https://relay.example.com");
    assert!(elsewhere.contains("amplitude has no region `in`; it has us, eu"), "{elsewhere}");
    let fine = |region: &str, host: &str| {
        let more = format!("type: mixpanel, subject: stable, token: {{env: PRODUCT_TOKEN}}, region: {region}");
        parse(&format!("destinations: {{p: {{{more}, endpoint: \"https://{host}\"}}}}")).is_ok()
    };
    assert!(fine("us", "api-js.mixpanel.com") && fine("eu", "relay.example.com"));
    assert!(!fine("eu", "api.mixpanel.com."), "the same host by another text");
}

#[test]
fn d16_the_hash_text_does_not_depend_on_how_the_file_is_written() {
    let long = "sources:\n  b:\n    write_keys: [\"2\"]\n    mode: observe\n  a: {write_keys: [x]}\njournal: {segment: 65536KiB}\n";
    let short = "# comment\njournal: {}\nsources: {a: {write_keys: [x]}, b: {write_keys: [2]}}\n";
    let (long, short) = (parse(long).unwrap(), parse(short).unwrap());
    assert_eq!(long.canonical(), short.canonical());
    let other = parse("sources: {a: {write_keys: [x]}, b: {write_keys: [3]}}\n").unwrap();
    assert_ne!(long.canonical(), other.canonical());
}

#[test]
fn the_page_and_the_schema_are_those_of_the_table() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, fresh) in [("weir.schema.json", schema::text()), ("configuration.md", page::text())] {
        if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
            std::fs::write(docs.join(name), &fresh).unwrap();
        }
        let stored = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(stored == fresh, "docs/{name} is not that of the table: run this test with WEIR_WRITE_DOCS=1");
    }
}

#[test]
fn the_example_of_the_page_is_a_valid_file() {
    parse(page::example()).unwrap();
}

/// Every default, stand-ins included, must fit its own field: `stand_in` asserts it while this walks the whole table.
#[test]
fn every_default_fits_its_field_and_every_field_is_documented() {
    fn walk(fields: &'static [table::Field], path: &str, names: &mut Vec<String>) {
        for field in fields {
            let path = format!("{path}.{}", field.name);
            assert!(field.doc.ends_with('.'), "{path} has no sentence");
            kind(&field.kind, &path, names);
            names.push(path);
        }
        let mut problems = Vec::new();
        let empty = yaml::parse("", &mut problems).unwrap();
        let Checked { value: Read::Section(read), .. } = check::section(fields, &empty, &mut problems) else {
            panic!()
        };
        assert_eq!(read.len(), fields.len());
        assert!(problems.iter().all(|p| p.message.contains("is missing")), "{problems:?}");
    }
    fn kind(of: &'static table::Kind, path: &str, names: &mut Vec<String>) {
        match of {
            table::Kind::Section(fields) => walk(fields, path, names),
            table::Kind::List { of, .. } | table::Kind::Map { of, .. } => kind(of, path, names),
            table::Kind::Variants { of, .. } => of.iter().filter_map(|v| v.body).for_each(|b| kind(b, path, names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    walk(table::ROOT, "", &mut names);
    assert!(names.len() > 60, "{}", names.len());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z{}\\[\\]:,&*!|>'\"#\\-\\n ~.0-9]{0,200}") {
        fuzz::fuzz_config(text.as_bytes());
    }

    /// Real field names in random shapes reach deeper than random text does.
    #[test]
    fn no_shape_of_known_fields_makes_the_reader_panic(
        lines in proptest::collection::vec(
            (0..4_usize, prop_oneof![Just("sources"), Just("destinations"), Just("a"), Just("subject"), Just("token"),
                Just("release"), Just("rules"), Just("listen"), Just("tls"), Just("write_keys"), Just("events"), Just("lag")],
             prop_oneof![Just(""), Just("[]"), Just("{}"), Just("raw"), Just("{env: A}"), Just("[a, {b: c}]"), Just("7d"), Just("~")]),
            0..20,
        )
    ) {
        let text: String = lines.iter().map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(*depth))).collect();
        fuzz::fuzz_config(text.as_bytes());
    }
}

#[test]
fn what_is_allowed_may_have_an_owner_and_an_end() {
    let with = |allow: &str| ISSUE_EXAMPLE.replace("allow: [plan, format]", &format!("allow: {allow}"));
    let config = parse(&with("[plan, {path: seats, owner: growth, until: 2027-03-31}, {path: format}]")).unwrap();
    let destination = &config.destinations[&DestinationId::parse("product").unwrap()];
    assert_eq!(destination.allow, ["plan", "seats", "format"]);
    let ends = Millis::from_rfc3339("2027-04-01T00:00:00Z").unwrap();
    let term = AllowTerm { path: "seats".into(), owner: Some("growth".into()), ends: Some(ends) };
    assert_eq!(term.until().as_deref(), Some("2027-03-31"));
    assert_eq!(destination.allow_terms, [term]);
    // Its end is part of what the generation is named by; how it is written is not.
    assert_eq!(
        config.canonical(),
        parse(&with("[{path: plan}, {until: 2027-03-31, owner: growth, path: seats}, format]")).unwrap().canonical()
    );
    assert_ne!(
        config.canonical(),
        parse(&with("[plan, {path: seats, owner: growth, until: 2027-03-30}, format]")).unwrap().canonical()
    );
    // Said 14 days before, and after.
    assert_eq!(config.ending(ends.plus(-ENDS_SOON_MILLIS - 1)), Vec::<String>::new());
    let said = |at| config.ending(at).join("");
    assert_eq!(
        said(ends.plus(-ENDS_SOON_MILLIS)),
        "destination product: `seats` leaves until 2027-03-31, owner growth"
    );
    assert_eq!(said(ends), "destination product: `seats` is withheld since its last day, 2027-03-31, owner growth");
    for (allow, what) in [
        ("[{owner: growth}]", "`destinations.product.release.allow[0].path` is missing"),
        ("[{path: plan, until: 2027-02-30}]", "`destinations.product.release.allow[0].until` must be a day"),
        ("[{path: plan, until: soon}]", "must be a day, such as 2027-03-31"),
        ("[plan, {path: plan, until: 2027-03-31}]", "names `plan` twice"),
        ("[{path: plan, untill: 2027-03-31}]", "did you mean `until`?"),
        ("[[plan]]", "must be a set of fields"),
    ] {
        let said = problems(&with(allow)).join("\n");
        assert!(said.contains(what), "{allow}: {said}");
    }
}

#[test]
fn a_receiver_of_the_audit_log_is_what_its_type_takes() {
    let read = |fields: &str| {
        let text = format!("audit_log: {{ship: {{siem: {{{fields}}}}}}}\n");
        Config::parse(&text, Path::new("weir.yaml"), Secrets::Leave)
    };
    for (good, is) in [
        ("type: syslog, to: \"tls://siem.example.com:6514\"", "Stream"),
        ("type: syslog, to: \"tcp://10.0.0.9:601\", allow_addresses: [10.0.0.0/8]", "Stream"),
        ("type: syslog, to: \"unix:/dev/log\", form: weir", "Local"),
        ("type: webhook, to: https://hooks.example.com/acts, secret: {env: HOOK}", "Webhook"),
        ("type: file, to: /var/log/weir-acts.ndjson", "File"),
    ] {
        let config = read(good).unwrap();
        let ship = config.ships.values().next().unwrap();
        assert!(format!("{:?}", ship.way).starts_with(is), "{good}");
        assert_eq!(ship.is_ocsf, !good.contains("form: weir"));
    }
    for (bad, says) in [
        ("type: syslog, to: siem.example.com", "write tls:// or tcp://"),
        ("type: syslog, to: \"tcp://siem.example.com:601\"", "is plain tcp"),
        ("type: syslog, to: \"unix:log\"", "unix:/dev/log"),
        ("type: webhook, to: https://hooks.example.com", "`audit_log.ship.siem.secret` is missing"),
        ("type: webhook, to: \"tls://a.b:1\", secret: {env: HOOK}", "is no URL"),
        ("type: webhook, to: http://hooks.example.com, secret: {env: HOOK}", "is plain http"),
        ("type: file, to: https://hooks.example.com", "is an address"),
        ("type: file, to: acts.ndjson, secret: {env: HOOK}", "signs requests to a webhook"),
        ("to: acts.ndjson", "how acts are handed on"),
    ] {
        let problems = read(bad).unwrap_err().to_string();
        assert!(problems.contains(says), "{bad}: {problems}");
    }
}
