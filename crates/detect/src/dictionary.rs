//! The words that keys are made of: data for [`crate::facts`].
//!
//! Joined lower-case words, in English, German, French, Spanish, Portuguese, Italian, Dutch and Polish, plus what vendors
//! reserve (`$email`, `mp_lib`). One word stands in one list only; a test holds that.

use crate::facts::PathFacts;

/// What a key that ends in the word holds.
pub(crate) const WORDS: &[(PathFacts, &str)] = &[
    (
        PathFacts::EMAIL,
        "email mail emailaddress mailaddress emailaddr useremail contactemail invitee inviteeemail correo correoelectronico
         courriel adressemail adresseemail emailadresse mailadresse emailadres endereçoemail indirizzoemail poczta adresemail
         recipientemail replyto cc bcc upn",
    ),
    (
        PathFacts::PHONE,
        "phone phonenumber phoneno mobile mobilenumber mobilephone cell cellphone cellnumber tel telephone telephonenumber
         telno fax faxnumber whatsapp whatsappnumber msisdn sms smsnumber telefon telefonnummer handy handynummer mobil
         telefono teléfono celular movil móvil telefone numerotelefono numerodetelefono telefoon telefoonnummer portable
         cellulare komórka numertelefonu",
    ),
    (
        PathFacts::ADDRESS,
        "street streetaddress streetname addressline postaladdress mailingaddress homeaddress shippingaddress
         billingaddress deliveryaddress fulladdress strasse straße anschrift adresse direccion dirección domicilio rue calle
         endereço endereco rua indirizzo via adres straat ulica postcode postalcode zip zipcode plz postleitzahl codepostal
         codigopostal cep cap kodpocztowy",
    ),
    (
        PathFacts::NAME,
        "firstname lastname fullname middlename surname givenname familyname displayname realname legalname nickname
         maidenname username_display author authorname recipientname sendername cardholder cardholdername contactname
         customername personname patientname employeename nom prenom prénom nomcomplet nombre nombrecompleto apellido apellidos
         vorname nachname familienname nome nomecompleto sobrenome cognome voornaam achternaam imie imię nazwisko fname lname
         firstnames lastnames screenname",
    ),
    (
        PathFacts::CARD,
        "card cardnumber cardno creditcard creditcardnumber ccnumber ccnum ccno pan debitcard debitcardnumber paymentcard
         kreditkarte kreditkartennummer cartecredit tarjeta numerotarjeta cartao cartão cartadicredito",
    ),
    (
        PathFacts::BANK,
        "iban bic swift bankaccount bankaccountnumber accountnumber accountno routingnumber sortcode payoutto kontonummer
         bankverbindung cuentabancaria contobancario rekeningnummer",
    ),
    (
        PathFacts::NATIONAL_ID,
        "ssn socialsecurity socialsecuritynumber socialsecurityno taxid taxidnumber tin itin nationalid nationalidnumber
         passport passportnumber passportno driverslicense driverlicense driverslicensenumber drivinglicence cpf cnpj dni nie
         nif pesel bsn nino nationalinsurancenumber sin aadhaar aadhar nir codicefiscale steuerid steuernummer
         personalausweis sozialversicherungsnummer curp rut",
    ),
    (
        PathFacts::NATIONAL_ID,
        "nationalidno nationalidentitynumber identitynumber identificationnumber idnumber idno idcard idcardnumber identitycard
         personalid personalidnumber personalnumber personalcode governmentid citizenid taxnumber taxcode fiscalcode taxfilenumber
         individualnumber mynumber socialinsurancenumber nationalinsurance nationalnumber numeronational registrenational
         rijksregisternummer insz niss securitesociale numerosecuritesociale numerosecu ahv avs ahvnummer numeroavs svnr svnummer
         versicherungsnummer rentenversicherungsnummer steueridentifikationsnummer burgerservicenummer personnummer fodselsnummer
         fødselsnummer cpr cprnumber cprnummer hetu henkilotunnus henkilötunnus kennitala isikukood asmenskodas personaskods
         nip rodnecislo rodnéčíslo cnp egn jmbg emso oib afm amka adoazonosito adoazonositojel tckn tckimlikno kimlikno snils inn
         rnokpp pps ppsn ppsnumber nhs nhsnumber chinumber tfn medicarenumber medicarecard ird irdnumber abn nric nricfin hkid rrn
         residentregistrationnumber pannumber pancard aadhaarnumber nik mykad cnic emiratesid teudatzehut cuit cuil nit rfc cedula
         cédula",
    ),
    (
        PathFacts::IP,
        "ip ipaddress ipaddr ipv clientip remoteip remoteaddr remoteaddress userip sourceip srcip xforwardedfor
         clientaddr clientaddress remotehost lastip signupip loginip",
    ),
    (
        PathFacts::DEVICE_ID,
        "idfa idfv gaid aaid adid appsetid androidappsetid advertisingid advertisingidentifier androidid deviceid deviceuuid deviceudid
         udid imei meid imsi iccid serialnumber deviceserial mac macaddress macaddr hwid hardwareid machineid oaid installid
         installationid rida tifa vida",
    ),
    (PathFacts::COOKIE_ID, "cookie cookieid ga gaclientid ajsanonymousid anonymousid visitorid fbp fbc muid browserid"),
    (
        PathFacts::UNIQUE_ID,
        "userid useruuid distinctid customerid memberid personid employeeid patientid subscriberid contactid profileid
         externalid externaluserid authid sub puid",
    ),
    (
        PathFacts::GEO,
        "lat lng lon long latitude longitude latlng latlong latlon lnglat coords coordinates coordinate gps gpslocation
         geolocation location geopoint breitengrad längengrad latitud longitud position",
    ),
    (PathFacts::CITY, "city town village ville ciudad cidade città citta stadt ort plaats miasto suburb district"),
    (
        PathFacts::BIRTH,
        "dob birthdate birthday dateofbirth birthyear yearofbirth born geburtsdatum geburtstag datenaissance naissance
         fechanacimiento nacimiento datanascimento nascimento datadinascita geboortedatum dataurodzenia",
    ),
    (
        PathFacts::PASSWORD,
        "password passwd pwd pass passphrase passcode pin pincode userpassword newpassword oldpassword passwort kennwort
         motdepasse mdp contraseña contrasena clave senha wachtwoord hasło haslo cvv cvc securitycode otp otpcode
         onetimepassword twofactorcode mfacode securityanswer",
    ),
    (
        PathFacts::SECRET,
        "secret secretkey clientsecret apisecret appsecret apikey apitoken accesstoken refreshtoken authtoken idtoken token
         bearertoken sessiontoken csrftoken xsrftoken authorization auth authheader privatekey signingkey encryptionkey
         accesskey awssecretaccesskey secretaccesskey webhooksecret credentials credential connectionstring databaseurl dsn
         xapikey resettoken magiclink invitetoken jwt sessioncookie",
    ),
    (
        PathFacts::USERNAME,
        "username login userlogin loginname handle userhandle accountname twitterhandle githubusername instagramhandle skype
         telegram benutzername nomutilisateur usuario usuário utilizador gebruikersnaam nazwauzytkownika",
    ),
    (
        PathFacts::ORGANIZATION,
        "company companyname organization organisation organizationname organisationname orgname employer employername firma
         unternehmen entreprise empresa azienda bedrijf",
    ),
    (PathFacts::GENDER, "gender sex geschlecht genre genero género sexo sesso geslacht plec płeć pronoun pronouns"),
    (
        PathFacts::HEALTH,
        "diagnosis diagnoses medication medications prescription allergy allergies bloodtype medicalcondition condition
         symptoms symptom diagnose disease illness disability pregnancy",
    ),
    (
        PathFacts::TEXT,
        "message comment comments feedback note notes description bio about body review reviewtext question answer prompt
         completion query searchquery searchterm search q keyword keywords subject freetext content text transcript nachricht
         kommentar commentaire comentario comentário mensaje mensagem messaggio bericht reason details errormessage
         querystring utterance chat",
    ),
    (
        PathFacts::VERSION,
        "version browserversion osversion appversion libversion sdkversion ver build buildnumber buildid release firmware
         useragent ua semver semrange range revision appbuild",
    ),
    (
        PathFacts::REFERENCE,
        "order orderid ordernumber orderno transaction transactionid invoice invoicenumber sku trace traceid time timestamp ts
         tsns tsms nanos epoch duration hash sha gitsha digest commit requestid spanid sequence seq insertid tokens
         buttontext linktext labeltext alttext eltext",
    ),
];

