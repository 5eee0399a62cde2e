//! A search for short texts that cost much when they are repeated: what [`crate::TRICKS`] is grown from.
//!
//! It changes a text a little, keeps what made it dearer, and begins anew where nothing does for a while. The same seed tries the same
//! texts only as far as the clock agrees; what it prints is to be measured again.

use std::hint::black_box;
use std::time::{Duration, Instant};

use weir_detect::{Engine, PathFacts};
use weir_event::LeafKind;

const BYTES: usize = 8 * 1024;
const UNIT_BYTES_MAX: usize = 12;
/// Changes in a row that may make nothing dearer.
const PATIENCE: u32 = 25;
const SHOWN: usize = 30;

/// What detectors, decoders and keys ask for.
const PIECES: [&str; 62] = [
    "1", "4", "0", "9", "a", "A", "e", "z", "q", " ", ".", "-", ":", "/", "@", "=", "%", "&", "+", "\"", "\\", "{",
    "}", "[", "]", "(", ")", "_", ",", ";", "~", "|", "#", "?", "<", ">", "'", "\n", "\t", "é", "eyJ", "sig=", "sk",
    "GB29", "AKIA", "ghp_", "user", "token=", "http://", "%25", "\\u00", "\\\\", "at ", "/Users/", "C:\\", "1985",
    "4111", "MTA", "the", "<<<", "M<", "\"a\":",
];

/// Looks for so long, and prints the dearest it found.
pub(crate) fn hunt(time: Duration, seed: u64) {
    let (engine, begin) = (Engine::new(), Instant::now());
    let (mut found, mut dearest) = (Vec::with_capacity(1_024), Vec::<(f64, String)>::new());
    let mut state = seed | 1;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let mut cost = |unit: &str| {
        let text = unit.repeat(BYTES / unit.len());
        let mut scan = || {
            found.clear();
            // The time of the processor is too coarse for so little; the least of a few is what nobody disturbed.
            let begin = Instant::now();
            engine.scan(PathFacts::NONE, LeafKind::String, black_box(text.as_bytes()), &mut found);
            begin.elapsed()
        };
        let best = (0..4).map(|_| scan()).min().unwrap_or_default();
        best.as_secs_f64() * 1e9 / text.len() as f64
    };
    while begin.elapsed() < time {
        let (mut unit, mut dear, mut patience) = (String::from("a"), 0.0, PATIENCE);
        while patience > 0 {
            let mut other = unit.clone();
            for _ in 0..1 + random(3) {
                let places: Vec<usize> = other.char_indices().map(|(at, _)| at).collect();
                let place = if places.is_empty() { 0 } else { places[random(places.len())] };
                match random(3) {
                    0 if !places.is_empty() => drop(other.remove(place)),
                    _ => other.insert_str(place, PIECES[random(PIECES.len())]),
                }
            }
            patience -= 1;
            if other.is_empty() || other.len() > UNIT_BYTES_MAX {
                continue;
            }
            let cost = cost(&other);
            if cost > 1.02 * dear {
                (unit, dear, patience) = (other, cost, PATIENCE);
            }
        }
        dearest.push((cost(&unit).min(dear), unit));
    }
    dearest.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("| 8 KiB of | ns/byte |");
    println!("|---|--:|");
    dearest.iter().take(SHOWN).for_each(|(cost, unit)| println!("| `{}` | {cost:.1} |", unit.escape_debug()));
}
