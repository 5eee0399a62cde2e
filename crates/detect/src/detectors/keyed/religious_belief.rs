//! Religious belief.
//!
//! Finds: any text under a key of religion.
//! Not one: words of a state.
//! Example: `religion` = `Sikh`, `konfession` = `evangelisch`, `religião` = `católica`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "religious_belief",
    category: Category::ReligiousBelief,
    facts: PathFacts::RELIGION,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "religion religions religiousbelief religiousbeliefs religiousaffiliation religiouspreference
            churchmembership konfession konfessionszugehörigkeit religionszugehörigkeit glaubensrichtung
            appartenancereligieuse croyancereligieuse religión creenciareligiosa religião crençareligiosa religione
            credoreligioso godsdienst geloofsovertuiging religie wyznanie trosuppfattning religionstilhørighet
            trosretning uskonto náboženství vyznání diniinanç agama религия вероисповедание religiya релігія
            віросповідання 宗教 宗教信仰 信仰 종교",
        alone: "faith confession",
        of_persons: "denomination belief beliefs",
        ..Vocabulary::NONE
    },
};
