//! The objects of a list in JSON as they stream in, one at a time: a list by itself, or lists that an object holds
//! (`{"batch": […], "next": …}`).

use std::io::{self, BufRead};

/// What came of the next element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
    /// It is there.
    Here,
    /// It is longer than the limit; passed over.
    TooLong,
    /// Something else than an object; passed over.
    Other,
    /// The input has ended as it should.
    End,
    /// The input has ended within the list.
    Cut,
}

/// Reads objects of at most a limit.
pub(super) struct Elements<R> {
    input: R,
    bytes_max: usize,
    /// How deep the input stands: 0 outside, 1 in the outermost, and so on.
    depth: usize,
    /// The depth of the list whose elements are read.
    list: Option<usize>,
    is_in_string: bool,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(input: R, bytes_max: usize) -> Elements<R> {
        Elements { input, bytes_max, depth: 0, list: None, is_in_string: false }
    }

    /// Reads the next object into `out`.
    pub(super) fn read(&mut self, out: &mut Vec<u8>) -> io::Result<Element> {
        out.clear();
        // Where the element under way began, by depth; its bytes; whether it is an object.
        let (mut inside, mut is_too_long, mut is_escaped, mut is_other) = (false, false, false, false);
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(if self.depth == 0 && !inside { Element::End } else { Element::Cut });
            }
            let mut used = 0;
            let mut done = None;
            for &byte in chunk {
                used += 1;
                if inside {
                    if out.len() < self.bytes_max {
                        out.push(byte);
                    } else {
                        is_too_long = true;
                    }
                }
                if self.is_in_string {
                    match byte {
                        _ if is_escaped => is_escaped = false,
                        b'\\' => is_escaped = true,
                        b'"' => self.is_in_string = false,
                        _ => {}
                    }
                    continue;
                }
                match byte {
                    b'"' => {
                        self.is_in_string = true;
                        is_other |= !inside && self.list == Some(self.depth);
                    }
                    b'{' | b'[' => {
                        if self.list == Some(self.depth) && !inside {
                            if byte == b'{' {
                                inside = true;
                                out.push(byte);
                            } else {
                                is_other = true;
                            }
                        }
                        if byte == b'[' && self.list.is_none() && self.depth <= 1 {
                            self.list = Some(self.depth + 1);
                        }
                        self.depth += 1;
                    }
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.list.is_some_and(|list| self.depth < list) {
                            self.list = None;
                            if is_other {
                                done = Some(Element::Other);
                                break;
                            }
                        } else if inside && self.list == Some(self.depth) {
                            done = Some(if is_too_long { Element::TooLong } else { Element::Here });
                            break;
                        }
                    }
                    b',' if is_other && !inside && self.list == Some(self.depth) => {
                        done = Some(Element::Other);
                        break;
                    }
                    b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {}
                    _ => is_other |= !inside && self.list == Some(self.depth),
                }
            }
            self.input.consume(used);
            if let Some(done) = done {
                return Ok(done);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str, max: usize) -> (Vec<String>, Vec<Element>) {
        let (mut here, mut all, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let mut elements = Elements::new(io::BufReader::with_capacity(2, text.as_bytes()), max);
        loop {
            let element = elements.read(&mut out).unwrap();
            if element == Element::Here {
                here.push(String::from_utf8(out.clone()).unwrap());
            } else {
                all.push(element);
            }
            if matches!(element, Element::End | Element::Cut) {
                return (here, all);
            }
        }
    }

    #[test]
    fn a_list_is_read_one_object_at_a_time_wherever_it_lies() {
        let one = r#"{"a":"]}\"{","b":[{},[1]]}"#;
        for text in [
            format!("[{one}, {{}}]"),
            format!("{{\"next\": {{\"x\": [1]}}, \"batch\": [{one},{{}}], \"more\": 1}}"),
            format!("{{\"a\":[{one}],\"b\":[{{}}]}}"),
        ] {
            assert_eq!(elements(&text, 1_000), (vec![one.to_owned(), "{}".to_owned()], vec![Element::End]), "{text}");
        }
        let (here, others) = elements("[1, \"x\", {\"a\":1}, [2], null]", 1_000);
        assert_eq!((here.len(), others), (1, [vec![Element::Other; 4], vec![Element::End]].concat()));
        assert_eq!(elements("[{\"a\":1},{\"b\":", 1_000), (vec!["{\"a\":1}".to_owned()], vec![Element::Cut]));
        assert_eq!(
            elements("[{\"a\":\"0123456789\"},{}]", 10),
            (vec!["{}".to_owned()], vec![Element::TooLong, Element::End])
        );
    }
}
