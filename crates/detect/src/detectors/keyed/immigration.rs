//! Nationality, visas and permits to stay.
//!
//! Finds: any text under a key of nationality or visas.
//! Not one: `visa` as a brand of cards.
//! Example: `nationality` = `Nigerian`, `residence_permit_number` = `RP1234567`, `staatsangehörigkeit` = `deutsch`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "immigration",
    category: Category::Immigration,
    facts: PathFacts::IMMIGRATION,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "visanumber visastatus visatype immigrationstatus immigrationnumber alienregistrationnumber aliennumber
            greencard greencardnumber uscisnumber residencepermit residencepermitnumber workpermit workpermitnumber
            citizenship citizenshipstatus nationality nationalities asylumstatus refugeestatus residencystatus
            aufenthaltstitel aufenthaltsstatus staatsangehörigkeit staatsbürgerschaft nationalität visumnummer
            nationalité titredesejour citoyenneté nacionalidad ciudadanía permisoresidencia permisoderesidencia
            nacionalidade cidadania autorizacaoresidencia nazionalità cittadinanza permessodisoggiorno permessosoggiorno
            nationaliteit verblijfsvergunning verblijfsstatus obywatelstwo narodowość kartapobytu nationalitet
            medborgarskap statsborgerskab statsborgerskap uppehållstillstånd opholdstilladelse oppholdstillatelse
            kansalaisuus oleskelulupa státníobčanství občanství státnípříslušnost uyruk vatandaşlık oturumizni
            kewarganegaraan гражданство национальность grazhdanstvo громадянство національність 国籍 國籍 在留カード 在留資格 签证号 국적
            외국인등록번호",
        of_persons: "visa",
        ..Vocabulary::NONE
    },
};
