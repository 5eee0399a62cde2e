//! Stack traces: source paths, arguments and messages that anyone may have written anything into.
//!
//! Finds: two frames or more of JavaScript, Java, .NET, Python, Ruby, PHP, Go or Rust, on lines of their own or on one.
//! Not one: a single place in a source file; sentences.
//! Example: `TypeError: x is undefined\n    at pay (https://shop.example/app.js:10:5)\n    at run (https://shop.example/app.js:99:1)`,
//! `Traceback (most recent call last):\n  File "app.py", line 3, in pay\n  File "run.py", line 9, in main`
//! Misses: traces of minified code without places; traces below a key of errors are `free_text`'s, whatever their form.
//! Source: the formats of V8, SpiderMonkey, CPython, the JVM, .NET and Go.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_any;
use crate::leaf::{Leaf, Output};

/// How much of a text is looked at: frames come early.
const SAMPLE_BYTES: usize = 2_048;
const FRAMES_MIN: usize = 2;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = &leaf.text[..leaf.text.len().min(SAMPLE_BYTES)];
    if leaf.is_number || text.starts_with(b"Mozilla/") || !may_have_a_place(text) || frames(text) < FRAMES_MIN {
        return;
    }
    out.add(Category::FreeText, Likelihood::Likely, Evidence::Shape, 0, leaf.text.len());
}

/// Whether anything in the text may be a frame's place: most running text has nothing of the kind.
fn may_have_a_place(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(sign) = find_any(text, at, [b':', b'(', b',']) {
        match &text[sign..] {
            [b':' | b'(', b'0'..=b'9', ..] => return true,
            rest if rest.starts_with(b":line ") || rest.starts_with(b", line ") => return true,
            _ => at = sign + 1,
        }
    }
    false
}

/// How many frames there are, counted to the least that is enough.
fn frames(text: &[u8]) -> usize {
    let mut frames = 0;
    let mut at = 0;
    // A frame begins behind a blank, a tab, a line's end or what stands for one, and has its place near.
    while let Some(found) = text[at..].iter().position(|b| matches!(b, b' ' | b'\n' | b'\t' | b'@')) {
        let mark = at + found;
        at = mark + 1;
        let rest = &text[at..];
        let begins = match rest {
            [b'a', b't', b' ', ..] | [b'#', ..] => true,
            [b'F', ..] => rest.starts_with(b"File \""),
            [b'f', ..] => rest.starts_with(b"from "),
            [b'h', ..] => text[mark] == b'@' && rest.starts_with(b"http"),
            [b'/', ..] => text[mark] == b'\t',
            _ => false,
        };
        if !begins {
            continue;
        }
        let (is_frame, len) = place_in(rest);
        frames += usize::from(is_frame);
        at += len;
        if frames == FRAMES_MIN {
            break;
        }
    }
    frames
}

/// Whether a frame has a place, and how many bytes were looked at for it: `app.js:10:5`, `Pay.java:10`, `", line 3`, `pay.php(12)`.
fn place_in(frame: &[u8]) -> (bool, usize) {
    const FRAME_BYTES_MAX: usize = 200;
    let frame = &frame[..frame.len().min(FRAME_BYTES_MAX)];
    let frame = &frame[..frame.iter().position(|b| *b == b'\n').unwrap_or(frame.len())];
    let digits = |from: usize| frame.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut has_dot = false;
    for (i, byte) in frame.iter().enumerate() {
        has_dot |= *byte == b'.';
        let is_of_file = has_dot && i > 0 && frame[i - 1].is_ascii_alphanumeric();
        let len = match byte {
            b':' | b'(' if is_of_file && digits(i + 1) > 0 => 1 + digits(i + 1),
            b',' if frame[i..].starts_with(b", line ") && digits(i + 7) > 0 => 7 + digits(i + 7),
            b':' if frame[i..].starts_with(b":line ") && digits(i + 6) > 0 => 6 + digits(i + 6),
            _ => continue,
        };
        return (true, i + len);
    }
    (false, frame.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_frames_make_a_trace_and_less_does_not() {
        for text in [
            "E: x\n    at a (/app/a.js:1:2)\n    at b (/app/b.js:3:4)",
            "E: x at a (/app/a.js:1:2) at b (/app/b.js:3:4)",
            "java.lang.X: y\n\tat com.x.A.b(A.java:12)\n\tat com.x.C.d(C.java:13)",
            "  File \"a.py\", line 3, in x\n  File \"b.py\", line 4, in y",
            "x\n#0 /var/www/a.php(12): f()\n#1 /var/www/b.php(13): g()",
            "f@https://x.example/a.js:1:2\ng@https://x.example/a.js:3:4\nh @https://x.example/a.js:5:6 @https://x.example/a.js:7:8",
            "   at A.B.C() in C:\\x\\y.cs:line 12\n   at A.D() in C:\\x\\z.cs:line 4",
            "goroutine 1 [running]:\nmain.f()\n\t/go/src/a.go:12 +0x1\nmain.g()\n\t/go/src/b.go:3 +0x2",
        ] {
            assert!(frames(text.as_bytes()) >= 2, "{text}");
        }
        for text in [
            "meet me at 10:30 or at 11:45 please",
            "see app.js:10:5 for details of the call",
            "open at weekends, closed at holidays, version 1.2",
            "Order #12 and #13 from shop.example are late",
            "from Berlin to Paris at 12.5 km",
        ] {
            assert!(frames(text.as_bytes()) < 2, "{text}");
        }
    }
}
