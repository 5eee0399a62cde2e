//! Words around a number, in the same text: `call me at 9498777106`, `my card 4047737215142 expires`.
//!
//! Only a number that nothing else decides asks for them. Each byte of a text is read once for all numbers that ask, and for each number
//! no more than [`BYTES_BEFORE`] in front of it and a few behind it, and only the first numbers of a text ask at all.
//! The nearest word counts: in `phone case, order 12345678` it is the order.

/// How far in front of a number its word may stand.
const BYTES_BEFORE: usize = 72;
/// How far behind a number its word may end: `9498777106 (mobile)`; and how much may stand between.
const BYTES_BEHIND: usize = 16;
const GAP_BEHIND: usize = 2;

/// Numbers of one text that may ask: a text with more of them is a table.
const ASKED_MAX: u32 = 256;

/// What a word says of the number behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Says {
    /// It is a card's.
    Card = 0,
    /// It is a phone's.
    Phone = 1,
    /// Somebody is called, or written to.
    Call = 2,
    /// Somebody: with a call it is a phone's.
    Somebody = 3,
    /// It is of something else.
    Other = 4,
    /// A word that says nothing.
    Nothing = 5,
    /// A word between a number and what it is: `is`, `number`, `at`.
    Link = 6,
}

const KINDS: usize = Says::Link as usize + 1;

/// Where in a text words have been read, and where the last of each kind begins.
#[derive(Clone, Copy, Default)]
pub(crate) struct Nearby {
    read_to: u32,
    asked: u32,
    /// One past the place where the word begins; 0 where there was none.
    last: [u32; KINDS],
}

/// The words near one number.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    last: [u32; KINDS],
    from: u32,
}

impl Near {
    /// Where the last word of a kind begins; 0 where none is near.
    fn place(&self, says: Says) -> u32 {
        let place = self.last[says as usize];
        if place > self.from { place } else { 0 }
    }

    /// Whether a word says that the number is a card's, and none behind that one that it is of something else.
    pub(crate) fn is_card(&self) -> bool {
        self.place(Says::Card) > self.place(Says::Other)
    }

    /// Whether a word names a phone, or somebody is called, and the number is of nothing else.
    pub(crate) fn is_call(&self) -> bool {
        self.place(Says::Phone).max(self.place(Says::Call)) > self.place(Says::Other).max(self.place(Says::Card))
    }

    /// Whether a word names a phone, or somebody in person is called, and the number is of nothing else.
    pub(crate) fn is_phone(&self) -> bool {
        self.phone() > self.place(Says::Other).max(self.place(Says::Card))
    }

    /// The same, and nothing else is said between that and the number.
    pub(crate) fn is_phone_at_once(&self) -> bool {
        self.is_phone() && self.phone() > self.place(Says::Nothing)
    }

    /// Whether somebody is called, the number is of nothing else, and nothing else is said between.
    pub(crate) fn is_call_at_once(&self) -> bool {
        self.is_call() && self.place(Says::Phone).max(self.place(Says::Call)) > self.place(Says::Nothing)
    }

    /// Whether the nearest word is one that leads to a number: `failed with status 630-1907` has none.
    pub(crate) fn is_led_to(&self) -> bool {
        self.place(Says::Nothing) == 0 || self.last.iter().any(|place| *place > self.place(Says::Nothing))
    }

    fn phone(&self) -> u32 {
        let (call, somebody) = (self.place(Says::Call), self.place(Says::Somebody));
        self.place(Says::Phone).max(if somebody > 0 { call } else { 0 })
    }
}

impl Nearby {
    /// Whether another number may ask.
    pub(crate) fn may_ask(&self) -> bool {
        self.asked < ASKED_MAX
    }

    /// The words in front of a number that begins at `start`, and where none of them says `wanted`, the one right behind its `end`.
    /// Numbers are asked for in the order in which they stand.
    pub(crate) fn of(&mut self, text: &[u8], start: usize, end: usize, wanted: Says) -> Near {
        let from = start.saturating_sub(BYTES_BEFORE);
        self.asked += 1;
        self.read(text, from, start);
        let mut near = Near { last: self.last, from: from as u32 };
        let behind = &text[end..text.len().min(end + BYTES_BEHIND)];
        if near.place(wanted) == 0
            && let Some(gap) = behind.iter().take(GAP_BEHIND + 1).position(|byte| begins_word(*byte))
        {
            let word = &behind[gap..end_of_word(behind, gap, behind.len())];
            let is_cut = gap + word.len() == BYTES_BEHIND;
            if !is_cut && look_up(word).0 == wanted {
                near.last[wanted as usize] = (end + gap) as u32 + 1;
            }
        }
        near
    }

