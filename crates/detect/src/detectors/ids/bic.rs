//! The code of a bank (BIC, SWIFT code).
//!
//! Finds: `DEUTDEFF`, `DEUTDEFF500` under a key of bank accounts.
//! Not one: words whose fifth and sixth letters are no country.
//! Example: `swift_code` = `DEUTDEFF500`, `bic` = `NEDSZAJJ`
//! Misses: without a key, where words look the same.
//! Source: ISO 9362:2022; ISO 3166-1 alpha-2 (the examples are of SWIFT's documentation).

use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "bic",
    category: Category::BankAccount,
    facts: PathFacts::BANK,
    shapes: &["AAAAAA**", "AAAAAA*****"],
    passes,
    has_sum: false,
    case_matters: true,
    has_digest: false,
    chance: 2,
};

/// Countries of ISO 3166-1, and Kosovo as the registry of account numbers has it.
const COUNTRIES: &[u8] = b"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCU\
CVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKG\
KHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPN\
PRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYT\
ZAZMZWXK";

fn passes(value: &[u8]) -> bool {
    let capitals = value.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    capitals && COUNTRIES.chunks_exact(2).any(|country| *country == value[4..6])
}
