//! Detectors of one's own, from the configuration: a regular expression, perhaps a check, perhaps words of the key.
//!
//! They cost nothing where they have nothing to do. Of each expression the text that every match must hold is taken out
//! (`literals`); one pass over a leaf finds which of these texts stand in it, and only their expressions run. An expression
//! without such a text runs under the words of its key, or, where it has none, on leaves with as many digits as a match needs.
//! The engine behind it is linear in the leaf (a lazy automaton of bounded size, no looking around, no back reference), and works on
//! bytes: `\d`, `\w`, `\b` and `(?i)` are of ASCII.
//!
//! Limits: [`OWN_MAX`] detectors, [`REGEX_BYTES_MAX`] bytes an expression, [`AUTOMATON_BYTES_MAX`] bytes an automaton, and none that
//! matches nothing at all.

mod literals;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use weir_event::{Category, Evidence, Finding, LeafKind, Likelihood, limits};

use crate::Engine;
use crate::checks::Check;
use crate::facts::PathFacts;
use crate::leaf::Output;

use literals::Literals;

/// Detectors of one's own.
pub const OWN_MAX: usize = limits::OWN_DETECTORS_MAX;
/// Bytes of a regular expression.
pub const REGEX_BYTES_MAX: usize = limits::OWN_REGEX_BYTES_MAX;
/// Bytes of what one is compiled to.
pub const AUTOMATON_BYTES_MAX: usize = limits::OWN_AUTOMATON_BYTES_MAX;
/// A detector without a text of its own and without keys needs this many digits, or it would run on every leaf.
const DIGITS_MIN: u32 = 3;
/// Matches of one detector in one leaf that are reported,
const MATCHES_MAX: usize = 16;
/// and that are held against its check.
const TRIES_MAX: usize = 4_096;
/// Names are kept for the life of a process; more different ones share one.
const NAMES_MAX: usize = 1_024;

/// A detector as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnSpec {
    /// Its name in findings.
    pub name: String,
    /// What it finds.
    pub regex: String,
    /// What that is.
    pub category: Category,
    /// A check that a match has to pass: one of [`Check::names`].
    pub validator: Option<String>,
    /// Words of a property's path: `employee_id` is in `employeeId` and in `profile.employee.id`.
    pub keys: Vec<String>,
    /// How sure a match is; under one of the keys one step more.
    pub likelihood: Likelihood,
    /// Texts in which it must find something.
    pub matches: Vec<String>,
    /// Texts in which it must find nothing.
    pub not: Vec<String>,
}

/// What is wrong with one. Shows what the operator wrote, nothing of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnProblem {
    /// More than [`OWN_MAX`].
    TooMany,
    /// Another detector has this name.
    Name(String),
    /// Longer than [`REGEX_BYTES_MAX`].
    TooLong,
    /// Not an expression, or one that the linear engine does not have.
    Syntax(String),
    /// Larger than [`AUTOMATON_BYTES_MAX`].
    TooLarge,
    /// It matches where nothing stands.
    MatchesNothing,
    /// It would run on every leaf.
    Everywhere,
    /// No such check.
    Validator(String),
    /// A key without a letter or digit.
    Key(String),
    /// A case of its own in which nothing is found; its place, from 1.
    Missed(usize),
    /// A case of its own in which something is found.
    Found(usize),
}

impl fmt::Display for OwnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnProblem::TooMany => write!(f, "there are more than {OWN_MAX} detectors: take some together"),
            OwnProblem::Name(name) => write!(f, "`{name}` is the name of another detector: choose one of its own"),
            OwnProblem::TooLong => write!(f, "`regex` is longer than {REGEX_BYTES_MAX} bytes"),
            OwnProblem::Syntax(why) => {
                write!(f, "`regex` is no expression that can be used (no looking around, no back references): {why}")
            }
            OwnProblem::TooLarge => {
                write!(f, "`regex` is compiled to more than {AUTOMATON_BYTES_MAX} bytes: lower its repetitions")
            }
            OwnProblem::MatchesNothing => f.write_str("`regex` matches the empty text: make it need something"),
            OwnProblem::Everywhere => write!(
                f,
                "`regex` has no text of three characters that every match holds, nor {DIGITS_MIN} digits: name words of the key in `keys`"
            ),
            OwnProblem::Validator(name) => {
                write!(f, "there is no validator `{name}`: there are {}", Check::names().collect::<Vec<_>>().join(", "))
            }
            OwnProblem::Key(key) => write!(f, "`{key}` in `keys` has no letter or digit"),
            OwnProblem::Missed(case) => write!(f, "case {case} of `matches` is not found"),
            OwnProblem::Found(case) => write!(f, "case {case} of `not` is found"),
        }
    }
}

/// One, compiled.
#[derive(Debug)]
struct Own {
    name: &'static str,
    regex: Regex,
    category: Category,
    check: Option<Check>,
    likelihood: Likelihood,
    /// As `_employee_id_`.
    keys: Vec<String>,
}

