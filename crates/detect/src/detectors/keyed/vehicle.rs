//! Number plates and vehicle identification numbers.
//!
//! Finds: a value with a digit of four bytes or more under a key of plates.
//! Not one: models and makes.
//! Example: `license_plate` = `B-AL 1815`, `vin` = `WVWZZZ1JZXW000001`, `kenteken` = `12-ABC-3`
//! Misses: the same values under keys that say nothing.
//! Source: ISO 3779 (VIN); key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, count_digits};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "vehicle",
    category: Category::VehicleRegistration,
    facts: PathFacts::VEHICLE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "licenseplate licenceplate licenseplatenumber licenceplatenumber platenumber plateno numberplate vehicleplate
            carplate vin vinnumber vehicleidentificationnumber vehicleregistration vehicleregistrationnumber
            registrationplate carregistration chassisnumber vrm kfzkennzeichen nummernschild autokennzeichen
            fahrgestellnummer fahrzeugidentnummer fahrzeugidentifikationsnummer plaqueimmatriculation
            plaquedimmatriculation immatriculation numeroimmatriculation cartegrise numerochassis placavehiculo
            placaveiculo placadoveiculo numerobastidor chassi renavam targaauto targaveicolo numerotelaio kenteken
            kentekennummer chassisnummer numerrejestracyjny tablicarejestracyjna registreringsnummer nummerplade
            stelnummer skiltnummer understellsnummer rekisterinumero rekisterikilpi spz plakano şaseno platnomor
            nomorpolisi госномер gosnomer номернойзнак номернийзнак ナンバープレート 車両番号 车牌 车牌号 车架号 차량번호 차대번호",
        alone: "kennzeichen matricula targa plaka placa",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], _: bool) -> Fit {
    if (4..=24).contains(&value.len()) && count_digits(value) >= 1 { Fit::Yes } else { Fit::No }
}
