//! Health: illnesses, medication, pregnancy, disability.
//!
//! Finds: any value under a key of health.
//! Not one: `condition` of a product, `treatment` of an experiment.
//! Example: `diagnosis` = `asthma`, `blutgruppe` = `A+`, `enfermedades` = `diabetes`
//! Misses: health in the names of pages and products.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, no_counter};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "health",
    category: Category::Health,
    facts: PathFacts::HEALTH,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: no_counter,
    words: Vocabulary {
        always: "diagnosis diagnoses diagnosiscode icdcode medication medications prescription prescriptions allergy
            allergies bloodtype bloodgroup bloodpressure bloodsugar bloodglucose glucoselevel cholesterol heartrate bmi
            medicalcondition medicalconditions healthcondition healthconditions preexistingcondition
            preexistingconditions chronicillness chroniccondition chronicconditions medicalhistory surgicalhistory
            symptom symptoms illness disease diseases disability disabilities disabilitystatus pregnancy pregnant
            pregnancystatus pregnancyweek menstrualcycle lastperiod cyclelength ovulation vaccination vaccinationstatus
            vaccinated covidstatus hivstatus mentalhealth smoker smokingstatus alcoholuse druguse substanceuse
            labresults immunizations healthgoal healthconcern diagnose krankheit krankheiten allergie allergien
            vorerkrankung vorerkrankungen medikament medikamente blutgruppe behinderung schwangerschaft schwanger
            symptome gesundheitszustand impfstatus blutdruck raucher maladie maladies médicaments groupesanguin handicap
            grossesse enceinte symptomes etatdesante antecedentsmedicaux fumeur diagnóstico enfermedad enfermedades
            medicamentos medicación alergia alergias gruposanguineo discapacidad embarazo embarazada síntomas tiposangre
            recetamedica historialmedico fumador doença doenças medicação gravidez grávida tiposanguineo deficiência
            fumante diagnosi malattia malattie farmaci grupposanguigno disabilità gravidanza incinta sintomi ziekte
            ziekten aandoening allergieën bloedgroep zwangerschap zwanger medicijnen diagnoza choroba choroby leki
            alergie grupakrwi niepełnosprawność ciąża objawy diagnos sjukdom allergi blodgrupp graviditet gravid
            funktionsnedsättning sygdom blodtype sykdom diagnoosi sairaus veriryhmä raskaus lääkitys diagnóza nemoc
            krevnískupina těhotenství teşhis hastalık alerji kangrubu hamilelik penyakit alergi golongandarah hamil
            диагноз болезнь аллергия группакрови беременность лекарства diagnoz діагноз хвороба алергія вагітність 診断 病名
            病歴 アレルギー 血液型 妊娠 症状 持病 诊断 疾病 病史 过敏 血型 怀孕 진단 질병 병력 알레르기 혈액형 임신 증상",
        alone: "hiv depression anxiety",
        of_persons: "healthstatus condition conditions weight height gewicht größe poids taille peso altura altezza",
        ..Vocabulary::NONE
    },
};
