//! Where someone lives or is, to a town or a region.
//!
//! Finds: a text with a letter under a key of towns; regions and states below an address or a place.
//! Not one: `state` and `region` of anything else (`ui.state`, `aws_region`).
//! Example: `city` = `Lyon`, `shipping.state` = `Oregon`, `wohnort` = `Köln`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "city",
    category: Category::LocationImprecise,
    facts: PathFacts::CITY,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "city cityname town hometown village homecity residencecity geocity geoipcity birthplace placeofbirth
            birthcity placeofresidence municipality billingstate shippingstate homestate billingregion shippingregion
            georegion georegionname stateprovince provincestate stadt wohnort geburtsort ortschaft bundesland ville
            villedenaissance lieudenaissance lieunaissance commune localité ciudad localidad ciudadresidencia
            lugarnacimiento lugardenacimiento cidade localnascimento naturalidade municipio città comune luogonascita
            luogodinascita woonplaats geboorteplaats gemeente miasto miejscowość miejsceurodzenia województwo hemort
            bostadsort födelseort bopæl fødested bosted fødeby kaupunki kotikunta syntymäpaikka město místonarození obec
            şehir doğumyeri ilçe kota kotakabupaten tempatlahir город gorod месторождения городпроживания місто
            місценародження 市区町村 都道府県 出身地 城市 省份 出生地 籍贯 도시 거주지 출생지",
        alone: "ort stadtteil plaats dma quartier barrio bairro",
        of_places:
            "state region province county district neighborhood neighbourhood suburb prefecture département provincia
            regione estado stato область район 省 市",
        ..Vocabulary::NONE
    },
};

/// Names of places; a number is a code that says nothing by itself.
fn fits(value: &[u8], is_number: bool) -> Fit {
    if value.len() > 100 { Fit::Perhaps } else { letters(value, is_number) }
}
