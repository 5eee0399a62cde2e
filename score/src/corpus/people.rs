//! People who do not exist: names of several languages and scripts, addresses, dates of birth, places, contact details. Domains
//! and numbers are those reserved for examples where such are.

use crate::random::{DIGITS, LOWER_HEX, Random};

/// Given names and family names by language.
const NAMES: &[(&str, &str)] = &[
    (
        "Maria|James|Olivia|Noah|Emma|Liam|Chloe|Grace|Ethan|Ruth|Aaron|Megan",
        "Smith|Johnson|Murphy|Taylor|O'Brien|Walker|Wright|Hughes|Bennett|Clarke",
    ),
    (
        "Lukas|Jonas|Anna|Jürgen|Sabine|Käthe|Torsten|Friederike|Björn",
        "Schmidt|Müller|Schröder|Weiß|Kaiser|von Bülow|Krüger|Bauer",
    ),
    (
        "Camille|Élodie|Jérôme|Amélie|Hugo|Zoé|François|Noémie",
        "Dubois|Lefèvre|Moreau|Girard|de la Fontaine|Rousseau|Béranger",
    ),
    (
        "Sofía|Mateo|Lucía|José|Íñigo|Valentina|Álvaro|Ximena",
        "García|Fernández|Núñez|López Ruiz|Castillo|Ibáñez|Ortega",
    ),
    ("Giulia|Matteo|Francesca|Niccolò|Alessandra|Lorenzo", "Rossi|Bianchi|De Luca|Esposito|Conti|D'Angelo"),
    ("Zofia|Łukasz|Agnieszka|Paweł|Małgorzata|Wojciech", "Kowalski|Nowak|Wiśniewska|Zieliński|Dąbrowski|Wójcik"),
    ("João|Beatriz|Thiago|Inês|Luís|Mariana", "Silva|Santos|Pereira|dos Anjos|Gonçalves|Araújo"),
    (
        "Ivan|Aisha|Mei|Priya|Fatima|Olu|Hiro|Nguyen|Yusuf|Ananya|Kwame|Ngozi",
        "Petrov|Khan|Chen|Patel|Haddad|Okafor|Tanaka|Nguyen|Demir|Iyer|Mensah|Adeyemi",
    ),
    ("Иван|Мария|Ольга|Дмитрий|Наталья", "Петров|Иванова|Смирнов|Кузнецова"),
    ("Γιώργος|Ελένη|Δημήτρης", "Παπαδόπουλος|Νικολάου|Γεωργίου"),
    ("محمد|فاطمة|يوسف|ليلى", "الخطيب|حداد|المصري|منصور"),
    ("अनन्या|राहुल|प्रिया", "शर्मा|पटेल|गुप्ता"),
];
/// Written as one word, family name first.
const EAST_ASIAN: &str = "山田太郎|佐藤花子|鈴木一郎|高橋美咲|王小明|李娜|张伟|陈静|김민준|이서연|박지훈|최수빈";

pub(crate) struct Person {
    pub(crate) given: String,
    pub(crate) family: String,
}

pub(crate) fn person(r: &mut Random) -> Person {
    // Every other name is of a list that English speaking systems hold most.
    let at = if r.chance(40.0) { *r.pick(&[0, 7]) } else { r.below(NAMES.len()) };
    let (given, family) = NAMES[at];
    Person { given: r.word(given).to_owned(), family: r.word(family).to_owned() }
}

/// Keys and a name: the key says which part stands there.
pub(crate) fn name(r: &mut Random) -> (&'static str, String) {
    let Person { given, family } = person(r);
    match r.below(10) {
        0 | 1 => (r.word("first_name|firstName|$first_name|given_name|vorname|prenom|fname|user.first_name"), given),
        2 | 3 => (r.word("last_name|lastName|$last_name|surname|family_name|nachname|apellidos|lname"), family),
        4 => ("name|full_name|display_name", r.word(EAST_ASIAN).to_owned()),
        5 => (r.word("name|full_name|customer_name"), format!("{family}, {given}")),
        6 => {
            let initial = given.chars().next().unwrap_or('M');
            (r.word("author|display_name|full_name"), format!("{initial}. {family}"))
        }
        _ => {
            let keys = "name|full_name|$name|display_name|customer_name|author|recipient_name|traits.name|shipping.full_name|cardholder_name|created_by_name|nombre_completo|contact_name";
            (r.word(keys), format!("{given} {family}"))
        }
    }
}

