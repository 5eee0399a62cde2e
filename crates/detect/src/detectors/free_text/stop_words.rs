//! The stop words of seventeen languages: the commonest words of each, which labels and lists of names hold few of.

use crate::bytes::{lower, word_at};

/// Whether the `len` bytes at `start` are a stop word, in small letters or in capitals.
#[inline]
pub(super) fn is_stop_word(text: &[u8], start: usize, len: usize) -> bool {
    // Most words end here: no stop word has their first letter and length.
    if !(2..=7).contains(&len) || LENGTHS[usize::from(text[start] & 0x1f)] & (1 << len) == 0 {
        return false;
    }
    // The last byte is the length: a text may hold zero bytes.
    let word = lower(word_at(text, start)) & (u64::MAX >> (64 - 8 * len)) | (len as u64) << 56;
    let bucket = bucket_of(word);
    let (first, end) = (usize::from(BUCKETS[bucket]), usize::from(BUCKETS[bucket + 1]));
    PACKED[first..end].contains(&word)
}

const fn bucket_of(word: u64) -> usize {
    (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}

const fn packed(word: &str) -> u64 {
    let bytes = word.as_bytes();
    assert!(bytes.len() < 8, "a word and its length are eight bytes");
    let (mut packed, mut at) = ((bytes.len() as u64) << 56, 0);
    while at < bytes.len() {
        packed |= (bytes[at] as u64) << (8 * at);
        at += 1;
    }
    packed
}

/// Where the words of each bucket begin in [`PACKED`].
static BUCKETS: [u16; 257] = {
    let mut begins = [0; 257];
    let mut i = 0;
    while i < STOP_WORDS.len() {
        begins[bucket_of(packed(STOP_WORDS[i])) + 1] += 1;
        i += 1;
    }
    let mut bucket = 0;
    while bucket < 256 {
        begins[bucket + 1] += begins[bucket];
        bucket += 1;
    }
    begins
};

/// The stop words as numbers, so that a comparison is one instruction, by bucket.
static PACKED: [u64; STOP_WORDS.len()] = {
    let mut words = [0; STOP_WORDS.len()];
    let mut next = BUCKETS;
    let mut i = 0;
    while i < STOP_WORDS.len() {
        let word = packed(STOP_WORDS[i]);
        let place = &mut next[bucket_of(word)];
        words[*place as usize] = word;
        *place += 1;
        i += 1;
    }
    words
};

/// The lengths of the stop words that begin with each letter, as bits.
static LENGTHS: [u8; 32] = {
    let mut lengths = [0; 32];
    let mut i = 0;
    while i < STOP_WORDS.len() {
        lengths[(STOP_WORDS[i].as_bytes()[0] & 0x1f) as usize] |= 1 << STOP_WORDS[i].len();
        i += 1;
    }
    lengths
};

/// Sorted by their bytes. English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish, Danish, Norwegian, Finnish,
/// Czech, Turkish, Indonesian, Russian and Ukrainian.
#[rustfmt::skip]
const STOP_WORDS: [&str; 737] = [
    "aan", "about", "aby", "adalah", "af", "after", "again", "akan", "aku", "al", "ale", "algo", "all", "alla", "alle", "alors",
    "als", "also", "alt", "am", "ama", "an", "anche", "and", "anda", "any", "ao", "aos", "are", "as", "at", "atau", "att",
    "até", "au", "auch", "auf", "aus", "aussi", "aux", "av", "avec", "avons", "až", "bagi", "bahwa", "bana", "bardzo", "bare",
    "be", "because", "been", "before", "bei", "beni", "bez", "bien", "bij", "bin", "bir", "bis", "bisa", "bitte", "biz", "bu",
    "bunu", "bunun", "but", "by", "byl", "był", "både", "být", "c'est", "can", "can't", "cannot", "ce", "ces", "cette", "che",
    "chi", "ci", "co", "com", "come", "comme", "como", "con", "cosa", "could", "cuando", "czy", "da", "daha", "dal", "dalam",
    "dalla", "dan", "dann", "dans", "dapat", "dari", "das", "dass", "dat", "de", "dei", "del", "della", "delle", "dem", "den",
    "dengan", "depois", "depuis", "der", "deres", "des", "desde", "det", "detta", "dette", "deze", "değil", "di", "dia", "did",
    "didn't", "die", "diese", "dig", "dit", "diye", "dla", "do", "doch", "does", "doesn't", "dog", "don't", "donde", "door",
    "dopo", "dos", "du", "durch", "där", "een", "efter", "ei", "ein", "eine", "einem", "einen", "einer", "el", "ela", "ele",
    "ella", "elle", "eller", "em", "en", "entre", "er", "era", "es", "essa", "est", "esta", "este", "esto", "estou", "estoy",
    "está", "et", "ett", "etter", "että", "eu", "fait", "fatto", "foi", "for", "fra", "from", "från", "för", "für", "ga", "gdy",
    "geen", "get", "gibi", "gli", "go", "gracias", "grazie", "går", "ha", "habe", "haben", "had", "han", "hanno", "hans", "har",
    "has", "hat", "hatte", "havde", "have", "hay", "he", "heb", "heeft", "help", "her", "here", "here's", "het", "hier", "hij",
    "him", "his", "hiç", "ho", "hoe", "hola", "hon", "how", "hun", "hur", "hva", "hvad", "hvis", "hvor", "hän", "i'll", "i'm",
    "i've", "ich", "iets", "if", "ihr", "ik", "ikke", "il", "ile", "ils", "im", "in", "ind", "ingen", "ini", "inte", "into",
    "io", "is", "ise", "isn't", "isso", "ist", "it", "it's", "its", "itu", "için", "j'ai", "ja", "jag", "jak", "jako", "je",
    "jeg", "jego", "jeho", "jej", "jen", "jer", "jest", "jika", "jo", "joka", "jos", "jsem", "jsou", "juga", "just", "już",
    "já", "kadar", "kami", "kan", "kann", "kanssa", "karena", "każdy", "když", "ke", "keine", "kepada", "ki", "kiedy", "kita",
    "kom", "která", "které", "který", "która", "które", "który", "kuin", "kun", "kunnen", "können", "könnte", "la", "lagi",
    "las", "last", "le", "lei", "leider", "les", "let's", "leur", "like", "lite", "lo", "loro", "los", "lub", "lui", "lütfen",
    "maar", "mais", "mam", "man", "mas", "me", "med", "meer", "meg", "meget", "mehr", "mein", "meine", "meinem", "meinen",
    "meiner", "men", "merci", "mereka", "met", "meu", "mich", "mig", "mij", "mijn", "min", "minha", "minulle", "minä", "mir",
    "mis", "mit", "mitt", "mitä", "mnie", "moja", "moje", "molto", "mon", "more", "może", "mu", "muito", "mutta", "muy", "my",
    "mycket", "myös", "más", "må", "mój", "mě", "můj", "n'est", "na", "naar", "nach", "nad", "nada", "nas", "nasıl", "ne",
    "nebo", "neden", "need", "nel", "nella", "nem", "než", "ni", "nicht", "nie", "niet", "niin", "niż", "no", "noch", "noe",
    "nog", "noi", "non", "nos", "nossa", "nosso", "nostra", "not", "notre", "nous", "now", "nu", "nuestra", "nuestro", "nur",
    "nyt", "não", "när", "når", "nós", "och", "också", "od", "oder", "of", "og", "også", "ohne", "olan", "olarak", "oleh",
    "oli", "olisi", "olla", "om", "on", "ona", "one", "only", "ons", "ont", "onze", "ook", "op", "opp", "or", "oraz", "os",
    "other", "ou", "our", "out", "ovat", "over", "où", "pada", "par", "para", "pas", "pela", "pelo", "per", "perché", "pero",
    "peut", "più", "please", "plus", "po", "pod", "por", "porque", "posso", "pour", "pra", "pro", "prosím", "proto", "przed",
    "przez", "puedo", "può", "på", "quand", "quando", "que", "quello", "quem", "questa", "questo", "qui", "qué", "saat", "sans",
    "saya", "schon", "se", "sebagai", "sedan", "seg", "sehr", "sei", "seit", "sekä", "sem", "seni", "ses", "seu", "she",
    "should", "si", "sia", "sich", "sie", "sig", "sin", "since", "sind", "sinds", "sinulle", "sinä", "siz", "się", "ska",
    "skal", "so", "sobre", "sollte", "solo", "som", "some", "son", "sono", "sonra", "sont", "su", "sua", "sudah", "sul", "suo",
    "sur", "sus", "så", "só", "są", "tack", "tai", "tak", "também", "te", "tego", "telah", "tem", "tengo", "też", "than",
    "that", "that's", "the", "their", "them", "then", "there", "there's", "these", "they", "they're", "this", "those", "tidak",
    "tiene", "til", "till", "to", "todo", "too", "tot", "tout", "tra", "très", "tutto", "tylko", "tämä", "ud", "uit", "um",
    "uma", "un", "una", "und", "under", "une", "uno", "uns", "unter", "untuk", "up", "upp", "us", "ut", "už", "vad", "vain",
    "van", "var", "varför", "ve", "ved", "veel", "very", "veya", "vi", "vid", "vielä", "vil", "vill", "você", "voiko", "vom",
    "von", "voor", "vor", "vos", "vostra", "votre", "vous", "være", "waar", "want", "war", "warum", "was", "wat", "we", "we're",
    "wenn", "werden", "were", "what", "what's", "when", "where", "which", "while", "who", "why", "wie", "wij", "will", "wir",
    "wird", "with", "wo", "won't", "worden", "would", "wurde", "ya", "yang", "yo", "yok", "you", "you're", "your", "za", "zal",
    "ze", "zich", "zij", "zijn", "zo", "zou", "zu", "zum", "zur", "är", "çok", "être", "über", "şey", "şu", "że", "že", "або",
    "але", "був", "был", "вам", "вас", "ваш", "ви", "вы", "він", "для", "его", "за", "из", "или", "как", "ми", "мне", "мой",
    "мы", "на", "нас", "не", "но", "он", "она", "они", "от", "по", "при", "про", "та", "так", "уже", "це", "чи", "что", "що",
    "это", "як",
];

#[cfg(test)]
mod tests {
    #[test]
    fn stop_words_are_sorted_and_fit() {
        assert!(super::STOP_WORDS.is_sorted());
        let is_one = |word: &str| super::is_stop_word(word.as_bytes(), 0, word.len());
        assert!(super::STOP_WORDS.iter().all(|word| is_one(word) && is_one(&word.to_ascii_uppercase())));
        for no_stop_word in ["ab", "aa\0", "an\0", "andy", "zi", "zijns"] {
            assert!(!is_one(no_stop_word), "{no_stop_word}");
        }
    }
}
