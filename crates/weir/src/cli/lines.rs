//! Lines of an input of any length, one buffer for all of them.

use std::io::{self, BufRead};

/// What came of the next line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// A line is there.
    Line,
    /// A line that is longer than the limit; the rest of it has been passed over.
    TooLong,
    /// The input has ended.
    End,
}

/// Reads lines of at most a limit.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes_max: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, bytes_max: usize) -> Lines<R> {
        Lines { input, line: Vec::new(), number: 0, bytes_max }
    }

    /// Reads the next line.
    pub(super) fn read(&mut self) -> io::Result<Next> {
        self.line.clear();
        let mut is_too_long = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                if self.line.is_empty() && !is_too_long {
                    return Ok(Next::End);
                }
                break;
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            is_too_long |= self.line.len() + part.len() > self.bytes_max;
            if is_too_long {
                self.line.clear();
            } else {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.number += 1;
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        Ok(if is_too_long { Next::TooLong } else { Next::Line })
    }

    /// The line that was read, without its end; its bytes may be changed.
    pub(super) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.line
    }

    /// Its number, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_too_long_ones_are_said_to_be_so() {
        for capacity in [1, 3, 100] {
            let text: &[u8] = b"\xef\xbb\xbfone\n\n0123456789\n01234567890\nlast";
            let mut lines = Lines::new(io::BufReader::with_capacity(capacity, text), 13);
            let mut seen = Vec::new();
            loop {
                let next = lines.read().unwrap();
                if next == Next::End {
                    break;
                }
                seen.push((next, String::from_utf8(lines.line().clone()).unwrap()));
            }
            let line = |text: &str| (Next::Line, text.to_owned());
            assert_eq!(seen, [line("one"), line(""), line("0123456789"), line("01234567890"), line("last")]);
            assert_eq!(lines.number(), 5);
            let mut lines = Lines::new(io::BufReader::with_capacity(capacity, text), 10);
            let kinds: Vec<Next> =
                std::iter::from_fn(|| Some(lines.read().unwrap()).filter(|n| *n != Next::End)).collect();
            assert_eq!(kinds, [Next::Line, Next::Line, Next::Line, Next::TooLong, Next::Line]);
        }
    }
}
