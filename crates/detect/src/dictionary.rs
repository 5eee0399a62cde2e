//! The words that keys are made of, for the classes whose detectors have code of their own: data for [`crate::facts`]. The words of
//! the other classes stand in their files, `detectors/keyed`.
//!
//! English, German, French, Spanish, Portuguese, Italian, Dutch and Polish, a few of eleven more languages, and what vendors
//! reserve (`$email`). One word stands in one list only; a test of [`crate::facts`] holds that.

use crate::detectors::keyed::Vocabulary;
use crate::facts::PathFacts;

/// What a key that ends in one of the words holds.
pub(crate) const WORDS: &[(PathFacts, Vocabulary)] = &[
    (
        PathFacts::EMAIL,
        Vocabulary {
            always: "email mail emailaddress mailaddress emailaddr emailid useremail contactemail workemail personalemail homeemail
                billingemail inviteemail inviteeemail invitee recipientemail senderemail fromemail toemail replyto replytoaddress upn
                userprincipalname emailadresse mailadresse courriel adressemail adresseemail adressecourriel correo correoelectronico
                direccioncorreo endereçoemail correioeletronico indirizzoemail postaelettronica emailadres mailadres poczta adresemail
                pocztaelektroniczna epost epostadress mejl mejladress mailadress epostadresse sähköposti sähköpostiosoite
                emailováadresa eposta epostaadresi surel alamatemail почта электроннаяпочта адресэлектроннойпочты pochta
                elektronnayapochta имейл пошта електроннапошта メール メールアドレス 電子メール 邮箱 邮箱地址 电子邮件 电子邮箱 郵箱 電子郵件
                이메일 이메일주소 메일 전자우편",
            alone: "cc bcc mel",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::PHONE,
        Vocabulary {
            always: "phone phonenumber phoneno phonenum mobile mobilenumber mobileno mobilephone cellphone cellnumber cellno telephone
                telephonenumber telno workphone homephone landline contactnumber contactno callernumber callbacknumber fromnumber
                tonumber dialednumber whatsapp whatsappnumber msisdn sms smsnumber telefon telefonnummer telefonnr handy handynummer
                mobil mobilnummer mobiltelefon rufnummer festnetz festnetznummer telefono teléfono celular movil móvil
                numerotelefono numerodetelefono telefonomovil numerocelular numeromovil numerotelephone numerodetelephone
                telportable telemóvel telefone numerotelefone numerodetelefone numeroditelefono cellulare numerocellulare
                recapitotelefonico telefoon telefoonnummer telefoonnr mobiel mobielnummer gsmnummer komórka numertelefonu
                numerkomórkowy telefonkomórkowy mobilnr tlf tlfnr puhelin puhelinnumero matkapuhelin telefonníčíslo mobilnítelefon
                telefonnumarası telefonno ceptelefonu gsmno telepon nomortelepon notelp nomorhp nohp телефон номертелефона
                мобильный nomertelefona номертелефону мобільний 電話 電話番号 携帯電話 携帯番号 电话 电话号码 手机 手机号 手机号码
                联系电话 手機 전화번호 휴대폰 휴대폰번호 휴대전화 연락처",
            alone: "cell tel portable gsm callerid",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::ADDRESS,
        Vocabulary {
            always: "street streetaddress streetname streetnumber housenumber addressline postaladdress mailingaddress homeaddress
                shippingaddress billingaddress deliveryaddress residentialaddress fulladdress postcode postalcode zip zipcode postalzip
                strasse straße strassenname hausnummer anschrift wohnanschrift lieferadresse rechnungsadresse postanschrift plz
                postleitzahl adresse adressepostale adressefacturation adresselivraison codepostal cp dirección domicilio calle
                direccionenvio direccionfacturacion codigopostal endereço logradouro enderecoentrega cep codigopostal indirizzo
                indirizzospedizione indirizzofatturazione codicepostale adres adresdostawy adreszamieszkania straat straatnaam huisnummer
                ulica kodpocztowy gata gatuadress postnummer postadress gade gateadresse osoite katuosoite lähiosoite postinumero ulice
                psč směrovacíčíslo adresa sokak postakodu alamat kodepos адрес улица почтовыйиндекс pochtovyyindeks адреса вулиця
                поштовийіндекс 住所 郵便番号 番地 地址 详细地址 收货地址 邮编 邮政编码 郵遞區號 주소 우편번호 도로명주소",
            alone: "cap geozipcode",
            of_places: "rua rue via",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::NAME,
        Vocabulary {
            always: "firstname lastname fullname middlename surname givenname familyname displayname realname legalname
                maidenname preferredname fname lname mname firstnames lastnames author authorname recipientname sendername
                cardholder cardholdername nameoncard accountholder accountholdername contactname customername personname
                patientname employeename guestname passengername beneficiaryname emergencycontact
                emergencycontactname guardianname spousename signedby
                vorname vornamen nachname familienname geburtsname rufname spitzname mädchenname kundenname karteninhaber kontoinhaber
                ansprechpartner prénom prénoms nomcomplet nomdefamille nomclient nomdenaissance surnom titulaire
                nombrecompleto nombrecliente nombres apellido apellidos primerapellido segundoapellido titular apodo nomecompleto
                nomecliente primeironome sobrenome apelido nomedamae nomemae nomesocial cognome nominativo intestatario soprannome
                voornaam voornamen achternaam volledigenaam roepnaam tussenvoegsel klantnaam rekeninghouder imię imiona nazwisko
                imięinazwisko nazwiskorodowe förnamn efternamn fullständigtnamn fornavn etternavn efternavn fuldenavn fulltnavn
                etunimi sukunimi kokonimi příjmení celéjméno isim adsoyad soyad soyadı soyisim namalengkap namadepan namabelakang
                имя імя фамилия отчество фио familiya otchestvo fio прізвище побатькові піб 姓名 氏名 名前 お名前 姓 名 氏名カナ
                フリガナ 真实姓名 联系人 收货人 持卡人 성명 이름 성함 예금주",
            ..Vocabulary::NONE
        },
    ),
    // As often a name as a handle; `screen_name` is what a screen is called.
    (PathFacts::NAME.and(PathFacts::USERNAME), Vocabulary { always: "nickname screenname", ..Vocabulary::NONE }),
    (
        PathFacts::NAME_VAGUE,
        Vocabulary {
            alone: "owner contact assignee creator reviewer approver recipient sender attendee participant presenter speaker candidate
                applicant tenant guardian spouse colleague coworker employee manager doctor physician teacher student passenger
                guest driver member kunde client cliente klant klient auteur autor autore besitzer eigentümer empfänger absender
                destinataire destinatario destinatário to from by who",
            always: "createdby updatedby modifiedby assignedto ownedby approvedby reviewedby submittedby invitedby reportedby requestedby
                uploadedby sharedwith attentionof",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::CARD,
        Vocabulary {
            always: "cardnumber cardno cardnum creditcard creditcardnumber ccnumber ccnum ccno debitcard debitcardnumber paymentcard
                kreditkarte kreditkartennummer kartennummer cartebancaire cartecredit cartedecredit numerocarte tarjeta tarjetacredito
                tarjetadecredito numerotarjeta numerodetarjeta cartão cartaocredito cartaodecredito numerocartao cartadicredito
                cartacredito numerocarta creditcardnummer kaartnummer kartakredytowa numerkarty kortnummer kreditkort luottokortti
                číslokarty kartnumarası kredikartı nomorkartu номеркарты nomerkarty кредитнаякарта номеркартки カード番号
                クレジットカード クレジットカード番号 信用卡 信用卡号 银行卡号 卡号 카드번호 신용카드",
            alone: "card pan",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::BANK,
        Vocabulary {
            always: "iban bankaccount bankaccountnumber bankaccountno accountnumber accountno acctnumber acctno routingnumber
                abanumber sortcode bsbnumber payoutto swiftcode biccode ifsc ifsccode clabe bankleitzahl blz kontonummer kontonr
                bankverbindung bankkonto comptebancaire numerocompte numerodecompte rib cuentabancaria numerocuenta numerodecuenta
                contabancaria numeroconta numerodaconta contobancario numeroconto coordinatebancarie rekeningnummer bankrekening
                numerkonta kontobankowe numerrachunku bankkontonummer tilinumero pankkitili čísloúčtu bankovníúčet hesapno
                hesapnumarası bankahesabı nomorrekening norek номерсчета расчетныйсчет nomerscheta номеррахунку 口座番号 銀行口座
                银行账号 银行账户 开户账号 계좌번호 은행계좌",
            alone: "bic swift",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::IP,
        Vocabulary {
            always: "ip ipaddress ipaddr ipv clientip remoteip remoteaddr remoteaddress userip sourceip srcip destip dstip xforwardedfor
                xrealip cfconnectingip trueclientip clientaddr clientaddress remotehost lastip signupip loginip useripaddress
                ipadresse adresseip direccionip enderecoip indirizzoip adresip ipadres айпи ipадрес アイピー",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::DEVICE_ID,
        Vocabulary {
            always: "idfa idfv gaid aaid adid appsetid androidappsetid advertisingid advertisingidentifier androidid deviceid deviceuuid
                deviceudid udid imei meid imsi iccid serialnumber deviceserial serialno mac macaddress macaddr hwid hardwareid machineid
                oaid installid installationid rida tifa vida devicefingerprint browserfingerprint visitorfingerprint userfingerprint
                appleidfa appleidfv geräteid gerätekennung iddispositivo idappareil apparaatid 设备号 设备标识 端末識別番号",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::GEO,
        Vocabulary {
            always: "lat lng latitude longitude latlng latlong latlon lnglat lonlat coords coordinates coordinate gps gpslocation
                gpscoordinates geolocation geopoint geolatitude geolongitude breitengrad längengrad latitud longitud latitudine
                longitudine coordonnées coordenadas koordinaten coördinaten współrzędne breddegrad lengdegrad
                szerokośćgeograficzna długośćgeograficzna широта долгота koordinaty координаты 緯度 経度 纬度 经度 经纬度 坐标 위도 경도",
            alone: "lon long location",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::BIRTH,
        Vocabulary {
            always: "dob birthdate birthday dateofbirth birthyear yearofbirth birthmonth bday geburtsdatum geburtstag geburtsjahr
                datenaissance datedenaissance naissance anneenaissance fechanacimiento fechadenacimiento nacimiento cumpleaños
                datanascimento datadenascimento nascimento aniversario datadinascita datanascita geboortedatum geboortejaar
                verjaardag dataurodzenia urodziny rokurodzenia födelsedatum födelseår fødselsdato fødselsdag syntymäaika
                syntymäpäivä datumnarození doğumtarihi tanggallahir tgllahir датарождения деньрождения datarozhdeniya
                датанародження 生年月日 誕生日 出生日期 生日 출생일 생년월일 생일",
            alone: "born né née",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::SECRET,
        Vocabulary {
            always: "secret secretkey clientsecret apisecret appsecret apikey apitoken accesstoken refreshtoken authtoken idtoken token
                bearertoken sessiontoken csrftoken xsrftoken authorization authheader privatekey signingkey encryptionkey
                accesskey awssecretaccesskey secretaccesskey webhooksecret secretstring credentials credential creds connectionstring databaseurl dsn
                xapikey resettoken magiclink invitetoken jwt sessioncookie geheimnis zugangstoken schlüsselgeheim jetonacces cléapi
                clésecrète tokenacceso clavepi segredo tokenacesso segreto chiavesegreta chiaveapi geheim sleutelapi
                openaikey anthropickey mistralkey coherekey deepgramkey elevenlabskey groqkey geminikey replicatekey
                huggingfacekey stripekey braintreekey paypalkey plaidkey coinbasekey krakenkey twiliokey sendgridkey mailgunkey
                mailchimpkey postmarkkey messagebirdkey vonagekey nexmokey azurekey gcpkey cloudflarekey fastlykey
                herokukey vercelkey netlifykey digitaloceankey linodekey vultrkey scalewaykey datadogkey newrelickey grafanakey
                honeycombkey pagerdutykey opsgeniekey snykkey gitlabkey githubkey bitbucketkey circlecikey dropboxkey asanakey
                airtablekey zendeskkey intercomkey hubspotkey salesforcekey shopifykey etsykey twitterkey
                linkedinkey discordkey slackkey twitchkey oktakey
                tajnyklucz kluczapi секрет токен секретныйключ ключапи アクセストークン 密钥 访问令牌 令牌 비밀키 토큰",
            alone: "auth",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::TEXT,
        Vocabulary {
            always: "message comment comments feedback note notes description bio about body review reviewtext question answer prompt
                completion reason subject freetext content text transcript details
                querystring utterance chat nachricht kommentar bemerkung bemerkungen anmerkung notiz notizen beschreibung rückmeldung
                frage antwort bewertung betreff freitext commentaire commentaires remarque avis réponse sujet objet contenu texte
                comentario comentarios mensaje pregunta respuesta opinion reseña asunto descripción observaciones comentário mensagem
                pergunta resposta avaliação descrição observação messaggio commento domanda risposta recensione oggetto descrizione
                bericht opmerking opmerkingen vraag antwoord beoordeling onderwerp omschrijving wiadomość komentarz pytanie
                odpowiedź opinia temat treść opis uwagi meddelande kommentti viesti besked spørgsmål palaute zpráva poznámka yorum mesaj
                pesan komentar сообщение комментарий вопрос ответ отзыв soobschenie kommentariy повідомлення коментар メッセージ コメント
                質問 回答 感想 お問い合わせ内容 消息 评论 留言 备注 反馈 메시지 댓글 문의내용 의견",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::LABEL,
        Vocabulary {
            always: "hostname servername submittext formsubmittext title pagetitle screentitle documenttitle label ctalabel buttontext buttonlabel buttonname linktext labeltext alttext
                eltext elementtext arialabel headline heading cta tooltip placeholder tab menuitem pagename viewname category
                categories breadcrumb breadcrumbs section sectionname caption banner campaign campaignname adname adgroup variant
                errormessage error errors statustext statusmessage toast logmessage exception titel titre titulo título titolo
                tytuł otsikko titulek başlık judul заголовок タイトル 标题 제목",
            ..Vocabulary::NONE
        },
    ),
    (
        PathFacts::VERSION,
        Vocabulary {
            always: "version browserversion osversion appversion libversion sdkversion ver build buildnumber buildid release firmware
                useragent ua semver semrange range revision appbuild",
            ..Vocabulary::NONE
        },
    ),
    (
        // Short for an id's number of any kind, and in Germany for that of taxes.
        PathFacts::NATIONAL_ID.and(PathFacts::REFERENCE),
        Vocabulary { always: "idnr", ..Vocabulary::NONE },
    ),
    (
        PathFacts::REFERENCE,
        Vocabulary {
            always: "order orderid ordernumber orderno transaction transactionid invoice invoicenumber sku trace traceid time timestamp
                ts tsns tsms nanos epoch duration hash sha gitsha digest checksum etag integrity commit requestid spanid
                sequence seq insertid tokens publickey publictoken publishablekey sitekey primarykey foreignkey partitionkey sortkey
                cachekey bucketkey schemakey sequencekey idempotencykey keyhash keyname keylength keysize secretname secretlength
                secretsize tokenfile keyfile ean gtin upc isbn issn asin barcode articlenumber artikelnummer partnumber
                productnumber itemnumber",
            ..Vocabulary::NONE
        },
    ),
];

/// Keys and paths, as they stand, below which prompts to language models and their answers lie. Sources: PostHog's AI observability,
/// the semantic conventions of OpenTelemetry for generative AI, OpenInference, OpenLLMetry and the AI SDK of Vercel.
pub(crate) const PROMPTS: &[&str] = &[
    "$ai_input",
    "$ai_input_state",
    "$ai_output",
    "$ai_output_choices",
    "$ai_output_state",
    "$ai_tools",
    "$ai_error",
    "$ai_feedback_text",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "llm.prompts",
    "llm.input_messages",
    "llm.output_messages",
    "llm.prompt_template",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "ai.prompt",
    "ai.response.text",
    "ai.response.toolCalls",
    "ai_prompt",
    "ai_response",
    "llm_prompt",
    "llm_response",
    "llm_input",
    "llm_output",
    "system_prompt",
    "systemPrompt",
    "user_prompt",
    "userPrompt",
    "prompt_text",
    "promptText",
    "completion_text",
    "completionText",
    "model_output",
    "assistant_response",
    "chat_completion",
];

/// Keys, as they stand, below which every text is one of a program that failed, and so of anybody: messages and frames of
/// exceptions. Sources: PostHog's error tracking, Sentry's event payloads.
pub(crate) const ALWAYS_TEXT: &[&str] = &[
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
    ("passport", PathFacts::PASSPORT),
    ("iban", PathFacts::BANK),
    ("password", PathFacts::PASSWORD),
    ("passwort", PathFacts::PASSWORD),
    ("firstname", PathFacts::NAME),
    ("lastname", PathFacts::NAME),
    ("surname", PathFacts::NAME),
    ("latitude", PathFacts::GEO),
    ("longitude", PathFacts::GEO),
];

/// What a word says about the words beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Role(u16);

impl Role {
    /// Names a person.
    pub(crate) const PERSON: Role = Role(1);
    /// Stands before `name` in the name of a person, and says nothing about other words.
    pub(crate) const NAME_OF: Role = Role(1 << 1);
    /// Names a thing.
    pub(crate) const THING: Role = Role(1 << 2);
    /// Names a place.
    pub(crate) const PLACE: Role = Role(1 << 3);
    /// At the end of a key it says which one (`phone_home`), in front it does not change what is meant.
    pub(crate) const QUALIFIER: Role = Role(1 << 4);
    /// At the end it turns a strong word into a fact about the thing.
    pub(crate) const CLOSER: Role = Role(1 << 5);
    /// In front it turns the key into a question or a count.
    pub(crate) const OPENER: Role = Role(1 << 6);
    /// A person or an organisation: its id is a person's, its age and its position are not.
    pub(crate) const OWNER: Role = Role(1 << 7);

    pub(crate) const fn has(self, other: Role) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn and(self, other: Role) -> Role {
        Role(self.0 | other.0)
    }
}

/// Words by what they say about their neighbours. A word may have several roles.
pub(crate) const ROLES: &[(Role, &str)] = &[
    (
        Role::PERSON,
        "user users customer customers member members person persons people profile traits contact author creator recipient sender
         patient employee subscriber guest passenger student teacher lead invitee assignee manager buyer seller driver rider
         actor cardholder beneficiary payer payee spouse child parent mother father applicant candidate participant attendee
         tenant borrower insured claimant donor voter citizen resident human visitor player shopper worker staff doctor nurse
         biography demographics demographic identity personal personalinfo userdata userproperties userinfo
         kunde kunden benutzer nutzer mitglied mitarbeiter patientin teilnehmer utilisateur utilisatrice personne salarie membre
         usuario usuarios persona empleado paciente miembro utilizador pessoa funcionario utente persona dipendente paziente membro
         gebruiker klant persoon medewerker uzytkownik klient osoba pracownik pacjent anvandare kund bruger kunde bruker kunde
         kayttaja asiakas uzivatel zakaznik kullanici musteri pengguna pelanggan пользователь клиент polzovatel користувач
         клієнт 用户 客户 会员 顧客 会員 사용자 고객 회원 cliente clientes client clients",
    ),
    (Role::OWNER, "account distinct owner holder my your"),
    (Role::NAME_OF, "by my your billing shipping first last middle given family full legal real maiden display holder owner account"),
    (
        Role::THING,
        "product products item items plan library lib os browser app application campaign page screen device event experiment
         feature category file project model network country region city timezone language locale currency brand shop store team
         group company organization role host server service job task workflow course lesson video song track album playlist game
         level button form field element component module package repo repository branch environment cluster namespace template
         list tag flag variant cohort segment funnel dashboard report chart query table column coupon promotion discount shipping
         payment tool function error exception engine platform sdk cache session document certificate cert build queue
         container pod node process thread api endpoint route url link image asset icon menu tab step section widget layout view
         window modal dialog popup banner carousel slide toast notification card list row cell grid chart movie film show episode book
         article post blog channel bucket database schema index key token version release deployment pipeline runner plugin
         extension theme font color style class method variable property attribute parameter setting config option preference
         produit produits article produkt produkte artikel producto productos articulo produto produtos prodotto prodotti
         product fichier datei archivo arquivo bestand plik seite pagina strona evenement evento ereignis zdarzenie categorie
         kategorie categoria kategoria marke marca merk продукт товар событие 商品 产品 活动 상품",
    ),
    (
        Role::PLACE,
        "address addresses location geo geoip place residence billing shipping delivery destination origin adresse direccion endereco
         indirizzo adres home birth user",
    ),
    (
        Role::QUALIFIER,
        "value raw text string str field input new old current previous primary secondary main home work mobile business private
         personal normalized plain full original data info final initial latest other alternate alternative backup en de fr es
         ja zh unhashed cleartext my your the perso pro personnel facturation livraison entrega facturacion facturacao cobranca
         fatturazione spedizione casa contacto contato contatto cliente client utilisateur usuario utente titular klienta
         uzytkownika clean encoded formatted display nr number num no numero nummer numer broj",
    ),
    (
        Role::CLOSER,
        "count type verified valid validated confirmed enabled disabled status provider template subject length size sent opened
         clicked format error kind at strategy reset changed updated created required present missing optin optout in out frequency
         preference preferences campaign client domain index total date time source model brand os strength hash set used channel
         list flow step method hint consent score label category visible shown validation verification code prefix extension country issuer
         placeholder policy rule rules attempts tries rate percent ratio is was button click link page screen view form tab menu
         manager generator toggle expiry expires age version id key ms seconds days bytes limit quota",
    ),
    (
        Role::OPENER,
        "is has have had can could should would did does was were needs requires accepts show hide allow enable disable enabled
         num count total max min avg average sum supports include includes skip",
    ),
];

/// Parents whose keys are all of one person, as they stand; vendors reserve them. Sources: Segment's `context.traits`, PostHog's
/// `$set`, Amplitude's `user_properties`, GA4's `user_data`, Mixpanel's `$set`, our own `profile`.
pub(crate) const PROFILES: &[&str] = &[
    "profile",
    "traits",
    "$set",
    "$set_once",
    "user_properties",
    "userProperties",
    "user_data",
    "userData",
    "$user_properties",
    "person_properties",
    "$person_properties",
    "personProperties",
];

/// Paths that vendors reserve: the key, or the key below `context`, as it stands, and what it holds for certain.
pub(crate) const RESERVED: &[(&str, PathFacts)] = &[
    // Mixpanel and PostHog: profile and event properties.
    ("$email", PathFacts::EMAIL),
    ("$phone", PathFacts::PHONE),
    ("$name", PathFacts::NAME),
    ("$first_name", PathFacts::NAME),
    ("$last_name", PathFacts::NAME),
    ("$username", PathFacts::USERNAME),
    ("$avatar", PathFacts::IMAGE),
    ("$ip", PathFacts::IP),
    ("$city", PathFacts::CITY),
    ("$region", PathFacts::CITY),
    ("$user_id", PathFacts::UNIQUE_ID),
    ("_gid", PathFacts::COOKIE_ID),
    ("$distinct_id", PathFacts::UNIQUE_ID),
    ("$identified_id", PathFacts::UNIQUE_ID),
    ("$anon_distinct_id", PathFacts::COOKIE_ID),
    ("$anon_id", PathFacts::COOKIE_ID),
    ("$device_id", PathFacts::DEVICE_ID),
    ("$ios_ifa", PathFacts::DEVICE_ID),
    ("$android_devices", PathFacts::DEVICE_ID),
    ("$ios_devices", PathFacts::DEVICE_ID),
    ("$latitude", PathFacts::GEO),
    ("$longitude", PathFacts::GEO),
    ("$geoip_city_name", PathFacts::CITY),
    ("$geoip_subdivision_1_name", PathFacts::CITY),
    ("$geoip_subdivision_2_name", PathFacts::CITY),
    ("$geoip_postal_code", PathFacts::ADDRESS),
    ("$geoip_latitude", PathFacts::GEO),
    ("$geoip_longitude", PathFacts::GEO),
    ("$initial_geoip_city_name", PathFacts::CITY),
    ("$initial_geoip_subdivision_1_name", PathFacts::CITY),
    ("$initial_geoip_postal_code", PathFacts::ADDRESS),
    ("$initial_geoip_latitude", PathFacts::GEO),
    ("$initial_geoip_longitude", PathFacts::GEO),
    // Amplitude.
    ("location_lat", PathFacts::GEO),
    ("location_lng", PathFacts::GEO),
    ("ip_address", PathFacts::IP),
    // Segment and RudderStack, below `context`.
    ("context.ip", PathFacts::IP),
    ("context.location.city", PathFacts::CITY),
    ("context.location.region", PathFacts::CITY),
    ("context.location.latitude", PathFacts::GEO),
    ("context.location.longitude", PathFacts::GEO),
    ("context.device.id", PathFacts::DEVICE_ID),
    ("context.device.advertisingId", PathFacts::DEVICE_ID),
    // Snowplow's columns.
    ("user_ipaddress", PathFacts::IP),
    ("user_fingerprint", PathFacts::DEVICE_ID),
    ("domain_userid", PathFacts::COOKIE_ID),
    ("network_userid", PathFacts::COOKIE_ID),
    ("refr_domain_userid", PathFacts::COOKIE_ID),
    ("geo_city", PathFacts::CITY),
    ("geo_region", PathFacts::CITY),
    ("geo_region_name", PathFacts::CITY),
    ("geo_zipcode", PathFacts::ADDRESS),
    ("geo_latitude", PathFacts::GEO),
    ("geo_longitude", PathFacts::GEO),
    ("tr_city", PathFacts::CITY),
    ("tr_state", PathFacts::CITY),
    ("ip_organization", PathFacts::ORGANIZATION),
];
