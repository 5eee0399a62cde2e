//! Ages and age groups.
//!
//! Finds: a number from 1 to 120, a range (`25-34`, `65+`) or a group in words under a key of ages.
//! Not one: the age of a cache, of a document, `max_age`.
//! Example: `age` = `37`, `age_group` = `25-34`, `user.alter` = `37`, `возраст` = `41`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, count_digits};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "age",
    category: Category::AgeRange,
    facts: PathFacts::AGE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always:
            "userage ageyears ageinyears agegroup agerange agebracket ageband altersgruppe altersklasse altersbereich
            tranchedage trancheage groupedage edad rangoedad rangodeedad grupoedad idade faixaetaria fasciaeta
            fasciadieta leeftijd leeftijdsgroep leeftijdscategorie wiek grupawiekowa przedziałwiekowy ålder åldersgrupp
            alder aldersgruppe ikäryhmä věkováskupina yaşaralığı usia umur kelompokusia возраст возрастнаягруппа vozrast
            вік віковагрупа 年齢 年代 年龄 年齡 나이 연령 연령대",
        alone: "age ages alter yaş věk",
        of_persons: "eta età ikä",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    let digits = count_digits(value);
    let first = value.iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
    let years = first.take(4).fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    let whole = digits == value.len() || !is_number;
    if digits > 0 && whole && (1..=120).contains(&years) && digits <= 6 && value.len() <= 24 {
        return Fit::Yes;
    }
    if digits == 0 && value.len() <= 24 { Fit::Perhaps } else { Fit::No }
}
