//! Names of accounts: logins and handles.
//!
//! Finds: one to three words under a key of logins.
//! Not one: numbers, words of a state (`login: success`).
//! Example: `username` = `ada_l`, `benutzername` = `ada`, `twitter_handle` = `@ada`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "username",
    category: Category::Username,
    facts: PathFacts::USERNAME,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "username userlogin loginname loginid userhandle twitterhandle githubusername githubhandle instagramhandle
            instagramusername tiktokusername tiktokhandle discordusername discordtag telegramusername telegramhandle
            telegram skype skypename skypeid gamertag playername steamname benutzername nutzername anmeldename
            nomutilisateur nomdutilisateur nombreusuario nombredeusuario nomeusuario nomedeusuario utilizador
            nomeutilizador nomeutente gebruikersnaam nazwaużytkownika användarnamn brugernavn brukernavn käyttäjätunnus
            käyttäjänimi uživatelskéjméno přihlašovacíjméno kullanıcıadı namapengguna имяпользователя логин
            imyapolzovatelya імякористувача логін ユーザー名 ユーザ名 ログイン名 用户名 用戶名 账号 帳號 사용자명 사용자이름 아이디",
        alone: "login handle accountname usuario usuário pseudo",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], is_number: bool) -> Fit {
    let words = value.split(u8::is_ascii_whitespace).count();
    match value.len() {
        _ if is_number => Fit::No,
        0..=128 if words <= 3 => Fit::Yes,
        _ => Fit::Perhaps,
    }
}
