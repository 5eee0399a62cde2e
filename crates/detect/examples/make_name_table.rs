//! Makes the table of names: `cargo run -p weir-detect --example make_name_table -- OWN GIVEN FAMILY WORDS THINGS OUT`.
//!
//! OWN is `data/names.txt`: names of ours under `[given]`, `[family]` and `[also]`, which stay what they are called there. The others
//! have one name, word or phrase a line: given names, family names, ordinary words of any language, and places and brands of several
//! words. A given name that is an ordinary word too counts only beside a family name, a family name that is one not at all; of the
//! places and brands those are kept that could be taken for a person. The bytes are described in `src/given_names.rs`.

#[path = "../src/given_names.rs"]
#[allow(dead_code, reason = "only the form of the table is wanted")]
mod given_names;
#[path = "../src/words.rs"]
#[allow(dead_code, reason = "only the folding is wanted")]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use given_names::{BUCKETS, CLASS, GIVEN_BYTES, MAGIC, NameHash, WORDS_BYTES, is_particle};
use words::Words;

const GIVEN: u16 = 0;
const FAMILY: u16 = 1;
const ALSO: u16 = 2;
/// A word that is a common family name, or several that are a place or a brand.
const OTHER: u16 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [lists @ .., out] = arguments.as_slice() else { return fail("give the five lists and the file to write") };
    let read = |path: &String| std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let written = lists
        .iter()
        .map(read)
        .collect::<Result<Vec<String>, String>>()
        .and_then(|lists| make(&lists))
        .and_then(|bytes| std::fs::write(out, bytes).map_err(|e| format!("{out}: {e}")));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

#[expect(clippy::print_stderr, reason = "a tool that people run")]
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn make(lists: &[String]) -> Result<Vec<u8>, String> {
    let [own, given, family, ordinary, things] = lists else { return Err("give five lists".to_owned()) };
    let ordinary: BTreeSet<Vec<u8>> = ordinary.lines().flat_map(words_of).collect();
    let mut names = BTreeMap::new();
    // The later wins.
    for word in family.lines().flat_map(names_of) {
        let class = if ordinary.contains(&word) { OTHER } else { FAMILY };
        names.insert(word, class);
    }
    for word in given.lines().flat_map(names_of) {
        let class = if ordinary.contains(&word) { ALSO } else { GIVEN };
        names.insert(word, class);
    }
    for class in [FAMILY, GIVEN, ALSO] {
        let head = ["[given]", "[family]", "[also]"][usize::from(class)];
        let section = own.split(head).nth(1).ok_or(format!("{head} is missing"))?;
        for word in section.split('[').next().unwrap_or_default().split_whitespace().flat_map(names_of) {
            // A family name that is a given name too stays that.
            let is_given = class == FAMILY && names.get(&word) == Some(&GIVEN);
            if !is_given {
                names.insert(word, class);
            }
        }
    }
    names.retain(|word, _| !is_particle(word));
    let mut hashes: BTreeMap<NameHash, u16> = names.iter().map(|(word, class)| (NameHash::of(word), *class)).collect();
    let mut given_bits = vec![0; GIVEN_BYTES];
    for (hash, _) in hashes.iter().filter(|(_, class)| matches!(**class, GIVEN | ALSO)) {
        set(&mut given_bits, hash.filter_bit());
    }
    let mut word_bits = vec![0; WORDS_BYTES];
    let is_ordinary = |word: &Vec<u8>| ordinary.contains(word) && !names.contains_key(word) && !is_particle(word);
    for word in ordinary.iter().filter(|word| word.len() > 1 && is_ordinary(word)) {
        NameHash::of(word).word_bits().into_iter().for_each(|bit| set(&mut word_bits, bit));
    }
    for thing in things.lines() {
        let words: Vec<Vec<u8>> = words_of(thing).collect();
        let is_given = |word: &Vec<u8>| names.get(word).is_some_and(|class| matches!(*class, GIVEN | ALSO));
        if words.len() > 1 && words.iter().any(is_given) && !words.iter().any(is_ordinary) {
            hashes.entry(NameHash::of(&words.join(&b' '))).or_insert(OTHER);
        }
    }
    let mut buckets = vec![BTreeMap::new(); BUCKETS];
    for (hash, class) in hashes {
        let (bucket, entry) = hash.place();
        // Of two that fall together the one that says less.
        let kept = buckets[bucket].entry(entry).or_insert(class);
        *kept = class.max(*kept);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(given_bits);
    bytes.extend(word_bits);
    let mut count = 0_u32;
    for bucket in &buckets {
        bytes.extend(count.to_le_bytes());
        count += bucket.len() as u32;
    }
    bytes.extend(count.to_le_bytes());
    for (entry, class) in buckets.into_iter().flatten() {
        bytes.extend(((entry & !CLASS) | class).to_le_bytes());
    }
    Ok(bytes)
}

fn set(bits: &mut [u8], bit: usize) {
    bits[bit / 8] |= 1 << (bit % 8);
}

/// The words of a line as a value's are looked up.
fn words_of(line: &str) -> impl Iterator<Item = Vec<u8>> {
    let words = Words::of(line);
    (0..words.count).map(move |i| words.word(i).to_vec())
}

/// The words of a name; one in Chinese, Japanese or Korean stays whole.
fn names_of(line: &str) -> Vec<Vec<u8>> {
    let ideographs = line.bytes().next().is_some_and(|first| matches!(first, 0xe3..=0xed));
    let words: Vec<Vec<u8>> = if ideographs { vec![line.trim().as_bytes().to_vec()] } else { words_of(line).collect() };
    words.into_iter().filter(|word| word.len() > 1).collect()
}
