//! The fuzz corpora on stable: every kept input of every target, a few seeded changes of each, and noise, without a panic.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use weir_tests::captures::fixtures;
use weir_tests::privacy::files_below;
use weir_tests::random::Random;

type Target = fn(&[u8]);

/// One test per target of `fuzz/fuzz_targets`, by its name.
macro_rules! targets {
    ($($name:ident: $target:path,)*) => {
        const TARGETS: &[&str] = &[$(stringify!($name)),*];

        mod no_kept_input_panics {
            $(
                #[test]
                fn $name() {
                    super::replay(stringify!($name), $target);
                }
            )*
        }
    };
}

targets! {
    amplitude: weir_protocol::fuzz::fuzz_amplitude,
    archive: weir_protocol::fuzz::fuzz_archive,
    audit: weir::cli::audit::fuzz::fuzz_audit,
    backup: weir::backup::manifest::fuzz::fuzz_manifest,
    body: weir_protocol::fuzz::fuzz_body,
    catalog: weir_catalog::fuzz::fuzz_catalog,
    certificate: weir::tls::expiry::fuzz::fuzz_certificate,
    checkpoint: weir_ledger::fuzz::fuzz_checkpoint,
    command: weir_console::socket::fuzz::fuzz_command,
    rollout: weir::rollout::file::fuzz_rollout,
    config: weir::config::fuzz::fuzz_config,
    consent: weir_policy::fuzz::fuzz_consent,
    country_table: weir_detect::fuzz::fuzz_country_table,
    edit: weir::config::fuzz::fuzz_edit,
    formats: weir::formats::fuzz::fuzz_formats,
    from_outside: weir_ledger::fuzz::fuzz_from_outside,
    hand_over: weir::hand_over::fuzz::fuzz_hand_over,
    hold: weir_hold::fuzz::fuzz_entry,
    holding: weir_answers::fuzz::fuzz_holding,
    reconciled: weir_answers::fuzz::fuzz_reconciled,
    zone: weir_answers::fuzz::fuzz_zone,
    identity: weir_identity::fuzz::fuzz_identity,
    interpret: weir_protocol::fuzz::fuzz_interpret,
    json: weir_protocol::fuzz::fuzz_json,
    keys: weir_keys::fuzz::fuzz_keys,
    ledger_entry: weir_ledger::fuzz::fuzz_entry,
    ledger_log: weir_ledger::fuzz::fuzz_log_file,
    ledger_snapshot: weir_ledger::fuzz::fuzz_snapshot,
    lz_string: weir_protocol::fuzz::fuzz_lz_string,
    mixpanel: weir_protocol::fuzz::fuzz_mixpanel,
    outbound: weir_outbound::fuzz::fuzz_outbound,
    detect_lines: weir::cli::detect::fuzz::fuzz_detect,
    preflight: weir::cli::preflight::fuzz::fuzz_preflight,
    posthog: weir_protocol::fuzz::fuzz_posthog,
    record: weir_policy::fuzz::fuzz_record,
    reduce: weir_detect::fuzz::fuzz_reduce,
    people: weir_trail::fuzz::fuzz_people,
    reason: weir_ledger::fuzz::fuzz_reason,
    shipped: weir_trail::fuzz::fuzz_position,
    row_files: weir_rows::fuzz::fuzz_row_files,
    rows: weir_ledger::fuzz::fuzz_rows,
    rudderstack: weir_protocol::fuzz::fuzz_rudderstack,
    scan: weir_detect::fuzz::fuzz_scan,
    segment: weir_journal::fuzz::fuzz_segment,
    segment_sdk: weir_protocol::fuzz::fuzz_segment,
    snowplow: weir_protocol::fuzz::fuzz_snowplow,
    tally: weir_policy::fuzz::fuzz_tally,
    tile: weir_ledger::fuzz::fuzz_tile,
    version: weir::disk::fuzz::fuzz_version,
    withheld: weir_policy::fuzz::fuzz_withheld,
}

/// Changed copies of each kept input.
const CHANGES: u64 = 4;
/// Inputs of noise for each target.
const NOISES: u64 = 200;

fn folder() -> std::path::PathBuf {
    fixtures().parent().expect("the fixtures lie in the repository").join("fuzz")
}

#[test]
fn every_target_is_replayed() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|name| (*name).to_owned()).collect();
    let there: BTreeSet<String> = files_below(&folder().join("fuzz_targets"))
        .iter()
        .filter_map(|f| f.file_stem().map(|s| s.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(listed, there, "the list here and the targets of the fuzzer differ");
}

/// Runs a target over every kept input, a few seeded changes of each, and noise.
fn replay(name: &str, target: Target) {
    let mut random = Random::new(0);
    for noise in 0..NOISES {
        let bytes: Vec<u8> = (0..random.below(400)).map(|_| random.draw() as u8).collect();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(outcome.is_ok(), "{name} panics on noise {noise}: {bytes:02x?}");
    }
    let kept = files_below(&folder().join("corpus").join(name));
    assert!(!kept.is_empty(), "{name} has no corpus");
    for file in kept {
        let input = std::fs::read(&file).expect("a kept input can be read");
        let mut random = Random::new(input.len() as u64);
        for change in 0..=CHANGES {
            let mut bytes = input.clone();
            if change > 0 {
                alter(&mut bytes, &mut random);
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
            assert!(outcome.is_ok(), "{name} panics on {}, change {change}", file.display());
        }
    }
}

fn alter(bytes: &mut Vec<u8>, random: &mut Random) {
    let place = random.below(bytes.len() as u64 + 1) as usize;
    match random.below(4) {
        0 => bytes.truncate(place),
        1 => bytes.insert(place, random.draw() as u8),
        2 => bytes.extend_from_within(..place),
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}