    /// Reads the words of `from..to` that were not read before.
    fn read(&mut self, text: &[u8], from: usize, to: usize) {
        let mut at = from.max(self.read_to as usize);
        // The rest of a character says nothing, nor that of a word that begins further in front.
        if at == from && at > 0 && is_letter(text[at - 1]) {
            at += text[at..to].iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
            if !text[at..to].first().is_some_and(|byte| is_dense(*byte)) {
                at = end_of_word(text, at, to);
            }
        }
        while at < to {
            if !begins_word(text[at]) {
                at += 1;
                continue;
            }
            let end = end_of_word(text, at, to);
            let (says, len) = look_up(&text[at..end]);
            self.last[says as usize] = at as u32 + 1;
            at += len;
        }
        self.read_to = self.read_to.max(to as u32);
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Whether a letter begins here; the rest of one does not.
fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0xc0 && !is_print(byte)
}

/// Whether a character begins of a script that puts nothing between words.
fn is_dense(byte: u8) -> bool {
    matches!(byte, 0xe3..=0xed)
}

/// Whether a space begins that does not break, or a dash or a quotation mark of print.
fn is_print(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xe2)
}

fn end_of_word(text: &[u8], at: usize, to: usize) -> usize {
    at + text[at..to].iter().take_while(|byte| is_letter(**byte) && !is_print(**byte)).count()
}

/// What a word says, and how much of it was read: of scripts that put nothing between words one character, or the word that was found.
fn look_up(word: &[u8]) -> (Says, usize) {
    let is_dense = is_dense(word[0]);
    let [one, two] = [word[0], word.get(1).copied().unwrap_or_default()];
    let (first, count) = BUCKETS[bucket(one, two)];
    let entries = &TABLE[usize::from(first)..usize::from(first) + usize::from(count)];
    let found = entries.iter().find(|entry| {
        let stem = entry.stem.as_bytes();
        let begins = word.get(..stem.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(stem));
        begins && (entry.is_open || is_dense || word.len() == stem.len())
    });
    match found {
        Some(entry) if is_dense => (entry.says, entry.stem.len()),
        Some(entry) => (entry.says, word.len()),
        // Particles stand between most words.
        None if is_dense => (Says::Link, word.len().min(3)),
        None => (Says::Nothing, word.len()),
    }
}

