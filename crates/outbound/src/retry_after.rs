//! `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. A date is read against the answer's own `Date`, so that our clock and the
//! vendor's need not agree.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// How long the other side asks to wait; `None` where it does not say so in a way that can be read.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number too large to hold is still a wish to wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX))));
    }
    let until = http_date(text)?;
    let now = http_date(headers.get(DATE)?.to_str().ok()?.trim())?;
    Some(Duration::from_secs(u64::try_from(until.saturating_sub(now)).unwrap_or(0).min(u64::from(u32::MAX))))
}

/// Seconds since 1970 of an IMF-fixdate, the one form that is still written: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = text.as_bytes();
    if bytes.len() != 29 || !text.is_ascii() || &bytes[3..5] != b", " || &bytes[25..] != b" GMT" {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let month = MONTHS.iter().position(|month| text.get(8..11) == Some(month))? as i64 + 1;
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Tue, 29 Feb 2000 12:00:00 GMT"), Some(951_825_600));
        assert_eq!(read(&headers(&[(RETRY_AFTER, "120")])), Some(Duration::from_secs(120)));
        assert_eq!(
            read(&headers(&[(RETRY_AFTER, "99999999999999999999")])),
            Some(Duration::from_secs(u64::from(u32::MAX)))
        );
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = (RETRY_AFTER, "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(read(&headers(&[later.clone(), date.clone()])), Some(Duration::from_secs(30)));
        assert_eq!(read(&headers(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:00:00 GMT"), date])), Some(Duration::ZERO));
        assert_eq!(read(&headers(&[later])), None);
        for bad in ["", "-1", "soon", "1.5", "Sun, 06 Nov 1994 08:50:07 UTC", "Sun, 06 Nov 1994 08:61:07 GMT"] {
            assert_eq!(read(&headers(&[(RETRY_AFTER, bad), (DATE, "Sun, 06 Nov 1994 08:49:37 GMT")])), None, "{bad}");
        }
    }
}
