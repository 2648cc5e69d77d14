//! The shape of a request: enough of its schema to walk over the bytes and prove that every element which an array
//! claims is really there, before the codec (which allocates by the claim) sees them.
//!
//! Each API's file states the shape of its request; `dispatch` refuses a request on which shape and codec end at different
//! bytes, and the test `every_served_version_is_answered` asks for each in every version.

use super::Malformed;
use super::reader::Reader;

/// Decoded, one element takes up to about 200 bytes whatever it took on the wire; this bounds one request to some 20 MiB.
const MOST_ELEMENTS: usize = 100_000;

/// The fields of one request and the first version that is flexible.
pub(super) struct Shape {
    pub(super) flexible_since: i16,
    pub(super) fields: &'static [Field],
}

/// A field and the versions that have it.
#[derive(Clone, Copy)]
pub(super) struct Field {
    kind: Kind,
    since: i16,
    until: i16,
}

#[derive(Clone, Copy)]
enum Kind {
    Fixed(usize),
    String,
    Bytes,
    /// A struct that may be null: a byte below zero, or one that is not and the struct.
    Maybe(&'static [Field]),
    /// An array of structs.
    Structs(&'static [Field]),
    /// An array of a primitive: its elements have no tagged fields.
    Plain(&'static Field),
}

/// A field of that many bytes.
pub(super) const fn fixed(bytes: usize) -> Field {
    always(Kind::Fixed(bytes))
}

pub(super) const fn string() -> Field {
    always(Kind::String)
}

pub(super) const fn bytes() -> Field {
    always(Kind::Bytes)
}

pub(super) const fn maybe(fields: &'static [Field]) -> Field {
    always(Kind::Maybe(fields))
}

pub(super) const fn structs(fields: &'static [Field]) -> Field {
    always(Kind::Structs(fields))
}

pub(super) const fn plain(element: &'static Field) -> Field {
    always(Kind::Plain(element))
}

pub(super) const STRINGS: Field = plain(&string());
pub(super) const INTS: Field = plain(&fixed(4));

const fn always(kind: Kind) -> Field {
    Field { kind, since: 0, until: i16::MAX }
}

impl Field {
    /// The field exists from this version on.
    pub(super) const fn since(self, version: i16) -> Field {
        Field { since: version, ..self }
    }

    /// The last version that has the field.
    pub(super) const fn until(self, version: i16) -> Field {
        Field { until: version, ..self }
    }
}

impl Shape {
    /// Walks over a request body. `Ok` means that decoding it allocates no more than the bytes justify.
    pub(super) fn check(&self, body: &[u8], version: i16) -> Result<usize, Malformed> {
        let mut walk = Walk { reader: Reader::new(body, version >= self.flexible_since), version, elements: 0 };
        walk.fields(self.fields)?;
        Ok(walk.reader.at())
    }
}

struct Walk<'a> {
    reader: Reader<'a>,
    version: i16,
    elements: usize,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &[Field]) -> Result<(), Malformed> {
        for field in fields {
            if (field.since..=field.until).contains(&self.version) {
                self.field(field)?;
            }
        }
        let mut tags = 0;
        self.reader.tags(|_, _| {
            tags += 1;
            Ok(())
        })?;
        self.count(tags)
    }

    fn field(&mut self, field: &Field) -> Result<(), Malformed> {
        match field.kind {
            Kind::Fixed(length) => self.reader.take(length).map(drop),
            Kind::String => {
                let length = self.reader.string_length()?.unwrap_or(0);
                self.reader.take(length).map(drop)
            }
            Kind::Bytes => {
                let length = self.reader.length()?.unwrap_or(0);
                self.reader.take(length).map(drop)
            }
            Kind::Maybe(fields) => match self.reader.i8()? {
                ..0 => Ok(()),
                _ => self.fields(fields),
            },
            Kind::Structs(fields) => self.elements(|walk| walk.fields(fields)),
            Kind::Plain(element) => self.elements(|walk| walk.field(element)),
        }
    }

    fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        let count = self.reader.count(1)?;
        self.count(count)?;
        (0..count).try_for_each(|_| each(self))
    }

    fn count(&mut self, more: usize) -> Result<(), Malformed> {
        self.elements += more;
        if self.elements > MOST_ELEMENTS {
            return Err(Malformed("a request has more than 100000 elements"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { flexible_since: 2, fields: &[structs(&[string(), INTS]), fixed(1)] };

    #[test]
    fn an_array_that_claims_more_than_is_there_is_refused() {
        let body = [&[0x7f, 0xff, 0xff, 0xff][..], &[0; 64]].concat();
        assert!(SHAPE.check(&body, 0).is_err());
    }

    #[test]
    fn many_tiny_elements_are_refused_although_they_are_there() {
        let mut body = vec![0x81, 0x89, 0x7a]; // two million elements, each an empty string, no ints, no tags
        body.extend(std::iter::repeat_n([1, 1, 0], 2_000_000).flatten());
        assert_eq!(SHAPE.check(&body, 2), Err(Malformed("a request has more than 100000 elements")));
    }

    #[test]
    fn a_well_formed_body_is_walked_to_its_end() {
        let body = [0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 1, 0, 0, 0, 7, 1];
        assert_eq!(SHAPE.check(&body, 0), Ok(body.len()));
    }

    #[test]
    fn a_struct_that_may_be_null_is_a_byte_or_a_byte_and_the_struct() {
        const MAYBE: Shape = Shape { flexible_since: 0, fields: &[maybe(&[string(), fixed(4)])] };
        assert_eq!(MAYBE.check(&[0xff, 0], 0), Ok(2));
        assert_eq!(MAYBE.check(&[1, 2, b'a', 0, 0, 0, 7, 0, 0], 0), Ok(9));
        assert!(MAYBE.check(&[1, 0x7f, b'a'], 0).is_err(), "its string claims more than is there");
        assert!(MAYBE.check(&[], 0).is_err());
    }
}
