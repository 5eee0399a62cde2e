use proptest::prelude::*;

use super::*;

fn spec(name: &str, regex: &str) -> OwnSpec {
    OwnSpec {
        name: name.to_owned(),
        regex: regex.to_owned(),
        category: Category::UniqueId,
        validator: None,
        keys: Vec::new(),
        likelihood: Likelihood::Likely,
        matches: Vec::new(),
        not: Vec::new(),
    }
}

fn compiled(specs: &[OwnSpec]) -> OwnDetectors {
    OwnDetectors::compile(specs).unwrap()
}

fn found(own: &OwnDetectors, path: &str, kind: LeafKind, text: &str) -> Vec<(&'static str, Likelihood, (u32, u32))> {
    let mut found = Vec::new();
    let known = Known { own: Some(own), hints: own.hints(path) };
    Engine::new().scan_knowing(known, PathFacts::of_path(path), kind, text.as_bytes(), &mut found);
    found
        .iter()
        .filter(|f| own.names().any(|name| name == f.detector))
        .map(|f| (f.detector, f.likelihood, f.span))
        .collect()
}

fn problem(spec: OwnSpec) -> OwnProblem {
    let problems = OwnDetectors::compile(&[spec]).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].1.clone()
}

#[test]
fn a_text_that_every_match_holds_leads_to_its_detector_wherever_it_stands() {
    let own = compiled(&[spec("employee", r"\bEMP-\d{6}\b"), spec("case_no", r"(?i)\b(case|ticket)[ #]?\d+")]);
    let text = LeafKind::String;
    assert_eq!(found(&own, "x", text, "EMP-004711"), [("employee", Likelihood::Likely, (0, 10))]);
    assert_eq!(found(&own, "x", text, "see EMP-004711 or TICKET 12")[1], ("case_no", Likelihood::Likely, (18, 27)));
    assert_eq!(found(&own, "x", text, "TEMP-004711"), []);
    assert_eq!(found(&own, "x", text, "https://x.example/?who=EMP%2D004711").len(), 1, "behind a disguise");
    assert_eq!(found(&own, "x", LeafKind::MapKey, "EMP-004711").len(), 1);
    assert_eq!(found(&own, "x", text, "EMP"), [], "nothing to look at");
}

#[test]
fn a_key_makes_a_detector_run_and_its_finding_surer() {
    let keyed = OwnSpec { keys: vec!["staff_no".into(), "badgeId".into()], ..spec("badge", r"^[A-Z]?\d{4}$") };
    let own = compiled(&[keyed]);
    for path in ["staff_no", "profile.staffNo", "user.badge.id", "badge_id"] {
        assert_eq!(found(&own, path, LeafKind::Number, "4711"), [("badge", Likelihood::VeryLikely, (0, 4))], "{path}");
    }
    for path in ["staff", "no_staff", "number", "staff_notes"] {
        assert_eq!(found(&own, path, LeafKind::Number, "4711"), [], "{path}");
    }
}

#[test]
fn digits_lead_to_a_detector_that_has_neither_a_text_nor_a_key() {
    let own = compiled(&[spec("plate", r"\b[A-Z]{1,3}-[A-Z]{1,2} \d{3,4}\b")]);
    assert_eq!(found(&own, "x", LeafKind::String, "B-MW 1234").len(), 1);
    assert_eq!(found(&own, "x", LeafKind::String, "B-MW 12"), []);
}

#[test]
fn a_validator_decides_what_a_match_is() {
    let checked = |validator: &str, regex: &str| {
        compiled(&[OwnSpec { validator: Some(validator.into()), ..spec("checked", regex) }])
    };
    let own = checked("luhn", r"\bK\d{10}\b");
    let at = |own: &OwnDetectors, text| found(own, "x", LeafKind::String, text).len();
    assert_eq!((at(&own, "K7992739871"), at(&own, "K7992739870")), (0, 0), "ten digits of which the sum is wrong");
    let own = checked("luhn", r"\bK\d{11}\b");
    assert_eq!((at(&own, "K79927398713"), at(&own, "K79927398714")), (1, 0));
    let own = checked("br_cpf", r"\d{11}");
    assert_eq!((at(&own, "52998224725"), at(&own, "52998224726")), (1, 0));
}

