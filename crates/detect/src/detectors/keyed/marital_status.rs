//! Marital status.
//!
//! Finds: any text under a key of marital status.
//! Not one: words of a state.
//! Example: `marital_status` = `divorced`, `familienstand` = `ledig`, `stato_civile` = `coniugata`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "marital_status",
    category: Category::MaritalStatus,
    facts: PathFacts::MARITAL,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "maritalstatus marriagestatus maritalstate relationshipstatus civilstatus civilstate familystatus
            familienstand zivilstand beziehungsstatus étatcivil situationmatrimoniale situationfamiliale statutmarital
            estadocivil situacaoconjugal statocivile burgerlijkestaat burgerlijkestatus relatiestatus stancywilny
            civilstånd sivilstatus sivilstand siviilisääty rodinnýstav medenihal medenidurum statuspernikahan
            statusperkawinan семейноеположение semeynoepolozhenie сімейнийстан 婚姻状況 婚姻状况 婚姻狀況 婚姻 결혼여부 혼인상태",
        alone: "married verheiratet",
        ..Vocabulary::NONE
    },
};