/// What says that a number is a card's, a phone's, or another's; a star stands for any ending. English, German, French, Spanish,
/// Portuguese, Italian, Dutch, Polish, and a few words of others; what keys are called stands in [`crate::dictionary`].
const WORDS: &[(Says, &str)] = &[
    (
        Says::Card,
        "card cards cardnumber creditcard* debitcard* credit debit cc ccnum* visa mastercard* maestro jcb amex diners unionpay rupay
         payment payments paycard* bankcard* kreditkart* debitkart* bankkart* zahlkart* karte karten kartennummer carte cartes
         tarjeta* carta cartao cartão cartoes cartões cartaocredito kaart kaartnummer creditkaart betaalkaart pinpas karta karty kartę
         kartą karcie kartu kort kortet kortnummer* kortnr kreditkort* betalkort* betalingskort* bankkort* dankort* kortti korttin*
         luottokort* pankkikort* kartı* kártya* kártyá* bankkártya* hitelkártya* kartou kartě kartica* kartice karticu karticom
         кредит* карта карты карте карту картой карт картка картки картку карткою Карта Карты Карту Картка カード クレジット 信用卡 银行卡 銀行卡
         卡号 卡號 카드 신용카드",
    ),
    (
        Says::Phone,
        "phone phonenumber* telephon* tel tél telf telefon* teléfon* téléphon* telefoon* telefón* puhelin* puhelim*
         tlf tlfn tfno tfn mobile mobil mobiel mobilnummer* mobiltelefon* móvil movil cellphone* cellulare* celular celulare landline*
         fax telefax telefaks faks faxnummer handy handynummer* rufnummer* festnetz* hotline helpline whatsapp viber msisdn sms gsm
         komórk* komorkow* mob cel telemóvel telemovel recapito telp telpon telepon
         тел телефон* Тел Телефон* моб мобильн* мобільн* τηλ τηλέφων* Τηλ Τηλέφων* κινητό 電話 携帯 お電話 电话 手机 手機 座机 传真 전화 휴대폰
         휴대전화 핸드폰 연락처 ファックス",
    ),
    (
        Says::Call,
        "call called calling phoned phoning callback ring rang reach reachable contact* text texted message messages answering
         answer voicemail dial dialed dialled dialing registered pager cell anruf* anzuruf* rufen rufe ruft zurückruf* rückruf* erreich* appel*
         rappel* joindre joignable llam* llám* marcar kontakt* ligar ligue liga chiam* richiam* bel bellen
         gebeld bereik* dzwoń* dzwon* zadzwo* ringa ringe soita* zavol* hívj* hívd* ara arayın звон* позвон* дзвон* Звон* Позвон*
         подзвон* portable fixe",
    ),
    (
        Says::Somebody,
        "me us him her them my our please bitte proszę mich uns mir mein meine meiner moi nous mon notre mi nuestro meu minha mio mia mij mijn mnie mój moj
         mig min meg mitt meitä minua mě mne мне меня мой нам",
    ),
    (
        Says::Other,
        "order orders ordernumber invoice* ticket* reference ref refs id ids tracking transaction* version versions build builds isbn issn
         ean upc sku gtin serial imei imsi iccid article item items code codes pin zip zipcode postcode policy claim claims ssn sin
         passport* licence license member membership employee customer case cases account* acct iban iin bic routing sort booking
         reservation* confirmation shipment parcel delivery flight train room tax vat vin plate port error errors line lines row rows page
         pages seed block offset bytes byte timestamp epoch hash commit revision patch patent date dates dated year years amount
         price balance sum total totals length status session sessions points score scores size width height weight model lot batch job task issue bug pull
         bestellung* bestellnummer* rechnung* auftrag* artikel* konto* kundennummer* vertrag* aktenzeichen sendung* vorgang*
         commande* facture* compte* dossier colis réf pedido* factura* cuenta* encomenda* fatura* conta ordine* fattura* conto bestelling*
         factuur* rekening* zamówieni* faktur* ordre* tilaus* заказ* счет* счёт* 注文 订单 주문",
    ),
    (
        Says::Link,
        "number numbers no nr num nbr n is are was at on to under via or and with the a as this its it new old your his their
         for of by either from support
         nummer nummern ist lautet auf an unter der die das numéro numero número est le la au el es al em o é è il ao nel het op naar
         numer nummeret på är er til do pod jest номер нет на по",
    ),
];

/// A word in the table.
struct Entry {
    stem: &'static str,
    says: Says,
    /// Words that only begin so are meant too.
    is_open: bool,
}

const COUNT: usize = {
    let (mut count, mut list) = (0, 0);
    while list < WORDS.len() {
        let mut words = Split { text: WORDS[list].1, at: 0 };
        while let Some((_, next)) = words.next_word() {
            words = next;
            count += 1;
        }
        list += 1;
    }
    count
};

/// The words of a text, as a constant expression can walk them.
#[derive(Clone, Copy)]
struct Split {
    text: &'static str,
    at: usize,
}

impl Split {
    const fn next_word(self) -> Option<(&'static str, Split)> {
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        while start < bytes.len() && bytes[start].is_ascii_whitespace() {
            start += 1;
        }
        let mut end = start;
        while end < bytes.len() && !bytes[end].is_ascii_whitespace() {
            end += 1;
        }
        if start == end {
            return None;
        }
        let (_, rest) = self.text.split_at(start);
        let (word, _) = rest.split_at(end - start);
        Some((word, Split { text: self.text, at: end }))
    }
}

