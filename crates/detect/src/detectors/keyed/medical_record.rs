//! Numbers of medical records.
//!
//! Finds: a word with a digit of four bytes or more under a key of records.
//! Example: `mrn` = `MRN-0048213`, `patientenakte` = `P-99812`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, number_like};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "medical_record",
    category: Category::MedicalRecord,
    facts: PathFacts::MEDICAL_RECORD,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: number_like,
    words: Vocabulary {
        always: "mrn medicalrecord medicalrecordnumber medicalrecordid healthrecord healthrecordid patientrecord
            patientrecordid patientnumber ehrid emrid hospitalnumber patientchart patientennummer patientenakte
            krankenakte dossiermedical numerodossiermedical dossierpatient historiaclinica numerohistoriaclinica
            expedienteclinico prontuário numeroprontuario cartellaclinica medischdossier patiëntnummer
            dokumentacjamedyczna kartapacjenta patientjournal potilastunnus zdravotníkarta tıbbikayıtno rekammedis
            nomorrekammedis медкарта медицинскаякарта номермедкарты медичнакартка カルテ番号 診察券番号 病历号 病案号 진료기록번호 차트번호",
        ..Vocabulary::NONE
    },
};
