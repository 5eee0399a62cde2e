//! What vendors answer, as encoders read it: one JSON object, of which a few keys matter. Its texts may quote events, so nothing of them is
//! kept.

use std::str::FromStr;

use weir_event::{LeafKind, NameId, SourceNames};

use crate::json::{Key, Malformed, Meaning, Parser, Plan, Vocabulary};

/// The keys that are read, in whatever object of an answer they stand, and the number of each. Everything else is passed over.
pub(crate) struct Words(pub(crate) &'static [(&'static str, u8)]);

impl Vocabulary for Words {
    fn meaning(&self, _: Plan, key: &str) -> Option<Meaning> {
        let known = self.0.iter().find(|(word, _)| *word == key);
        Some(Meaning::Special(known.map_or(0, |(_, number)| *number)))
    }
}

/// An answer that is being read.
pub(crate) type Reading<'a> = Parser<'a, Words>;

/// What `member` makes of an answer, whose keys it is shown one by one, if that is JSON of no more bytes than these.
pub(crate) fn read<T: Default>(
    body: &[u8],
    bytes_max: usize,
    names: &SourceNames,
    words: Words,
    mut member: impl FnMut(&mut T, &Key, &mut Reading<'_>) -> Result<(), Malformed>,
) -> Option<T> {
    if body.len() > bytes_max {
        return None;
    }
    let mut text = String::from_utf8_lossy(body).into_owned().into_bytes();
    let (mut leaves, mut reply) = (Vec::new(), T::default());
    let mut parser = Parser::new(&mut text, &mut leaves, names, words);
    members(&mut parser, |key, parser| member(&mut reply, key, parser)).ok()?;
    parser.is_done().then_some(reply)
}

/// Shows each key of the object that comes next; whoever is shown it reads its value.
pub(crate) fn members<'a>(
    parser: &mut Reading<'a>,
    mut member: impl FnMut(&Key, &mut Reading<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut object = parser.begin_object(Plan(1), NameId::EVENT_ROOT)?;
    while let Some(key) = parser.next_key(&mut object)? {
        member(&key, parser)?;
    }
    Ok(())
}

/// Stands before each element of the list that comes next; whoever is told reads it.
pub(crate) fn elements<'a>(
    parser: &mut Reading<'a>,
    mut element: impl FnMut(&mut Reading<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    parser.expect(b'[')?;
    let mut is_first = true;
    while parser.next_element(&mut is_first)? {
        element(parser)?;
    }
    Ok(())
}

/// The number that comes next, where it is said in such a form and fits; one that is none of ours is none at all.
pub(crate) fn number<T: FromStr>(
    parser: &mut Reading<'_>,
    is_form: impl Fn(LeafKind) -> bool,
) -> Result<Option<T>, Malformed> {
    let said = parser.scalar()?.filter(|scalar| is_form(scalar.kind));
    Ok(said.and_then(|scalar| parser.str(scalar.text).parse().ok()))
}

#[cfg(test)]
mod tests {
    use weir_event::Names;
    use weir_event::names::ClassOnly;

    use super::*;

    #[derive(Default, PartialEq, Eq, Debug)]
    struct Said {
        code: Option<u16>,
        list: Vec<Option<i64>>,
    }

    fn said(body: &[u8]) -> Option<Said> {
        let names = Names::new(Box::new(ClassOnly)).source();
        let words = Words(&[("code", 1), ("list", 2), ("of", 3)]);
        read(body, 64, &names, words, |said: &mut Said, key, parser| {
            match key.meaning {
                Meaning::Special(1) => said.code = number(parser, |kind| kind == LeafKind::Number)?,
                Meaning::Special(2) if parser.peek() == b'[' => elements(parser, |parser| {
                    members(parser, |key, parser| {
                        match key.meaning {
                            Meaning::Special(3) => said.list.push(number(parser, LeafKind::has_text)?),
                            _ => parser.skip()?,
                        }
                        Ok(())
                    })
                })?,
                _ => parser.skip()?,
            }
            Ok(())
        })
    }

    #[test]
    fn an_answer_is_one_object_of_which_the_known_keys_are_read() {
        let good = br#"{"x":[{}],"code":200,"list":[{"of":"7","y":0},{"of":-1}]} "#;
        assert_eq!(said(good), Some(Said { code: Some(200), list: vec![Some(7), Some(-1)] }));
        assert_eq!(said(br#"{"code":"200","list":{"of":1}}"#), Some(Said::default()), "in no other form");
        assert_eq!(said(br#"{"code":99999,"list":[]}"#), Some(Said::default()), "none that fits");
        let long = [&b"{\"x\":\""[..], &[b'a'; 64], b"\"}"].concat();
        for bad in [&b""[..], b"[]", b"200", b"{\"code\":200", b"{} {}", b"{\"list\":[1]}", &long] {
            assert_eq!(said(bad), None);
        }
    }
}
