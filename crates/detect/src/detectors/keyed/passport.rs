//! Numbers of passports.
//!
//! Finds: a word with a digit of four bytes or more under a key of passports.
//! Not one: countries of issue.
//! Example: `passport_number` = `C01X00T47`, `reisepassnummer` = `C01X00T47`
//! Misses: the same values under keys that say nothing.
//! Source: ICAO Doc 9303; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, number_like};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "passport",
    category: Category::Passport,
    facts: PathFacts::PASSPORT,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: number_like,
    words: Vocabulary {
        always: "passport passportnumber passportno passportid traveldocument traveldocumentnumber reisepass reisepassnummer reisepassnr
            passnummer passeport numeropasseport numerodepasseport pasaporte numeropasaporte numerodepasaporte
            passaporte numeropassaporte passaporto numeropassaporto paspoort paspoortnummer paszport numerpaszportu
            pasnummer passinumero číslopasu cestovnípas pasaport pasaportno paspor nomorpaspor паспорт номерпаспорта
            загранпаспорт pasport nomerpasporta паспорту パスポート パスポート番号 旅券番号 护照 护照号 护照号码 護照 護照號碼 여권 여권번호",
        ..Vocabulary::NONE
    },
};