/// Two bytes, of either case, to one of 1,024 places.
const fn bucket(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// The words by bucket, in each in the order of the lists.
static TABLE: [Entry; COUNT] = {
    // (bucket, list, where it stands)
    let mut order = [(0_usize, 0_usize, ""); COUNT];
    let (mut count, mut list) = (0, 0);
    while list < WORDS.len() {
        let mut words = Split { text: WORDS[list].1, at: 0 };
        while let Some((word, next)) = words.next_word() {
            words = next;
            let bytes = word.as_bytes();
            let place = bucket(bytes[0], if bytes.len() > 1 && bytes[1] != b'*' { bytes[1] } else { 0 });
            let mut at = count;
            while at > 0 && order[at - 1].0 > place {
                order[at] = order[at - 1];
                at -= 1;
            }
            order[at] = (place, list, word);
            count += 1;
        }
        list += 1;
    }
    let mut table = [const { Entry { stem: "", says: Says::Link, is_open: false } }; COUNT];
    let mut i = 0;
    while i < COUNT {
        let (_, list, word) = order[i];
        let is_open = matches!(word.as_bytes().last(), Some(b'*'));
        let (stem, _) = word.split_at(if is_open { word.len() - 1 } else { word.len() });
        table[i] = Entry { stem, says: WORDS[list].0, is_open };
        i += 1;
    }
    table
};

/// Where each bucket's words begin in the table, and how many there are.
static BUCKETS: [(u16, u8); 1_024] = {
    let mut buckets = [(0, 0); 1_024];
    let mut i = 0;
    while i < COUNT {
        let bytes = TABLE[i].stem.as_bytes();
        let place = bucket(bytes[0], if bytes.len() > 1 { bytes[1] } else { 0 });
        if buckets[place].1 == 0 {
            buckets[place].0 = i as u16;
        }
        buckets[place].1 += 1;
        i += 1;
    }
    buckets
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_says_one_thing() {
        for (says, words) in WORDS {
            for word in words.split_whitespace() {
                let word = word.trim_end_matches('*');
                assert_eq!(look_up(word.as_bytes()), (*says, word.len()), "{word}");
            }
        }
    }

    #[test]
    fn the_nearest_word_counts() {
        let near = |text: &str| {
            let digits = |byte: u8| byte.is_ascii_digit();
            let start = text.bytes().position(digits).expect("a number");
            let end = text.bytes().rposition(digits).expect("a number") + 1;
            let of = |wanted| Nearby::default().of(text.as_bytes(), start, end, wanted);
            let phone = of(Says::Phone);
            [of(Says::Card).is_card(), phone.is_call(), phone.is_phone(), phone.is_phone_at_once()]
        };
        assert_eq!(near("my card is 1"), [true, false, false, false]);
        assert_eq!(near("Phone: 1"), [false, true, true, true]);
        assert_eq!(near("call me at 1"), [false, true, true, true]);
        assert_eq!(near("call at 1"), [false, true, false, false]);
        assert_eq!(near("call me tomorrow at 1"), [false, true, true, false]);
        assert_eq!(near("call me about order 1"), [false; 4]);
        assert_eq!(near("1 (mobile)"), [false, true, true, true]);
        assert_eq!(near("私の電話番号は1です"), [false, true, true, true]);
        assert_eq!(near("Tel.:\u{a0}1"), [false, true, true, true]);
        assert_eq!(
            near("telephones are far too far away from this number, which stands in another clause: 1"),
            [false; 4]
        );
    }

    #[test]
    fn words_are_the_same_however_many_numbers_ask() {
        let text = "call 1 and me 2 or the order 3, phone 4 card 5 カード6 電話7, phonenumbers and 8 cards 9 ";
        let text = text.repeat(9);
        let mut shared = Nearby::default();
        for (start, _) in text.match_indices(|c: char| c.is_ascii_digit()) {
            for wanted in [Says::Card, Says::Phone] {
                let near = shared.of(text.as_bytes(), start, start + 1, wanted);
                let alone = Nearby::default().of(text.as_bytes(), start, start + 1, wanted);
                let said = |near: Near| [near.is_card(), near.is_call(), near.is_phone(), near.is_phone_at_once()];
                assert_eq!(said(near), said(alone), "{start} in {text}");
            }
        }
    }
}
