//! Passwords, one-time codes and answers to security questions.
//!
//! Finds: three bytes or more under a key of passwords.
//! Not one: words of a state (`reset`, `invalid`, `strong`), masks (`****`), counters.
//! Example: `password` = `hunter2`, `mot_de_passe` = `Tr0ub4dor`, `login[passwort]` = `geheim!`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "password",
    category: Category::Password,
    facts: PathFacts::PASSWORD,
    also: PathFacts::NONE,
    likelihood: Likelihood::VeryLikely,
    fits,
    words: Vocabulary {
        always: "password passwd pwd passphrase passcode pincode userpassword newpassword oldpassword currentpassword
            confirmpassword passwordconfirm passwordconfirmation passwordrepeat repeatpassword loginpassword
            accountpassword securitycode securityanswer secretanswer cvv cvc otpcode onetimepassword onetimecode
            twofactorcode mfacode totpcode smscode verificationcode recoverycode backupcode passwort kennwort geheimzahl
            sicherheitscode motdepasse mdp codesecret codepin contraseña clavesecreta clavedeacceso senha palavrapasse
            codicesegreto wachtwoord hasło kodpin lösenord adgangskode kodeord passord salasana heslo şifre parola
            katasandi пароль parol パスワード 暗証番号 密码 密碼 口令 비밀번호 암호",
        alone: "pass pin otp clave",
        ..Vocabulary::NONE
    },
};

/// A password may be any text, a personal code is a number of four digits or more.
fn fits(value: &[u8], is_number: bool) -> Fit {
    match value.len() {
        0..=2 => Fit::No,
        // A counter of tests passed, or the code on the back of a card.
        3 if is_number => Fit::Perhaps,
        _ => Fit::Yes,
    }
}
