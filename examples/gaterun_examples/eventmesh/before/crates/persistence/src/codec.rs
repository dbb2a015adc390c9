//! The binary format of events: LEB128 numbers, length-prefixed text.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why bytes are no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CodecError {
    /// The bytes end too early.
    UnexpectedEnd {
        /// How many more are needed.
        needed: usize,
    },
    /// A number does not fit its type.
    Overflow,
    /// Text is not valid UTF-8.
    Utf8,
    /// A tag is unknown.
    Tag {
        /// The type.
        of: &'static str,
        /// The tag.
        tag: u64,
    },
    /// Bytes are left over.
    Trailing(usize),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodecError::UnexpectedEnd { needed } => write!(f, "{needed} bytes missing"),
            CodecError::Overflow => f.write_str("number out of range"),
            CodecError::Utf8 => f.write_str("text is not valid UTF-8"),
            CodecError::Tag { of, tag } => write!(f, "unknown {of} {tag}"),
            CodecError::Trailing(bytes) => write!(f, "{bytes} bytes left over"),
        }
    }
}

impl Error for CodecError {}

/// Takes values off the front of a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], CodecError> {
        if n > self.bytes.len() {
            return Err(CodecError::UnexpectedEnd {
                needed: n - self.bytes.len(),
            });
        }
        let (head, tail) = self.bytes.split_at(n);
        self.bytes = tail;
        Ok(head)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// The next LEB128 number.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            if shift == 63 && part > 1 {
                return Err(CodecError::Overflow);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::Overflow)
    }

    fn length(&mut self) -> Result<usize, CodecError> {
        let length = usize::try_from(self.varint()?).map_err(|_| CodecError::Overflow);
        length
    }
}

/// Writes a LEB128 number.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A value that can be written.
pub trait Encode {
    /// Appends the value to `out`.
    fn encode(&self, out: &mut Vec<u8>);
}

/// A value that can be read.
pub trait Decode: Sized {
    /// Takes the value off the front of `reader`.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError>;
}

/// The bytes of `value`.
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// The value that `bytes` are, all of them.
pub fn decode<T: Decode>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut reader = Reader::new(bytes);
    let value = T::decode(&mut reader)?;
    match reader.remaining() {
        0 => Ok(value),
        left => Err(CodecError::Trailing(left)),
    }
}

macro_rules! unsigned {
    ($($ty:ty),+) => {
        $(
            impl Encode for $ty {
                fn encode(&self, out: &mut Vec<u8>) {
                    put_varint(out, u64::from(*self));
                }
            }

            impl Decode for $ty {
                fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                    <$ty>::try_from(reader.varint()?).map_err(|_| CodecError::Overflow)
                }
            }
        )+
    };
}

unsigned!(u8, u16, u32);

impl Encode for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, *self);
    }
}

impl Decode for u64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.varint()
    }
}

macro_rules! signed {
    ($($ty:ty),+) => {
        $(
            impl Encode for $ty {
                fn encode(&self, out: &mut Vec<u8>) {
                    let wide = i64::from(*self);
                    put_varint(out, ((wide << 1) ^ (wide >> 63)) as u64);
                }
            }

            impl Decode for $ty {
                fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                    let raw = reader.varint()?;
                    let wide = (raw >> 1) as i64 ^ -((raw & 1) as i64);
                    <$ty>::try_from(wide).map_err(|_| CodecError::Overflow)
                }
            }
        )+
    };
}

signed!(i8, i16, i32);

impl Encode for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, ((self << 1) ^ (self >> 63)) as u64);
    }
}

impl Decode for i64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let raw = reader.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match reader.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(CodecError::Tag {
                of: "bool",
                tag: tag.into(),
            }),
        }
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_str().encode(out);
    }
}

impl Decode for String {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        let bytes = reader.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| CodecError::Utf8)
    }
}

impl Encode for Duration {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_secs().encode(out);
        self.subsec_nanos().encode(out);
    }
}

impl Decode for Duration {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let seconds = u64::decode(reader)?;
        let nanos = u32::decode(reader)?;
        if nanos >= 1_000_000_000 {
            return Err(CodecError::Overflow);
        }
        Ok(Duration::new(seconds, nanos))
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(if bool::decode(reader)? {
            Some(T::decode(reader)?)
        } else {
            None
        })
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for value in self {
            value.encode(out);
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        let mut values = Vec::with_capacity(length.min(reader.remaining()));
        for _ in 0..length {
            values.push(T::decode(reader)?);
        }
        Ok(values)
    }
}

impl<T: Encode> Encode for BTreeSet<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for value in self {
            value.encode(out);
        }
    }
}

