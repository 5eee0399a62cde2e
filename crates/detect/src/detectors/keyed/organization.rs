//! Whom someone works for or belongs to.
//!
//! Finds: a text with a letter under a key of employers.
//! Not one: numbers, words of a state.
//! Example: `company` = `Okafor & Sons`, `arbeitgeber` = `Müller GmbH`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "organization",
    category: Category::Organization,
    facts: PathFacts::ORGANIZATION,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: letters,
    words: Vocabulary {
        always: "company companyname organization organisation organizationname organisationname orgname employer
            employername workplace companylegalname firma firmenname unternehmen unternehmensname arbeitgeber entreprise
            nomentreprise nomsociete raisonsociale employeur empresa nombreempresa nomeempresa empleador razonsocial
            empregador razaosocial azienda nomeazienda ragionesociale datoredilavoro bedrijf bedrijfsnaam werkgever
            nazwafirmy pracodawca företag företagsnamn arbetsgivare virksomhed firmanavn arbejdsgiver bedrift
            arbeidsgiver yritys työnantaja společnost zaměstnavatel şirket işveren perusahaan namaperusahaan компания
            организация работодатель kompaniya компанія організація роботодавець 会社名 勤務先 公司 公司名称 雇主 工作单位 회사 회사명 직장",
        alone: "société",
        of_persons: "school university schule école escuela universidad",
        ..Vocabulary::NONE
    },
};