/// All of a configuration, compiled. Immutable, part of a generation (D16).
#[derive(Debug, Default)]
pub struct OwnDetectors {
    list: Box<[Own]>,
    literals: Literals,
    /// Those that run on leaves with so many digits.
    by_digits: Box<[(u32, u64)]>,
    version: u32,
}

impl OwnDetectors {
    /// Compiles them and runs their cases; all problems at once, each with the place of its detector.
    pub fn compile(specs: &[OwnSpec]) -> Result<OwnDetectors, Vec<(usize, OwnProblem)>> {
        let mut problems = Vec::new();
        let (mut list, mut literals, mut by_digits) = (Vec::new(), Vec::new(), Vec::new());
        let mut names: BTreeSet<&str> = Engine::new().detectors().collect();
        for (place, spec) in specs.iter().enumerate() {
            if place == OWN_MAX {
                problems.push((place, OwnProblem::TooMany));
                break;
            }
            if !names.insert(&spec.name) {
                problems.push((place, OwnProblem::Name(spec.name.clone())));
            }
            match Own::compile(spec) {
                Ok((own, needs)) => {
                    let bit = 1 << list.len();
                    match needs {
                        Needs::Literals(texts) => literals.extend(texts.into_iter().map(|text| (text, bit))),
                        Needs::Digits(digits) => by_digits.push((digits, bit)),
                        Needs::Key => {}
                    }
                    list.push(own);
                }
                Err(of_this) => problems.extend(of_this.into_iter().map(|problem| (place, problem))),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let version = if specs.is_empty() { 0 } else { digest(specs).max(1) };
        let own =
            OwnDetectors { list: list.into(), literals: Literals::new(literals), by_digits: by_digits.into(), version };
        for (place, spec) in specs.iter().enumerate() {
            problems.extend(own.failing(spec).into_iter().map(|problem| (place, problem)));
        }
        if problems.is_empty() { Ok(own) } else { Err(problems) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Their names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.list.iter().map(|own| own.name)
    }

    /// Tells these from others (D16): 24 bits, 0 where there is none.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Which of them a path's name asks for, as bits: once per path.
    pub fn hints(&self, path: &str) -> u64 {
        if self.list.iter().all(|own| own.keys.is_empty()) {
            return 0;
        }
        let words = words_of(path);
        let asks = |own: &Own| own.keys.iter().any(|key| words.contains(key.as_str()));
        self.list.iter().enumerate().filter(|(_, own)| asks(own)).fold(0, |bits, (place, _)| bits | 1 << place)
    }

    /// Which of them have to look at a text, beside those of the key.
    #[inline]
    pub(crate) fn wanted(&self, text: &[u8]) -> u64 {
        let mut wanted = self.literals.find(text);
        if let Some((fewest, _)) = self.by_digits.first() {
            let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
            if digits >= *fewest as usize {
                let enough = self.by_digits.iter().filter(|(needs, _)| digits >= *needs as usize);
                wanted |= enough.fold(0, |bits, (_, bit)| bits | bit);
            }
        }
        wanted
    }

    /// Runs those of `wanted`; `hints` says which the key asked for.
    pub(crate) fn run(&self, mut wanted: u64, hints: u64, text: &[u8], out: &mut Output<'_>) {
        while wanted != 0 {
            let place = wanted.trailing_zeros();
            wanted &= wanted - 1;
            let Some(own) = self.list.get(place as usize) else { return };
            let likelihood = if hints >> place & 1 == 1 { one_more(own.likelihood) } else { own.likelihood };
            out.detector = own.name;
            // What fails its check must not keep what passes from being looked at.
            let passing =
                own.regex.find_iter(text).take(TRIES_MAX).filter(|found| {
                    !found.is_empty() && own.check.is_none_or(|check| check.passes(&text[found.range()]))
                });
            for found in passing.take(MATCHES_MAX) {
                let evidence = if own.check.is_some() { Evidence::Checksum } else { Evidence::Shape };
                out.add(own.category, likelihood, evidence, found.start(), found.end());
            }
        }
    }

    /// Cases of a detector that do not hold. They run the way that a leaf goes, under one of its keys where it has some.
    fn failing(&self, spec: &OwnSpec) -> Vec<OwnProblem> {
        let path = spec.keys.first().map_or("", String::as_str);
        let finds = |text: &String| {
            let mut found: Vec<Finding> = Vec::new();
            let known = Known { own: Some(self), hints: self.hints(path) };
            Engine::new().scan_knowing(known, PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
            found.iter().any(|f| f.detector == spec.name)
        };
        let missed = spec.matches.iter().enumerate().filter(|(_, text)| !finds(text));
        let found = spec.not.iter().enumerate().filter(|(_, text)| finds(text));
        let missed = missed.map(|(case, _)| OwnProblem::Missed(case + 1));
        missed.chain(found.map(|(case, _)| OwnProblem::Found(case + 1))).collect()
    }
}

/// What a scan knows beside its own list of detectors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// Detectors of the configuration.
    pub own: Option<&'k OwnDetectors>,
    /// Which of them the leaf's path asks for: [`OwnDetectors::hints`].
    pub hints: u64,
}

impl Known<'_> {
    /// Which detectors of the configuration have to look at a text.
    #[inline]
    pub(crate) fn wanted(self, text: &[u8]) -> u64 {
        self.own.map_or(0, |own| own.wanted(text) | self.hints)
    }
}

/// When a detector runs.
enum Needs {
    /// Where one of these stands.
    Literals(Vec<Vec<u8>>),
    /// Where there are so many digits.
    Digits(u32),
    /// Under its keys only.
    Key,
}

impl Own {
    fn compile(spec: &OwnSpec) -> Result<(Own, Needs), Vec<OwnProblem>> {
        let mut problems = Vec::new();
        let keys: Vec<String> = spec.keys.iter().map(|key| words_of(key)).collect();
        let empty = keys.iter().position(|key| key.len() < 3);
        problems.extend(empty.map(|place| OwnProblem::Key(spec.keys[place].clone())));
        let check = spec.validator.as_deref().map(|name| Check::named(name).ok_or(name));
        if let Some(Err(name)) = check {
            problems.push(OwnProblem::Validator(name.to_owned()));
        }
        let compiled = compile(&spec.regex);
        let needs = compiled.as_ref().ok().and_then(|(_, hir)| {
            let digits = literals::digits(hir);
            match literals::required(hir) {
                Some(texts) => Some(Needs::Literals(texts)),
                None if !keys.is_empty() => Some(Needs::Key),
                None => (digits >= DIGITS_MIN).then_some(Needs::Digits(digits)),
            }
        });
        match (compiled, needs) {
            (Err(problem), _) => problems.push(problem),
            (Ok(_), None) => problems.push(OwnProblem::Everywhere),
            (Ok((regex, _)), Some(needs)) if problems.is_empty() => {
                let own = Own {
                    name: interned(&spec.name),
                    regex,
                    category: spec.category,
                    check: check.and_then(Result::ok),
                    likelihood: spec.likelihood,
                    keys,
                };
                return Ok((own, needs));
            }
            _ => {}
        }
        Err(problems)
    }
}

fn compile(text: &str) -> Result<(Regex, regex_syntax::hir::Hir), OwnProblem> {
    if text.len() > REGEX_BYTES_MAX {
        return Err(OwnProblem::TooLong);
    }
    let form = syntax::Config::new().unicode(false).utf8(false).nest_limit(50);
    let hir = syntax::parse_with(text, &form).map_err(|error| {
        // The last line of it says what, the ones before show where.
        let text = error.to_string();
        OwnProblem::Syntax(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
    })?;
    if hir.properties().minimum_len().is_none_or(|length| length == 0) {
        return Err(OwnProblem::MatchesNothing);
    }
    let limits = Regex::config()
        .utf8_empty(false)
        .nfa_size_limit(Some(AUTOMATON_BYTES_MAX))
        .onepass_size_limit(Some(AUTOMATON_BYTES_MAX))
        .hybrid_cache_capacity(AUTOMATON_BYTES_MAX);
    let regex = Regex::builder().configure(limits).build_from_hir(&hir).map_err(|_| OwnProblem::TooLarge)?;
    Ok((regex, hir))
}

fn one_more(likelihood: Likelihood) -> Likelihood {
    match likelihood {
        Likelihood::VeryUnlikely => Likelihood::Unlikely,
        Likelihood::Unlikely => Likelihood::Possible,
        Likelihood::Possible => Likelihood::Likely,
        Likelihood::Likely | Likelihood::VeryLikely => Likelihood::VeryLikely,
    }
}

/// `employeeId` and `employee-id` as `_employee_id_`: words, lower-case, between bars.
fn words_of(path: &str) -> String {
    let mut out = String::from("_");
    let mut before = ' ';
    for c in path.chars() {
        if !c.is_alphanumeric() {
            before = ' ';
            continue;
        }
        let hump = c.is_uppercase() && (before.is_lowercase() || before.is_numeric());
        if (before == ' ' || hump) && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
        before = c;
    }
    if !out.ends_with('_') {
        out.push('_');
    }
    out
}

/// A name for the life of the process: findings carry it by reference.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    if names.len() >= NAMES_MAX {
        return "own";
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

/// 24 bits of FNV-1a over everything that makes a difference to what is found.
fn digest(specs: &[OwnSpec]) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in (bytes.len() as u32).to_le_bytes().iter().chain(bytes) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for spec in specs {
        add(spec.name.as_bytes());
        add(spec.regex.as_bytes());
        add(&[spec.category as u8, spec.likelihood as u8]);
        add(spec.validator.as_deref().unwrap_or_default().as_bytes());
        spec.keys.iter().for_each(|key| add(key.as_bytes()));
    }
    (hash ^ hash >> 32) as u32 & 0x00ff_ffff
}

#[cfg(test)]
mod tests;
