//! What looks like somebody's number and is none: no likely finding of a number with a shape without a key.

use weir_detect::{Engine, PathFacts};
use weir_event::{Category, LeafKind, Likelihood};

/// As events have them. A number here that happened to pass a sum was taken out: there is nothing to tell it by.
const NONE_OF_ANYONE: &[&str] = &[
    "20261122-3",
    "20261122-1015",
    "261122-1015",
    "SHOPX1234A",
    "123 456 782",
    "046-454-286",
    "2341 2341 2346",
    "12345678-5",
    "1700000000-1",
    "8624431d",
    // Orders, invoices, tickets, coupons.
    "100045",
    "ORD-2024-000123",
    "ORD-100234-B",
    "INV-2024-0042",
    "INV/2024/11/0042",
    "PO 4500012345",
    "#1001-2",
    "SO-000451",
    "order 1234567890",
    "R123456789",
    "W1234567",
    "TKT-004-221",
    "CASE-00012345",
    "INC0012345",
    "JIRA-1234",
    "SAVE20-NOW24",
    "XK-2231-88",
    "2024-11-0000451",
    "241122-A01",
    "A-00123-2024",
    "BK7712345",
    "REF 998-2231",
    "SKU-12345-RED-XL",
    "ABC-12345-67",
    "100-200-300",
    "000-000-000",
    "111 111 111",
    "0000 0000 0000",
    "12-3456789",
    "99-9999999",
    // Dates and times.
    "2024-11-22",
    "22.11.2024",
    "11/22/2024",
    "2024/11/22 10:15",
    "20241122",
    "20241122-101500",
    "241122",
    "22-11-2024 23:59",
    "2024-W47-5",
    "2024-327",
    "2026-11-22T10:15:30",
    "10:15:30.123456",
    "1732270530",
    "1732270530123",
    "1732270530123456",
    "1732270530123456789",
    "Fri, 22 Nov 2024 10:15:30 GMT",
    "19700101000000",
    "2024.11.22-10.15.30",
    // Phones that are phones.
    "+1 (415) 555-0132",
    "+44 20 7946 0123",
    "0171 1234567",
    "030 901820",
    "06 12 34 56 78",
    "800-555-0199",
    // Tracking numbers and articles.
    "1Z999AA10123456784",
    "9400110200881234567890",
    "RR123456785CN",
    "JD014600003828392875",
    "420941079400110200881234567890",
    "978-3-16-148410-0",
    "9783161484100",
    "0-306-40615-2",
    "4006381333931",
    "B08N5WRWNW",
    "5901234123457",
    "ASIN B000123456",
    // Versions and builds.
    "1.2.3",
    "10.0.19045.3693",
    "120.0.6099.109",
    "v2024.11.22",
    "1.214.3-beta.2",
    "23A344",
    "Build 20A5299w",
    "2.0.0-rc.1+20241122",
    "iOS 17.4.1",
    "Chrome/120.0.0.0",
    // Prices, quantities, positions.
    "1.234,56 €",
    "$1,234.56",
    "1 234 567,89",
    "12,345,678",
    "1.000.000",
    "10 000 000",
    "1920x1080",
    "0.1234567890123",
    "52.520008",
    "-33.8688197",
    "1e10",
    "3.14159265358979",
    "99.999%",
    "12345678.90",
    // Ids of machines.
    "550e8400-e29b-41d4-a716-446655440000",
    "507f1f77bcf86cd799439011",
    "01J9ZQ4V7N8XKQ2M3P5R6S7T8V",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "1732270530.123456",
    "GA1.2.1234567890.1732270530",
    "fb.1.1732270530123.1234567890",
    "usr_8fa3b2c1d9",
    "cus_NffrFeUfNV2Hib",
    "12345678-1234",
    "node-10-0-12-34",
    "i-0abcd1234ef567890",
    "sess:9f86d081884c7d65",
    "0x7ffee4c0b5a8",
    "#ff00aa",
    "4f3c2b1a0e9d8c7b",
    "11111111",
    "99999999999",
    // Other words of letters and digits.
    "H264",
    "UTF8",
    "SHA256",
    "MP3",
    "EN13001",
    "ISO27001",
    "A380",
    "B2B2C",
    "COVID19",
    "AA 00 00 00 A",
    "AB1234567",
    "TEST0000T",
    "WVWZZZ1JZXW00000I",
    "12345678901234567",
];

#[test]
fn what_is_no_ones_number_is_never_likely_one_without_a_key() {
    const OF_IDS: &[Category] = &[
        Category::NationalId,
        Category::Passport,
        Category::DriversLicense,
        Category::VehicleRegistration,
        Category::InsuranceId,
        Category::Financial,
    ];
    let mut wrong = Vec::new();
    for value in NONE_OF_ANYONE {
        for text in
            [(*value).to_owned(), format!("see {value} for more"), format!("https://x.example/a?id={value}&b=2")]
        {
            for kind in [LeafKind::String, LeafKind::Number] {
                let mut found = Vec::new();
                Engine::new().scan(PathFacts::NONE, kind, text.as_bytes(), &mut found);
                let likely = found.iter().find(|f| OF_IDS.contains(&f.category) && f.likelihood >= Likelihood::Likely);
                if let Some(finding) = likely {
                    wrong.push(format!("{text}: {finding:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
