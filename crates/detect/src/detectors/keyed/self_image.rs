//! Pictures of a person.
//!
//! Finds: a URL, a file or encoded data under a key of portraits.
//! Not one: small counters, colours, initials.
//! Example: `avatar_url` = `https://cdn.example.com/u/ada.jpg`, `profilbild` = `ada.png`
//! Misses: pictures under `image` and `photo` that belong to no person.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "self_image",
    category: Category::SelfImage,
    facts: PathFacts::IMAGE,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "avatar avatarurl avatarimage profilepicture profilepictureurl profilepic profilephoto profilephotourl
            profileimage profileimageurl userphoto userimage userpicture selfie selfieurl headshot gravatar photourl
            facephoto idphoto passportphoto profilbild profilfoto benutzerbild photodeprofil photoprofil fotoperfil
            fotodeperfil imagenperfil imagemperfil fotoprofilo immagineprofilo profielfoto zdjęcieprofilowe
            profilbillede profilbilde profiilikuva profilovýobrázek profilresmi fotoprofil аватар аватарка фотопрофиля
            avatarka фотопрофілю プロフィール画像 顔写真 头像 自拍 頭像 프로필사진",
        of_persons: "picture photo image imageurl pictureurl foto bild",
        ..Vocabulary::NONE
    },
};

/// A reference to a picture has a dot, a slash or many bytes.
fn fits(value: &[u8], is_number: bool) -> Fit {
    match value {
        _ if is_number || value.len() < 5 => Fit::No,
        _ if value.iter().any(|b| matches!(b, b'.' | b'/' | b':')) || value.len() >= 32 => Fit::Yes,
        _ => Fit::Perhaps,
    }
}