/// A whole name, for keys that say nothing.
pub(crate) fn whole_name(r: &mut Random) -> String {
    let Person { given, family } = person(r);
    format!("{given} {family}")
}

pub(crate) fn email(r: &mut Random) -> String {
    let latin =
        |text: &str| -> String { text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase() };
    let (given, family) = loop {
        let Person { given, family } = person(r);
        let (given, family) = (latin(&given), latin(&family));
        if given.len() > 1 && family.len() > 1 {
            break (given, family);
        }
    };
    let n = r.between(1, 99);
    let local = match r.below(7) {
        0 => format!("{given}.{family}"),
        1 => format!("{}{family}", &given[..1]),
        2 => format!("{given}+{}", r.word("news|shop|test1|work")),
        3 => format!("{given}_{family}{n}"),
        4 => format!("{family}{n}"),
        5 => format!("{given}-{family}"),
        _ => format!("{given}{n}"),
    };
    let domains = "example.com|example.org|mail.example.net|corp.example.com|example.co.uk|gmail.example|example.de|example.fr|web.example.it|example.com.br|example.co.jp|example.io|example.dev|example.app|example.edu|post.example.museum|example.nl|example.pl|example.se|xn--mller-kva.example|müller.example";
    let address = format!("{local}@{}", r.word(domains));
    if r.chance(4.0) { address.to_uppercase() } else { address }
}

/// A number in a form that needs no key.
pub(crate) fn phone(r: &mut Random) -> String {
    let area = r.between(201, 989);
    match r.below(14) {
        0 => format!("+1{area}55501{:02}", r.below(100)),
        1 => format!("({area}) 555-01{:02}", r.below(100)),
        2 => format!("{area}-555-01{:02}", r.below(100)),
        3 => format!("+1 ({area}) 555-01{:02}", r.below(100)),
        4 => format!("{area}.555.01{:02}", r.below(100)),
        5 => format!("+44 20 7946 0{}", r.between(100, 999)),
        6 => format!("+44 7700 900{}", r.between(100, 999)),
        7 => format!("+49 30 23125 {}", r.between(100, 999)),
        8 => format!("+33 1 99 00 {:02} {:02}", r.below(100), r.below(100)),
        9 => format!("+55 11 9{}-{}", r.shape("0000"), r.shape("0000")),
        10 => format!("+91 9{} {}", r.shape("0000"), r.shape("00000")),
        11 => format!("+81 3-{}-{}", r.shape("0000"), r.shape("0000")),
        12 => format!("+61 4{} {} {}", r.shape("00"), r.shape("000"), r.shape("000")),
        _ => format!("+3491{}", r.shape("0000000")),
    }
}

/// A number as it is dialled at home: only a key gives it away.
pub(crate) fn national_phone(r: &mut Random) -> String {
    match r.below(6) {
        0 => format!("{}55501{:02}", r.between(201, 989), r.below(100)),
        1 => format!("07700 900{}", r.between(100, 999)),
        2 => format!("0151 {}", r.shape("00000000")),
        3 => format!("030 23125 {}", r.between(100, 999)),
        4 => format!("06 39 98 {:02} {:02}", r.below(100), r.below(100)),
        _ => format!("090-{}-{}", r.shape("0000"), r.shape("0000")),
    }
}

pub(crate) fn ip_v4(r: &mut Random) -> String {
    match r.below(3) {
        0 => format!("203.0.113.{}", r.between(1, 254)),
        1 => format!("198.51.100.{}", r.between(1, 254)),
        _ => {
            // Not the networks that mean nobody in particular.
            let first = loop {
                let first = r.between(33, 223);
                if ![100, 127, 169, 172, 192].contains(&first) {
                    break first;
                }
            };
            format!("{first}.{}.{}.{}", r.between(0, 255), r.between(0, 255), r.between(1, 254))
        }
    }
}

pub(crate) fn ip_v6(r: &mut Random) -> String {
    let group = |r: &mut Random| format!("{}{}", char::from(*r.pick(b"123456789abcdef")), r.text(LOWER_HEX, 3));
    let groups = |r: &mut Random, n: usize| (0..n).map(|_| group(r)).collect::<Vec<_>>().join(":");
    match r.below(4) {
        0 => format!("2001:db8:{}", groups(r, 6)),
        1 => format!("2001:db8::{}", group(r)),
        2 => format!("2001:db8:{}::{}", groups(r, 2), groups(r, 2)),
        _ => format!("fe80::{}", groups(r, 4)),
    }
}

