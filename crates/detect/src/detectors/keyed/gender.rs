//! Gender, pronouns and forms of address.
//!
//! Finds: a short text under a key of gender; a code of one digit is possible.
//! Not one: genres of films and books (`genre` counts only below a person).
//! Example: `gender` = `f`, `geschlecht` = `weiblich`, `user.genre` = `femme`, `pronouns` = `she/her`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "gender",
    category: Category::Gender,
    facts: PathFacts::GENDER,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always:
            "gender genderidentity usergender pronoun pronouns preferredpronouns salutation geschlecht anrede civilité
            sexo sesso geslacht aanhef płeć kön køn kjønn sukupuoli pohlaví cinsiyet jeniskelamin стать 性別 性别 성별",
        alone: "sex sexe genero género",
        of_persons: "genre пол honorific",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    match value {
        [b'0'..=b'9'] => Fit::Perhaps,
        _ if value.len() > 40 => Fit::No,
        _ => letters(value, is_number),
    }
}
