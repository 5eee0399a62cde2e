//! Identifiers of a person within a system.
//!
//! Finds: any value under a key of a person's id.
//! Not one: words of a state; ids of things (`order_id`).
//! Example: `user_id` = `u_17`, `customerNumber` = `4711`, `kundennummer` = `88-1203`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, anything};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "user_id",
    category: Category::UniqueId,
    facts: PathFacts::UNIQUE_ID,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: anything,
    words: Vocabulary {
        always:
            "userid useruuid userguid distinctid customerid customeruuid customernumber customerno memberid membernumber
            membershipid membershipnumber personid employeeid employeenumber employeeno staffid patientid subscriberid
            contactid profileid externaluserid authid puid loyaltyid loyaltynumber loyaltycardnumber frequentflyernumber
            studentid studentnumber accountholderid playerid clientnumber kundennummer kundennr kundenid benutzerid
            nutzerid mitgliedsnummer mitarbeiternummer personalnummer matrikelnummer numeroclient numeroadherent
            identifiantclient identifiantutilisateur idclient idutilisateur idusuario idcliente numerocliente
            numerodecliente codigocliente idutente codicecliente klantnummer gebruikersid klantid lidnummer
            personeelsnummer idużytkownika numerklienta idklienta kundnummer användarid medlemsnummer kundenummer
            brugerid brukerid asiakasnumero číslozákazníka kullanıcıid müşteriid müşterino idpengguna idpelanggan
            идпользователя idpolzovatelya 用户编号 客户编号 会员号 会員番号 顧客番号 회원번호 고객번호",
        alone: "externalid sub",
        ..Vocabulary::NONE
    },
};
