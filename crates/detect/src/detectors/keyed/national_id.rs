//! Numbers of national ids and of tax, by key: what no rule of a country fits, because the rule is not known or has no sum.
//!
//! Finds: under a key of national ids a word, or groups with separators, with four digits or more. A number whose sum is right is
//! found by its own detector, and without a key too.
//! Not one: sentences, names of countries and of kinds of ids.
//! Example: `national_id` = `AB-1234-77`, `personalausweisnummer` = `L01X00T471`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Fit, Keyed, Vocabulary, count_digits};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "national_id",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits,
    words: Vocabulary {
        always: "ssn nationalregister socialsecurity socialsecuritynumber socialsecurityno socialinsurancenumber taxid taxidnumber
            taxidentifier taxnumber taxpayerid itin nationalid nationalidnumber nationalidentifier
            nationalinsurancenumber governmentid govid idcard idcardnumber identitycard identitynumber
            identitycardnumber nino aadhaar aadhar nhsnumber tfn taxfilenumber medicarecardnumber steuerid
            steuernummer steueridentifikationsnummer personalausweis personalausweisnummer ausweisnummer
            sozialversicherungsnummer rentenversicherungsnummer ahvnummer svnummer nir numerosecu
            numerosecuritesociale securitesociale numerofiscal carteidentite cartedidentite dni nie nif nuip cedula
            cédula curp rut numeroidentidad documentoidentidad documentodeidentidad numeroseguridadsocial cpf cnpj
            cpfcnpj pis nis cartaocidadao numerocontribuinte bilheteidentidade codicefiscale cartaidentita
            cartadidentita partitaiva bsn burgerservicenummer rijksregisternummer identiteitskaart pesel
            dowódosobisty numerdowodu nip personnummer personnr samordningsnummer cprnummer cprnr cpr fødselsnummer
            fodselsnummer henkilötunnus hetu rodnéčíslo rodnecislo číslooprůkazu tckimlik tckimlikno tckn kimlikno
            nik nomorktp noktp ktp снилс инн snils паспортныеданные іпн рнокпп マイナンバー 個人番号 身份证 身份证号 身份证号码 身分證字號
            주민등록번호 주민번호 nationalidno nationalidentitynumber identificationnumber idnumber idno personalid
            personalidnumber personalnumber personalcode citizenid taxcode fiscalcode individualnumber mynumber
            nationalinsurance nationalnumber numeronational registrenational insz niss ahv avs numeroavs svnr
            versicherungsnummer cprnumber henkilotunnus kennitala isikukood asmenskodas personaskods cnp egn jmbg
            emso oib afm amka adoazonosito adoazonositojel inn rnokpp pps ppsn ppsnumber nhs chinumber
            medicarenumber medicarecard ird irdnumber abn nric nricfin hkid rrn residentregistrationnumber pannumber
            pancard aadhaarnumber mykad cnic emiratesid teudatzehut cuit cuil nit rfc fnr nationalregisternumber
            shenfenzheng jumin juminnumber thaiid thainationalid kojinbango panno numsecu steueridnr avsnumber
            egnnumber oibbroj oibnumber ninumber sinnumber tinnumber ssnnumber dninumber numerodni cpfnumber
            numerocpf bsnnumber nricnumber rsaid saidnumber cfcliente inpan tcno codnumericpersonal cnpnumber
            rutcliente medicareno emiratesidnumber curpnumber peselnumber nrpesel hetunumber eidnumber
            nationalidcard nationalidcardnumber citizenidnumber residentid residentidnumber identitydocument
            documentoidentificacion numerodocumento nationalcode codigofiscal utr utrnumber atin
            enotnamatičnaštevilkaobčana matičnaštevilka voterid votersid epicnumber",
        alone: "sin tin ine",
        ..Vocabulary::NONE
    },
};

fn fits(value: &[u8], _: bool) -> Fit {
    let of_ids = |byte: &u8| byte.is_ascii_alphanumeric() || b"-./ ()*".contains(byte);
    let words = value.split(|byte| *byte == b' ').filter(|word| word.len() > 3 && count_digits(word) == 0).count();
    // Nine bare digits are left to `us_ssn`.
    let nine = value.len() == 9 && count_digits(value) == 9;
    let fits =
        (5..=24).contains(&value.len()) && count_digits(value) >= 4 && value.iter().all(of_ids) && words == 0 && !nine;
    if fits { Fit::Yes } else { Fit::No }
}