/// Keys, as they stand, below which every text is one that somebody wrote or that is source code: prompts and answers of language
/// models, messages and frames of exceptions. Sources: PostHog's AI observability and error tracking, Sentry's event payloads.
pub(crate) const ALWAYS_TEXT: &[&str] = &[
    "$ai_input",
    "$ai_input_state",
    "$ai_output",
    "$ai_output_choices",
    "$ai_output_state",
    "$ai_tools",
    "$ai_error",
    "$ai_feedback_text",
    "$exception_list",
    "$exception_message",
    "$exception_values",
    "$exception_sources",
    "$exception_functions",
    "$exception_stack_trace_raw",
    "stacktrace",
    "stack_trace",
    "frames",
    "pre_context",
    "context_line",
    "post_context",
    "code_variables",
];

/// Keys below those that say what a part is and not what it holds.
pub(crate) const FORM_OF_TEXT: &[&str] = &[
    "role",
    "type",
    "handled",
    "synthetic",
    "in_app",
    "lineno",
    "colno",
    "platform",
    "lang",
    "resolved",
    "finish_reason",
];

/// Words that decide even where they are not at the end of the key.
pub(crate) const STRONG: &[(&str, PathFacts)] = &[
    ("email", PathFacts::EMAIL),
    ("phone", PathFacts::PHONE),
    ("telephone", PathFacts::PHONE),
    ("ssn", PathFacts::NATIONAL_ID),
    ("passport", PathFacts::NATIONAL_ID),
    ("iban", PathFacts::BANK),
    ("password", PathFacts::PASSWORD),
    ("passwort", PathFacts::PASSWORD),
    ("firstname", PathFacts::NAME),
    ("lastname", PathFacts::NAME),
    ("surname", PathFacts::NAME),
    ("latitude", PathFacts::GEO),
    ("longitude", PathFacts::GEO),
];