impl<T: Decode + Ord> Decode for BTreeSet<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        (0..length).map(|_| T::decode(reader)).collect()
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.len() as u64);
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        (0..length)
            .map(|_| Ok((K::decode(reader)?, V::decode(reader)?)))
            .collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident),+)),+ $(,)?) => {
        $(
            impl<$($name: Encode),+> Encode for ($($name,)+) {
                #[allow(non_snake_case)]
                fn encode(&self, out: &mut Vec<u8>) {
                    let ($($name,)+) = self;
                    $($name.encode(out);)+
                }
            }

            impl<$($name: Decode),+> Decode for ($($name,)+) {
                fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
                    Ok(($($name::decode(reader)?,)+))
                }
            }
        )+
    };
}

tuples!((A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E));

#[cfg(test)]
mod tests {
    use super::*;

    cases! { varints, |value: u64| encode(&value);
        zero: 0 => [0],
        one: 1 => [1],
        largest_single: 127 => [0x7F],
        smallest_double: 128 => [0x80, 1],
        three_hundred: 300 => [0xAC, 2],
        largest_double: 16_383 => [0xFF, 0x7F],
        smallest_triple: 16_384 => [0x80, 0x80, 1],
        largest: u64::MAX => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
    }

    cases! { zigzag, |value: i64| encode(&value);
        zero: 0 => [0],
        minus_one: -1 => [1],
        one: 1 => [2],
        minus_two: -2 => [3],
        minus_sixty_four: -64 => [0x7F],
        sixty_four: 64 => [0x80, 1],
        smallest: i64::MIN => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
    }

    fn survives<T: Encode + Decode + PartialEq>(value: T) -> bool {
        decode::<T>(&encode(&value)).as_ref() == Ok(&value)
    }

    cases! { unsigned_round_trips, survives;
        u8_max: u8::MAX => true,
        u16_max: u16::MAX => true,
        u32_max: u32::MAX => true,
        u64_max: u64::MAX => true,
        u64_middle: 0x8000_0000_0000u64 => true,
    }

    cases! { signed_round_trips, survives;
        i8_min: i8::MIN => true,
        i16_min: i16::MIN => true,
        i32_min: i32::MIN => true,
        i64_min: i64::MIN => true,
        i64_max: i64::MAX => true,
        i32_max: i32::MAX => true,
    }

    cases! { compound_round_trips, survives;
        yes: true => true,
        no: false => true,
        empty_text: String::new() => true,
        unicode_text: String::from("grüße, 世界") => true,
        duration: Duration::new(5, 999_999_999) => true,
        nothing: None::<u32> => true,
        something: Some(7u32) => true,
        nested_option: Some(None::<u8>) => true,
        list: vec![1u32, 2, 300] => true,
        list_of_lists: vec![vec![1u8], vec![], vec![2, 3]] => true,
        set: BTreeSet::from([3u16, 1, 2]) => true,
        map: BTreeMap::from([(String::from("a"), 1u64)]) => true,
        pair: (1u8, String::from("b")) => true,
        five: (1u8, 2u16, 3u32, 4u64, true) => true,
    }

    cases! { bad_numbers, decode::<u8>;
        nothing: &[] => Err(CodecError::UnexpectedEnd { needed: 1 }),
        unfinished: &[0x80] => Err(CodecError::UnexpectedEnd { needed: 1 }),
        too_large: &[0x80, 2] => Err(CodecError::Overflow),
        left_over: &[1, 2, 3] => Err(CodecError::Trailing(2)),
        endless: &[0xFF; 11] => Err(CodecError::Overflow),
    }

    cases! { bad_text, decode::<String>;
        too_short: &[5, b'a'] => Err(CodecError::UnexpectedEnd { needed: 4 }),
        not_utf8: &[1, 0xFF] => Err(CodecError::Utf8),
        huge_length: &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F] => Err(CodecError::UnexpectedEnd { needed: 0xFFFF_FFFF }),
    }

    cases! { messages, |error: CodecError| error.to_string();
        end: CodecError::UnexpectedEnd { needed: 3 } => "3 bytes missing",
        overflow: CodecError::Overflow => "number out of range",
        utf8: CodecError::Utf8 => "text is not valid UTF-8",
        tag: CodecError::Tag { of: "bool", tag: 9 } => "unknown bool 9",
        trailing: CodecError::Trailing(1) => "1 bytes left over",
    }

    #[test]
    fn bool_accepts_only_zero_and_one() {
        assert_eq!(
            decode::<bool>(&[2]),
            Err(CodecError::Tag { of: "bool", tag: 2 })
        );
    }
}
