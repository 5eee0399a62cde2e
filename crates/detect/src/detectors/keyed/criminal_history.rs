//! Criminal records and convictions.
//!
//! Finds: any text under a key of criminal records.
//! Not one: words of a state.
//! Example: `criminal_record` = `theft 2009`, `casier_judiciaire` = `vierge`, `vorstrafen` = `zwei`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 10 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "criminal_history",
    category: Category::CriminalHistory,
    facts: PathFacts::CRIMINAL,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "criminalrecord criminalrecords criminalhistory criminalbackground convictions priorconvictions felony
            felonies arrestrecord policerecord backgroundcheck backgroundcheckresult sexoffender vorstrafe vorstrafen
            strafregister führungszeugnis casierjudiciaire condamnations antecedentespenales antecedentescriminais
            fichacriminal condenas precedentipenali casellariogiudiziale condanne strafblad strafrechtelijkverleden
            karalność niekaralność rejestrkarny brottsregister belastningsregister straffeattest strafferegister
            rikosrekisteri trestnírejstřík adlisicil sabıkakaydı catatankriminal skck судимость судимости sudimost
            судимість 犯罪歴 前科 犯罪记录 전과 범죄기록",
        alone: "conviction arrests",
        ..Vocabulary::NONE
    },
};
