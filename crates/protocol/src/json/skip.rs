//! Reading past values: checked as to grammar, and left as they are.

use super::lexemes::escape;
use super::{Malformed, Parser, Vocabulary};

/// Nesting that is still checked, not kept. Deeper text is refused as a whole.
pub(super) const SKIP_DEPTH_MAX: usize = 1_024;

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// Reads past one value. The text stays as it is.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                b'"' => self.skip_string()?,
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    if open.len() == SKIP_DEPTH_MAX {
                        return Err(Malformed(self.at));
                    }
                    let close = byte + 2; // `}` and `]` each stand two after their opening in ASCII.
                    if self.peek() == close {
                        self.at += 1;
                    } else {
                        open.push(close);
                        self.skip_key(byte)?;
                        continue;
                    }
                }
                _ => {
                    self.bare()?;
                }
            }
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        self.skip_key(close - 2)?;
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Malformed(self.at)),
                }
            }
        }
    }

    fn skip_key(&mut self, opening: u8) -> Result<(), Malformed> {
        if opening == b'{' {
            if self.peek() != b'"' {
                return Err(Malformed(self.at));
            }
            self.skip_string()?;
            self.expect(b':')?;
        }
        Ok(())
    }

    fn skip_string(&mut self) -> Result<(), Malformed> {
        let mut at = self.at + 1;
        loop {
            at = self.plain_until(at);
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                Some(b'\\') => at += escape(self.text.get(at..).unwrap_or_default()).ok_or(Malformed(at))?.1,
                _ => return Err(Malformed(at)),
            }
        }
    }
}