/// Endings that turn a strong word into a fact about the thing.
pub(crate) const CLOSED_BY: &[&[u8]] = &[
    b"count",
    b"type",
    b"verified",
    b"valid",
    b"validated",
    b"confirmed",
    b"enabled",
    b"disabled",
    b"status",
    b"provider",
    b"template",
    b"subject",
    b"length",
    b"size",
    b"sent",
    b"opened",
    b"clicked",
    b"format",
    b"error",
    b"kind",
    b"at",
    b"strategy",
    b"reset",
    b"changed",
    b"updated",
    b"created",
    b"required",
    b"present",
    b"missing",
    b"optin",
    b"optout",
    b"in",
    b"out",
    b"frequency",
    b"preference",
    b"preferences",
    b"campaign",
    b"client",
    b"domain",
    b"index",
    b"total",
    b"date",
    b"time",
    b"source",
    b"model",
    b"brand",
    b"os",
    b"strength",
    b"hash",
    b"set",
    b"used",
    b"channel",
    b"list",
    b"flow",
    b"step",
    b"method",
    b"hint",
    b"consent",
];

/// Whose `name` or `id` is a person's.
pub(crate) const OF_PERSONS: &[&[u8]] = &[
    b"user",
    b"users",
    b"customer",
    b"member",
    b"person",
    b"people",
    b"profile",
    b"traits",
    b"contact",
    b"author",
    b"owner",
    b"creator",
    b"recipient",
    b"sender",
    b"patient",
    b"employee",
    b"client",
    b"subscriber",
    b"distinct",
    b"account",
    b"guest",
    b"passenger",
    b"student",
    b"teacher",
    b"lead",
    b"invitee",
    b"assignee",
    b"manager",
    b"my",
    b"your",
    b"billing",
    b"shipping",
    b"first",
    b"last",
    b"middle",
    b"given",
    b"family",
    b"full",
    b"legal",
    b"real",
    b"maiden",
    b"buyer",
    b"seller",
    b"driver",
    b"rider",
    b"host",
    b"actor",
    b"holder",
    b"cardholder",
    b"beneficiary",
    b"payer",
    b"payee",
    b"spouse",
    b"child",
    b"parent",
    b"mother",
    b"father",
    b"display",
];

/// Whose `name` is not a person's.
pub(crate) const OF_THINGS: &[&[u8]] = &[
    b"product",
    b"products",
    b"item",
    b"items",
    b"plan",
    b"library",
    b"lib",
    b"os",
    b"browser",
    b"app",
    b"application",
    b"campaign",
    b"page",
    b"screen",
    b"device",
    b"event",
    b"experiment",
    b"feature",
    b"category",
    b"file",
    b"project",
    b"model",
    b"network",
    b"country",
    b"region",
    b"city",
    b"city",
    b"timezone",
    b"language",
    b"locale",
    b"currency",
    b"brand",
    b"shop",
    b"store",
    b"team",
    b"group",
    b"company",
    b"organization",
    b"role",
    b"host",
    b"server",
    b"service",
    b"job",
    b"task",
    b"workflow",
    b"course",
    b"lesson",
    b"video",
    b"song",
    b"track",
    b"album",
    b"playlist",
    b"game",
    b"level",
    b"button",
    b"form",
    b"field",
    b"element",
    b"component",
    b"module",
    b"package",
    b"repo",
    b"repository",
    b"branch",
    b"environment",
    b"cluster",
    b"namespace",
    b"template",
    b"list",
    b"tag",
    b"flag",
    b"variant",
    b"cohort",
    b"segment",
    b"funnel",
    b"dashboard",
    b"report",
    b"chart",
    b"query",
    b"table",
    b"column",
    b"coupon",
    b"promotion",
    b"discount",
    b"shipping",
    b"payment",
    b"tool",
    b"function",
    b"error",
    b"exception",
    b"engine",
    b"platform",
    b"sdk",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_in_one_list_only() {
        let mut words: Vec<_> = WORDS.iter().flat_map(|(_, list)| list.split_whitespace()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
