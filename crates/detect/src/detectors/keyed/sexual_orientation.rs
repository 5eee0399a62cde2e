//! Sexual orientation and sex life.
//!
//! Finds: any text under a key of sexual orientation.
//! Not one: the orientation of a device or a page.
//! Example: `sexual_orientation` = `bi`, `orientamento_sessuale` = `etero`, `user.orientation` = `gay`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "sexual_orientation",
    category: Category::SexualOrientation,
    facts: PathFacts::SEXUALITY,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always:
            "orientationsexual sexualorientation sexuality sexualpreference sexualidentity sexualpreferences sexlife sexuallyactive lgbt
            lgbtq sexuelleorientierung sexualität orientationsexuelle sexualité orientaciónsexual sexualidad
            orientaçãosexual sexualidade orientamentosessuale sessualità seksuelegeaardheid seksueleoriëntatie
            seksueleorientatie geaardheid orientacjaseksualna sexuellläggning seksuellorientering
            seksuaalinensuuntautuminen sexuálníorientace cinselyönelim orientasiseksual сексуальнаяориентация
            seksualnayaorientaciya сексуальнаорієнтація 性的指向 性取向 성적지향",
        of_persons: "orientation interestedin",
        ..Vocabulary::NONE
    },
};
