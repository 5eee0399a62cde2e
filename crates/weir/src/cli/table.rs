//! Tables of text (RFC 4180) as they stream in: fields in quotes with line ends in them, `""` for a quote, any of `,`, `;` and tab between
//! fields, as the first row has it.

use std::io::{self, BufRead};

/// What came of the next row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// It is there.
    Here,
    /// It is longer than the limit, or the input ended within quotes; what there was of it is passed over.
    Broken,
    /// The input has ended.
    End,
}

/// Reads rows of at most a limit.
pub(super) struct Rows<R> {
    input: R,
    separator: u8,
    bytes_max: usize,
    raw: Vec<u8>,
    /// Lines that were read to their end, and the line that the last row began in.
    lines: u64,
    begun: u64,
}

/// What some programs put before UTF-8. It is no part of the first cell, which may begin with a quote.
const MARK: &[u8] = "\u{feff}".as_bytes();

impl<R: BufRead> Rows<R> {
    /// `separator` is one byte, as [`separator`] found it.
    pub(super) fn new(input: R, separator: u8, bytes_max: usize) -> Rows<R> {
        Rows { input, separator, bytes_max, raw: Vec::new(), lines: 0, begun: 0 }
    }

    /// The line that the last row began in, from 1 on.
    pub(super) fn line(&self) -> u64 {
        self.begun
    }

    /// The bytes of the row that was read, as they stood there, with its line end.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Reads the next row that is not empty into `cells`.
    pub(super) fn read(&mut self, cells: &mut Vec<String>) -> io::Result<Row> {
        loop {
            cells.clear();
            self.raw.clear();
            self.begun = self.lines + 1;
            let row = self.read_any(cells)?;
            if row != Row::Here || cells.len() > 1 || cells.first().is_some_and(|cell| !cell.is_empty()) {
                return Ok(row);
            }
        }
    }

    fn read_any(&mut self, cells: &mut Vec<String>) -> io::Result<Row> {
        let (mut cell, mut bytes) = (Vec::new(), 0_usize);
        // In quotes; behind a quote in quotes, which ends them unless another follows.
        let (mut in_quotes, mut behind_quote, mut is_any) = (false, false, false);
        loop {
            let Some(byte) = next(&mut self.input)? else {
                if in_quotes && !behind_quote {
                    return Ok(Row::Broken);
                }
                if !is_any {
                    return Ok(Row::End);
                }
                break;
            };
            is_any = true;
            bytes += 1;
            self.lines += u64::from(byte == b'\n');
            keep(&mut self.raw, byte, bytes, self.bytes_max);
            if self.begun == 1 && bytes <= MARK.len() && self.raw == MARK {
                cell.clear();
                continue;
            }
            match byte {
                b'"' if in_quotes && behind_quote => {
                    keep(&mut cell, byte, bytes, self.bytes_max);
                    behind_quote = false;
                }
                b'"' if in_quotes => behind_quote = true,
                b'"' if cell.is_empty() => (in_quotes, behind_quote) = (true, false),
                b'\n' if !in_quotes || behind_quote => break,
                byte if byte == self.separator && (!in_quotes || behind_quote) => {
                    cells.push(String::from_utf8_lossy(&cell).into_owned());
                    cell.clear();
                    (in_quotes, behind_quote) = (false, false);
                }
                byte => {
                    if behind_quote && byte != b'\r' {
                        (in_quotes, behind_quote) = (false, false);
                    }
                    keep(&mut cell, byte, bytes, self.bytes_max);
                }
            }
        }
        if bytes > self.bytes_max {
            return Ok(Row::Broken);
        }
        let cell = cell.strip_suffix(b"\r").unwrap_or(&cell);
        cells.push(String::from_utf8_lossy(cell).into_owned());
        Ok(Row::Here)
    }
}

fn keep(cell: &mut Vec<u8>, byte: u8, bytes: usize, bytes_max: usize) {
    if bytes <= bytes_max {
        cell.push(byte);
    }
}

fn next(input: &mut impl BufRead) -> io::Result<Option<u8>> {
    let byte = input.fill_buf()?.first().copied();
    input.consume(usize::from(byte.is_some()));
    Ok(byte)
}

/// What stands between the fields of a first row.
pub(super) fn separator(line: &str) -> Option<u8> {
    let count = |sign: char| line.matches(sign).count();
    [',', '\t', ';'].into_iter().max_by_key(|sign| count(*sign)).filter(|sign| count(*sign) > 0).map(|sign| sign as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, max: usize) -> Vec<(Row, Vec<String>)> {
        let mut rows = Rows::new(io::BufReader::with_capacity(3, text.as_bytes()), b',', max);
        let (mut out, mut cells) = (Vec::new(), Vec::new());
        loop {
            let row = rows.read(&mut cells).unwrap();
            if row == Row::End {
                return out;
            }
            out.push((row, cells.clone()));
        }
    }

    #[test]
    fn quoted_fields_hold_separators_line_ends_and_quotes() {
        let row = |cells: &[&str]| (Row::Here, cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            rows("a,b\r\n\n\"x,\"\"y\"\"\n\",\r\n1,\"2\"", 100),
            [row(&["a", "b"]), row(&["x,\"y\"\n", ""]), row(&["1", "2"])]
        );
        assert_eq!(rows("a,b\n\"open", 100)[1].0, Row::Broken);
        let mut read = Rows::new("a;\"x;\"\"\"\r\nlast".as_bytes(), b';', 100);
        let mut raw = || read.read(&mut Vec::new()).map(|_| read.raw().to_vec()).unwrap();
        assert_eq!((raw(), raw()), (b"a;\"x;\"\"\"\r\n".to_vec(), b"last".to_vec()));
        let mut read = Rows::new("\u{feff}\"a\",\"b\"\n\n\"1\n2\",3\n4,\u{feff}5".as_bytes(), b',', 100);
        let mut row = || {
            let mut cells = Vec::new();
            read.read(&mut cells).map(|_| (read.line(), cells.join("|"))).unwrap()
        };
        assert_eq!(row(), (1, "a|b".to_owned()), "a mark before the first quote is passed over");
        assert_eq!((row(), row()), ((3, "1\n2|3".to_owned()), (5, "4|\u{feff}5".to_owned())));
        let kinds: Vec<Row> = rows("a,b\n0123456789,0123456789\nc,d\n", 10).into_iter().map(|r| r.0).collect();
        assert_eq!(kinds, [Row::Here, Row::Broken, Row::Here]);
        assert_eq!((separator("a;b;c,d"), separator("a\tb"), separator("abc")), (Some(b';'), Some(b'\t'), None));
    }
}
