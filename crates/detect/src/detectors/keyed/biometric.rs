//! Biometric data: templates of faces, fingers and voices.
//!
//! Finds: a value of eight bytes or more under a key of biometrics.
//! Not one: the fingerprint of a certificate, a browser or an error; ways to log in (`biometric: face`).
//! Example: `face_embedding` = `0.12,-0.48,0.33`, `voiceprint_id` = `vp_8c21aa07`, `fingerabdruck` = `FMR0020200`
//! Misses: the same values under keys that say nothing.
//! Source: Art. 9 GDPR; key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "biometric",
    category: Category::Biometric,
    facts: PathFacts::BIOMETRIC,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "faceid faceidhash fingerprinthash biometric biometrics biometricid biometricdata biometrictemplate biometrichash facetemplate faceencoding
            faceembedding facedata faceprint facialrecognition facevector voiceprint voiceprintid irisscan iristemplate
            retinascan thumbprintscan fingerprintdata fingerprinttemplate fingerprintscan palmprint biometrischedaten
            fingerabdruck gesichtserkennung empreintedigitale donneesbiometriques reconnaissancefaciale huelladactilar
            datosbiometricos reconocimientofacial impressaodigital dadosbiometricos reconhecimentofacial
            improntadigitale datibiometrici riconoscimentofacciale vingerafdruk gezichtsherkenning odciskpalca
            danebiometryczne fingeravtryck fingeraftryk fingeravtrykk sormenjälki otiskprstu parmakizi sidikjari
            отпечатокпальца биометрия otpechatokpalca відбитокпальця біометрія 指紋 顔認証 生体認証 指纹 人脸 声纹 지문 얼굴인식 생체정보",
        of_persons: "fingerprint",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], _: bool) -> Fit {
    if value.len() >= 8 { Fit::Yes } else { Fit::Perhaps }
}
