//! Numbers of driving licences.
//!
//! Finds: a word with a digit of four bytes or more under a key of driving licences.
//! Not one: classes of licences (`B`).
//! Example: `drivers_license` = `D1234567`, `führerscheinnummer` = `B072RRE2I55`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, number_like};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "drivers_license",
    category: Category::DriversLicense,
    facts: PathFacts::LICENSE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: number_like,
    words: Vocabulary {
        always: "driverslicense driverlicense driverslicensenumber driverlicensenumber driverslicence driverlicence
            drivinglicence drivinglicense drivinglicencenumber drivinglicensenumber driverslicenseno dlnumber
            führerschein führerscheinnummer führerscheinnr permisconduire permisdeconduire numeropermis licenciaconducir
            licenciadeconducir carnetconducir carnetdeconducir permisoconducir permisodeconducir cnh carteiramotorista
            carteirademotorista cartaconducao cartadeconducao patenteguida patentediguida numeropatente rijbewijs
            rijbewijsnummer prawojazdy numerprawajazdy körkort körkortsnummer kørekort kørekortnummer førerkort
            førerkortnummer ajokortti ajokorttinumero řidičskýprůkaz ehliyet ehliyetno nomorsim
            водительскоеудостоверение номерправ водійськепосвідчення 運転免許 運転免許証番号 免許証番号 驾照 驾照号 驾驶证 驾驶证号 운전면허 운전면허번호",
        of_persons: "licensenumber licencenumber",
        ..Vocabulary::NONE
    },
};