pub(crate) fn mac(r: &mut Random) -> String {
    match r.below(3) {
        0 => r.shape("XX-XX-XX-XX-XX-XX"),
        _ => r.shape("xx:xx:xx:xx:xx:xx"),
    }
}

pub(crate) fn address(r: &mut Random) -> String {
    let n = r.between(1, 240);
    match r.below(10) {
        0..=2 => {
            let street = r.word("Maple|Oak|Pine|Cedar|Elm|Washington|Lake|Hill|Park|Main|MLK Jr");
            let kind = r.word("St|Street|Ave|Avenue|Road|Rd|Lane|Blvd|Dr|Court");
            let city = r.word("Austin, TX 78701|Denver, CO 80202|Portland|Springfield, IL|Boston, MA 02108");
            let unit = r.word("||| Apt 4B| Suite 200");
            format!("{} {street} {kind}{unit}, {city}", r.between(1, 9_999))
        }
        3 => format!(
            "{n} {} {}, {} {}",
            r.word("High|Church|Station|Mill"),
            r.word("Street|Road|Lane"),
            r.word("Leeds|London|Bristol"),
            r.word("LS1 4AP|SW1A 1AA|BS1 5TR")
        ),
        4 => format!(
            "{} {n}{}, {} {}",
            r.word("Hauptstraße|Lindenweg|Goethestr.|Am Markt|Bahnhofstrasse"),
            r.word("|a||b"),
            r.word("10115|80331|50667|20095"),
            r.word("Berlin|München|Köln|Hamburg")
        ),
        5 => format!(
            "{n} {} {}, {} {}",
            r.word("rue|avenue|boulevard|bis rue"),
            r.word("de la Paix|Victor Hugo|des Lilas"),
            r.word("75002|69003|33000"),
            r.word("Paris|Lyon|Bordeaux")
        ),
        6 => format!(
            "{} {}, {n}, {} {}",
            r.word("Calle|Avenida|Plaza"),
            r.word("Mayor|de Alcalá|del Sol"),
            r.word("28013|41001|08002"),
            r.word("Madrid|Sevilla|Barcelona")
        ),
        7 => format!(
            "Via {} {n}, {} {}",
            r.word("Roma|Garibaldi|Dante"),
            r.word("00184|20121|50122"),
            r.word("Roma|Milano|Firenze")
        ),
        8 => format!(
            "{} {n}, {} {}",
            r.word("ul. Długa|ul. Marszałkowska|Keizersgracht|Prinsengracht|Rua Augusta"),
            r.word("00-590|31-147|1015 CJ|1100-053"),
            r.word("Warszawa|Kraków|Amsterdam|Lisboa")
        ),
        _ => format!(
            "{}{}丁目{}-{}",
            r.word("東京都渋谷区神南|大阪府大阪市北区梅田|京都府京都市中京区"),
            r.between(1, 5),
            r.between(1, 20),
            r.between(1, 30)
        ),
    }
}

pub(crate) fn birth_date(r: &mut Random) -> String {
    let (y, m, d) = (r.between(1940, 2008), r.between(1, 12), r.between(1, 28));
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    match r.below(8) {
        0..=2 => format!("{y}-{m:02}-{d:02}"),
        3 => format!("{m:02}/{d:02}/{y}"),
        4 => format!("{d:02}.{m:02}.{y}"),
        5 => format!("{} {d}, {y}", months[m as usize - 1]),
        6 => format!("{y}-{m:02}-{d:02}T00:00:00.000Z"),
        _ => format!("{y}{m:02}{d:02}"),
    }
}

/// A pair of degrees; the keys of one that names it.
pub(crate) fn place(r: &mut Random) -> String {
    let decimals = *r.pick(&[4, 5, 6, 6]);
    let (lat, lng) = (r.between(-89, 89), r.between(-179, 179));
    let gap = r.word(",|, ");
    format!("{lat}.{}{gap}{lng}.{}", r.text(DIGITS, decimals), r.text(DIGITS, decimals))
}

/// One degree, as a number.
pub(crate) fn degree(r: &mut Random) -> String {
    format!("{}.{}{}", r.between(-89, 89), r.text(DIGITS, 5), r.between(1, 9))
}

pub(crate) fn username(r: &mut Random) -> String {
    format!("{}{}{}", r.word("sky|pixel|quiet|red|night|data"), r.word("fox|rider|_owl|.cat|walker"), r.between(1, 999))
}
