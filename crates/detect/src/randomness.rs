//! Whether a token was made by a generator or by a person: its entropy, and how its neighbouring characters follow on one another.
//!
//! Words, identifiers, paths and file names have few of the possible pairs of characters; a random token has all of them alike. The
//! cost of each pair, in sixteenths of a bit, stands in a table of 64 × 64 that is computed at compile time from
//! `randomness.txt`: the words of three to twelve letters that stand twelve times or more in this repository's own sources and
//! pages (counted in November 2026), and some hundred of user interfaces and shops, as they stand in lower case, with a capital in
//! front, and in capitals.

const WORDS: &[u8] = include_bytes!("randomness.txt");

/// Letters of two cases, digits, what separates words, and the rest.
const SYMBOLS: usize = 64;
const SEPARATOR: u8 = 62;
const OTHER: u8 = 63;

const SYMBOL: [u8; 256] = {
    let mut symbols = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        symbols[byte] = match byte as u8 {
            b @ b'a'..=b'z' => b - b'a',
            b @ b'A'..=b'Z' => b - b'A' + 26,
            b @ b'0'..=b'9' => b - b'0' + 52,
            b'-' | b'_' | b'.' | b'/' | b':' | b' ' => SEPARATOR,
            _ => OTHER,
        };
        byte += 1;
    }
    symbols
};

/// Costs of pairs in sixteenths of a bit.
static COSTS: [[u8; SYMBOLS]; SYMBOLS] = costs();

const fn costs() -> [[u8; SYMBOLS]; SYMBOLS] {
    // What never stood in the list is possible too.
    let mut counts = [[8_u32; SYMBOLS]; SYMBOLS];
    let separator = SEPARATOR as usize;
    let (mut at, mut previous) = (0, separator);
    while at <= WORDS.len() {
        let byte = if at < WORDS.len() { WORDS[at] } else { b' ' };
        at += 1;
        let is_letter = byte.is_ascii_lowercase();
        let was_letter = previous < 26;
        let next = if is_letter { (byte - b'a') as usize } else { separator };
        if is_letter && was_letter {
            counts[previous][next] += 64;
            counts[previous + 26][next + 26] += 16;
        } else if is_letter {
            counts[separator][next] += 64;
            counts[separator][next + 26] += 32;
            // The second letter behind a capital: `Na` of `Name`.
            if at < WORDS.len() && WORDS[at].is_ascii_lowercase() {
                counts[next + 26][(WORDS[at] - b'a') as usize] += 48;
            }
        } else if was_letter {
            counts[previous][separator] += 64;
            counts[previous + 26][separator] += 16;
            // Behind a word: a hump with any capital, or a number.
            let mut symbol = 26;
            while symbol < 62 {
                counts[previous][symbol] += 2;
                symbol += 1;
            }
        }
        previous = next;
    }
    // Numbers: any digit follows any other, and they begin and end where words do.
    let mut digit = 52;
    while digit < 62 {
        let mut next = 0;
        while next < 62 {
            counts[digit][next] += if next < 52 { 60 } else { 900 };
            next += 1;
        }
        counts[digit][separator] += 3_000;
        counts[separator][digit] += 1_800;
        digit += 1;
    }
    let mut costs = [[0; SYMBOLS]; SYMBOLS];
    let mut row = 0;
    while row < SYMBOLS {
        let (mut total, mut column) = (0_u32, 0);
        while column < SYMBOLS {
            total += counts[row][column];
            column += 1;
        }
        let total = log2(total);
        column = 0;
        while column < SYMBOLS {
            let cost = total - log2(counts[row][column]);
            costs[row][column] = if cost > 255 { 255 } else { cost as u8 };
            column += 1;
        }
        row += 1;
    }
    costs
}

/// The binary logarithm in sixteenths, rounded down.
const fn log2(number: u32) -> u32 {
    let whole = number.ilog2();
    // The mantissa as a number from 1 to 2 with 16 bits behind the point, squared four times.
    let mut mantissa = ((number as u64) << 16) >> whole;
    let (mut fraction, mut bit) = (0, 8);
    while bit > 0 {
        mantissa = (mantissa * mantissa) >> 16;
        if mantissa >= 2 << 16 {
            mantissa >>= 1;
            fraction += bit;
        }
        bit >>= 1;
    }
    whole * 16 + fraction
}

/// Below this mean cost a token is made of words, or nearly. Of 600 identifiers made of the words of the list, with numbers, 99 in
/// 100 cost less than 87 and none more than 92.
pub(crate) const WORDY: u32 = 94;
/// From this mean cost on a token is random. Of 2,000 random tokens of 20 to 48 characters 99 in 100 cost 108 or more, none less than 98.
pub(crate) const RANDOM: u32 = 100;

/// The mean cost of a pair, in sixteenths of a bit: about 71 for identifiers, about 125 for random letters and digits.
pub(crate) fn mean_cost(token: &[u8]) -> u32 {
    let symbol = |byte: &u8| usize::from(SYMBOL[usize::from(*byte)] & 63);
    let mut previous = usize::from(SEPARATOR);
    let mut sum = 0_u32;
    for byte in token {
        let next = symbol(byte);
        sum += u32::from(COSTS[previous][next]);
        previous = next;
    }
    sum / (token.len() as u32).max(1)
}

/// The mean entropy of random tokens of 64 kinds of characters that are 16, 24, 32 … 120 bytes long, in sixteenths of a bit.
const ENTROPIES: [u32; 14] = [60, 68, 73, 77, 79, 81, 83, 84, 85, 86, 87, 88, 89, 89];

/// Shannon's entropy of the bytes, in thousandths of what a random token of its length has. For 16 bytes and more.
pub(crate) fn entropy_per_mille(token: &[u8]) -> u32 {
    let mut counts = [0_u16; 128];
    for byte in token {
        counts[usize::from(byte & 0x7f)] += 1;
    }
    // n·H = n·log n − Σ c·log c.
    let len = token.len() as u32;
    let spread: u32 = token.iter().map(|byte| log2(u32::from(counts[usize::from(byte & 0x7f)]))).sum();
    let entropy = (len * log2(len.max(1))).saturating_sub(spread);
    let length = (token.len() / 8).saturating_sub(2).min(ENTROPIES.len() - 1);
    entropy * 1_000 / (len * ENTROPIES[length]).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right() {
        for (number, log) in [(1, 0), (2, 16), (3, 25), (64, 96), (100, 106), (1 << 20, 320)] {
            assert_eq!(log2(number), log, "{number}");
        }
    }

    #[test]
    fn words_cost_less_than_random_tokens() {
        for word in [
            "LibraryWebpageUploadUr1RowStatus",
            "checkout/shipping_address",
            "com.example.app.MainActivity",
            "GET_STARTED_BUTTON",
        ] {
            println!("{word} {} {}", mean_cost(word.as_bytes()), entropy_per_mille(word.as_bytes()));
            assert!(mean_cost(word.as_bytes()) < WORDY, "{word}");
        }
        for random in
            ["wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzKEY", "8dyfuiRyq=vVc3RRr_edRk-fK__JItpZ", "SOKXxs00k30PqZ7bT2"]
        {
            println!("{random} {} {}", mean_cost(random.as_bytes()), entropy_per_mille(random.as_bytes()));
            assert!(mean_cost(random.as_bytes()) >= RANDOM, "{random}");
        }
    }
}
