//! Numbers of fax machines.
//!
//! Finds: five digits or more under a key of fax machines.
//! Example: `fax` = `+49 30 901820`, `numero_de_fax` = `01 40 20 50 51`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, count_digits};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "fax_number",
    category: Category::FaxNumber,
    facts: PathFacts::FAX,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "fax faxnumber faxno faxnum telefax telefaxnummer faxnummer numerofax numerodefax numerodifax télécopie
            telecopieur numertelefaksu numerfaksu faks faksnummer faksi faksinumero faxovéčíslo faksno nomorfaks факс
            ファックス 传真 传真号码 傳真 팩스 팩스번호",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], _: bool) -> Fit {
    if (5..=20).contains(&count_digits(value)) && value.len() <= 40 { Fit::Yes } else { Fit::No }
}