#[test]
fn what_cannot_be_run_or_fails_its_own_cases_is_refused() {
    let is = |regex: &str, expected: fn(&OwnProblem) -> bool| {
        let problem = problem(spec("mine", regex));
        assert!(expected(&problem), "{regex}: {problem}");
    };
    is(r"(abc)\1", |p| matches!(p, OwnProblem::Syntax(_)));
    is(r"(?=abc)abc", |p| matches!(p, OwnProblem::Syntax(_)));
    is(r"abc(", |p| matches!(p, OwnProblem::Syntax(_)));
    is(r"(abc)*", |p| matches!(p, OwnProblem::MatchesNothing));
    is(r"\b", |p| matches!(p, OwnProblem::MatchesNothing));
    is(r"abc(\w{1,400}-){1,400}", |p| matches!(p, OwnProblem::TooLarge));
    is(r"[a-z]+@[a-z]+", |p| matches!(p, OwnProblem::Everywhere));
    is(r"[a-z]{2}\d\d", |p| matches!(p, OwnProblem::Everywhere));
    is(r"ab|abc\d{9}", |p| matches!(p, OwnProblem::Everywhere));
    is(&"a".repeat(REGEX_BYTES_MAX + 1), |p| matches!(p, OwnProblem::TooLong));
    assert!(matches!(problem(spec("email", "abc")), OwnProblem::Name(_)), "the name of one of ours");
    let base = || spec("mine", "abc");
    assert!(matches!(problem(OwnSpec { validator: Some("sum".into()), ..base() }), OwnProblem::Validator(_)));
    assert!(matches!(problem(OwnSpec { keys: vec!["-".into()], ..base() }), OwnProblem::Key(_)));
    assert_eq!(problem(OwnSpec { matches: vec!["abc".into(), "ABC".into()], ..base() }), OwnProblem::Missed(2));
    assert_eq!(problem(OwnSpec { not: vec!["xabcx".into()], ..base() }), OwnProblem::Found(1));
    let many: Vec<OwnSpec> = (0..=OWN_MAX).map(|n| spec(&format!("d{n}"), "abc")).collect();
    assert_eq!(OwnDetectors::compile(&many).unwrap_err(), [(OWN_MAX, OwnProblem::TooMany)]);
    assert!(OwnDetectors::compile(&many[..OWN_MAX]).is_ok());
}

#[test]
fn what_makes_a_difference_to_findings_makes_another_version() {
    let version = |spec: OwnSpec| compiled(&[spec]).version();
    let plain = version(spec("mine", "abc"));
    assert_eq!((compiled(&[]).version(), plain, plain >> 24), (0, version(spec("mine", "abc")), 0));
    assert_eq!(
        plain,
        version(OwnSpec { matches: vec!["abc".into()], ..spec("mine", "abc") }),
        "a case changes nothing"
    );
    for other in [spec("mine", "abd"), OwnSpec { keys: vec!["k".into()], ..spec("mine", "abc") }] {
        assert_ne!(version(other), plain);
    }
}

proptest! {
    #[test]
    fn the_texts_that_lead_to_a_detector_never_hide_a_match(
        regex in r"[abc]{3,4}(\(\?:[abc]{1,3}\|[ab]{3}\))?(\[ab\])?[abc]{0,2}(\(\[abc\]\{2\}xyz\)\?)?", text in "[ -~]{0,6}[abc]{0,12}(xyz)?[ -~]{0,6}"
    ) {
        let Ok(own) = OwnDetectors::compile(&[spec("mine", &regex)]) else { return Ok(()) };
        let matches = Regex::new(&regex).unwrap().is_match(text.as_bytes());
        prop_assert_eq!(!found(&own, "x", LeafKind::String, &text).is_empty(), matches, "{} in {}", regex, text);
    }

    #[test]
    fn no_expression_and_no_text_make_it_panic(regex in ".{0,40}", text in ".{0,60}") {
        if let Ok(own) = OwnDetectors::compile(&[OwnSpec { keys: vec!["x".into()], ..spec("mine", &regex) }]) {
            for (_, _, (start, end)) in found(&own, "x", LeafKind::String, &text) {
                prop_assert!(start < end && end as usize <= text.len());
            }
        }
    }
}
