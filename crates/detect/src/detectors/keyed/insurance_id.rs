//! Numbers of health insurance.
//!
//! Finds: a word with a digit of four bytes or more under a key of insurance.
//! Not one: kinds of insurance (`basic`).
//! Example: `insurance_id` = `A123456780`, `versichertennummer` = `A123456780`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, number_like};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "insurance_id",
    category: Category::InsuranceId,
    facts: PathFacts::INSURANCE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: number_like,
    words: Vocabulary {
        always: "insuranceid insurancenumber insurancepolicynumber insurancememberid healthinsurancenumber healthinsuranceid
            insurancecard insurancecardnumber medicareid medicaidid medicaidnumber beneficiaryid
            beneficiarynumber healthplanid healthplannumber healthcardnumber healthcard mbi insurancepolicy
            krankenversicherungsnummer krankenversichertennummer versichertennummer krankenkassennummer
            kvnr numeroassure cartevitale numeromutuelle numeroseguro numerodeseguro numeropoliza
            tarjetasanitaria cartaosus numerosus tesserasanitaria numeropolizza zorgverzekeringsnummer polisnummer
            numerpolisy numerubezpieczenia försäkringsnummer forsikringsnummer vakuutusnumero číslopojištěnce sigortano
            sigortanumarası nomorbpjs nobpjs номерполиса полисомс номерполісу 保険証番号 被保険者番号 医保号 医疗保险号 보험증번호",
        alone: "policynumber",
        ..Vocabulary::NONE
    },
};
