//! Race, ethnic origin, colour of skin.
//!
//! Finds: any text under a key of ethnic origin.
//! Not one: `race_condition`, races that are run.
//! Example: `ethnicity` = `Yoruba`, `race` = `Black`, `ethnische_herkunft` = `kurdisch`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "race_ethnicity",
    category: Category::RaceEthnicity,
    facts: PathFacts::ETHNICITY,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always:
            "ethnicity ethnicities ethnicgroup ethnicorigin ethnicbackground racialorigin racialbackground raceethnicity
            ethnicityrace caste skincolor skincolour hautfarbe ethnischeherkunft ethnizität ethnie origineethnique
            couleurdepeau etnia origenetnico colordepiel origemetnica cordapele corraca origineetnica coloredellapelle
            etniciteit etnischeachtergrond etnischeafkomst pochodzenieetniczne etnisktursprung etniskoprindelse
            etniskbakgrunn etninentausta etnickýpůvod etnikköken sukubangsa этническаяпринадлежность etnichnost
            етнічність 民族 人種 种族 種族 인종 민족",
        alone: "race",
        of_persons: "tribe raza raça razza",
        ..Vocabulary::NONE
    },
};
