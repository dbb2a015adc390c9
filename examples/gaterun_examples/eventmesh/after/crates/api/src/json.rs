//! JSON: values, a parser, a writer, and the conversion of messages.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// How deep values may be nested.
const MAX_DEPTH: usize = 64;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

/// Why text is not JSON, or not the JSON of some message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JsonError {
    /// The text is malformed.
    Syntax {
        /// Where.
        at: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// A value has another type.
    Type {
        /// Where it is, as `a.b.0`.
        path: String,
        /// Which type it should have.
        expected: &'static str,
    },
    /// A field is missing.
    Missing(String),
    /// A field is unknown.
    Unknown(String),
}

impl JsonError {
    /// The same error, seen from outside `field`.
    fn within(self, field: &str) -> Self {
        let join = |path: String| {
            if path.is_empty() {
                field.to_string()
            } else {
                format!("{field}.{path}")
            }
        };
        match self {
            JsonError::Syntax { .. } => self,
            JsonError::Type { path, expected } => JsonError::Type {
                path: join(path),
                expected,
            },
            JsonError::Missing(path) => JsonError::Missing(join(path)),
            JsonError::Unknown(path) => JsonError::Unknown(join(path)),
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonError::Syntax { at, expected } => write!(f, "expected {expected} at byte {at}"),
            JsonError::Type { path, expected } => write!(f, "{path}: expected {expected}"),
            JsonError::Missing(path) => write!(f, "{path}: is missing"),
            JsonError::Unknown(path) => write!(f, "{path}: is not known"),
        }
    }
}

impl Error for JsonError {}

impl Value {
    /// The value that `text` is.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        parser.blanks();
        if parser.at < text.len() {
            return Err(parser.error("the end"));
        }
        Ok(value)
    }

    /// The value at `path`, as `a.b.0`.
    pub fn pointer(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self, |value, step| match value {
            Value::Object(fields) => fields.get(step),
            Value::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) if value.is_finite() => write!(f, "{value:?}"),
            Value::Float(_) => f.write_str("null"),
            Value::Text(text) => write_text(f, text),
            Value::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Value::Object(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c < ' ' => write!(f, "\\u{:04x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax {
            at: self.at,
            expected,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, JsonError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.error("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.blanks();
        if depth > MAX_DEPTH {
            return Err(self.error("less nesting"));
        }
        match self.peek() {
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error("a value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        if self.accept(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.accept(b']') {
                return Ok(Value::List(items));
            }
            if !self.accept(b',') {
                return Err(self.error("a comma or ]"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.at += 1;
        let mut fields = BTreeMap::new();
        if self.accept(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.blanks();
            let name = self.text()?;
            if !self.accept(b':') {
                return Err(self.error("a colon"));
            }
            let value = self.value(depth + 1)?;
            fields.insert(name, value);
            if self.accept(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.accept(b',') {
                return Err(self.error("a comma or }"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        if let Ok(value) = digits.parse() {
            return Ok(Value::Int(value));
        }
        digits
            .parse()
            .map(|float| Value::Float(float))
            .map_err(|_| JsonError::Syntax {
                at: start,
                expected: "a number",
            })
    }

    fn text(&mut self) -> Result<String, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("a quotation mark"));
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.text[self.at..].chars().next() else {
                return Err(self.error("a quotation mark"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                c if c < ' ' => return Err(self.error("no control character")),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.peek().ok_or_else(|| self.error("an escape"))?;
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => byte as char,
            b'u' => {
                let high = self.hex()?;
                let code = if (0xD800..0xDC00).contains(&high) {
                    if !self.text[self.at..].starts_with("\\u") {
                        return Err(self.error("the second half of a surrogate"));
                    }
                    self.at += 2;
                    let low = self.hex()?;
                    0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF)
                } else {
                    high
                };
                char::from_u32(code).ok_or_else(|| self.error("a character"))?
            }
            _ => return Err(self.error("an escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or_else(|| self.error("four digits"))?;
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.error("four digits"))?;
        self.at += 4;
        Ok(code)
    }
}

/// A message that can be written as JSON.
pub trait ToJson {
    /// The JSON of it.
    fn to_json(&self) -> Value;
}

/// A message that can be read from JSON.
pub trait FromJson: Sized {
    /// The message that `value` is.
    fn from_json(value: &Value) -> Result<Self, JsonError>;

    /// What a missing field means; an error unless the type says otherwise.
    fn absent(name: &str) -> Result<Self, JsonError> {
        Err(JsonError::Missing(name.to_string()))
    }
}

fn wrong<T>(expected: &'static str) -> Result<T, JsonError> {
    Err(JsonError::Type {
        path: String::new(),
        expected,
    })
}

/// The fields of `value`, of which all must be in `known`.
pub(crate) fn fields<'a>(
    value: &'a Value,
    known: &[&str],
) -> Result<&'a BTreeMap<String, Value>, JsonError> {
    let Value::Object(fields) = value else {
        return wrong("an object");
    };
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(JsonError::Unknown(name.clone())),
        None => Ok(fields),
    }
}

/// The field `name` of an object.
pub(crate) fn field<T: FromJson>(
    fields: &BTreeMap<String, Value>,
    name: &str,
) -> Result<T, JsonError> {
    match fields.get(name) {
        Some(value) => T::from_json(value).map_err(|error| error.within(name)),
        None => T::absent(name),
    }
}

macro_rules! integers {
    ($($ty:ty),+) => {
        $(
            impl ToJson for $ty {
                fn to_json(&self) -> Value {
                    i64::try_from(*self).map_or(Value::Float(*self as f64), Value::Int)
                }
            }

            impl FromJson for $ty {
                fn from_json(value: &Value) -> Result<Self, JsonError> {
                    match value {
                        Value::Int(int) => <$ty>::try_from(*int)
                            .or_else(|_| wrong(concat!("a number that fits ", stringify!($ty)))),
                        _ => wrong("a number"),
                    }
                }
            }
        )+
    };
}

integers!(u8, u16, u32, u64, i32, i64);

impl ToJson for f64 {
    fn to_json(&self) -> Value {
        Value::Float(*self)
    }
}

impl FromJson for f64 {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        match value {
            Value::Int(int) => Ok(*int as f64),
            Value::Float(float) => Ok(*float),
            _ => wrong("a number"),
        }
    }
}

impl ToJson for bool {
    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FromJson for bool {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        match value {
            Value::Bool(bool) => Ok(*bool),
            _ => wrong("true or false"),
        }
    }
}

impl ToJson for String {
    fn to_json(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl FromJson for String {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        value
            .as_str()
            .map_or_else(|| wrong("text"), |text| Ok(text.to_string()))
    }
}

impl ToJson for Value {
    fn to_json(&self) -> Value {
        self.clone()
    }
}

impl FromJson for Value {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        Ok(value.clone())
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }

    fn absent(_: &str) -> Result<Self, JsonError> {
        Ok(None)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        Value::List(self.iter().map(T::to_json).collect())
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        let Value::List(items) = value else {
            return wrong("a list");
        };
        let read = |(index, item): (usize, &Value)| {
            T::from_json(item).map_err(|error| error.within(&index.to_string()))
        };
        items.iter().enumerate().map(read).collect()
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn to_json(&self) -> Value {
        Value::Object(
            self.iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
        )
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(value: &Value) -> Result<Self, JsonError> {
        let Value::Object(fields) = value else {
            return wrong("an object");
        };
        let read = |(name, value): (&String, &Value)| {
            let value = T::from_json(value).map_err(|error| error.within(name))?;
            Ok((name.clone(), value))
        };
        fields.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Result<String, JsonError> {
        Value::parse(text).map(|value| value.to_string())
    }

    fn ok(text: &str) -> Result<String, JsonError> {
        Ok(text.to_string())
    }

    fn expected(at: usize, expected: &'static str) -> Result<String, JsonError> {
        Err(JsonError::Syntax { at, expected })
    }

    cases! { written_again, again;
        null: "null" => ok("null"),
        yes: "true" => ok("true"),
        no: " false " => ok("false"),
        zero: "0" => ok("0"),
        negative: "-12" => ok("-12"),
        fraction: "1.50" => ok("1.5"),
        exponent: "1e3" => ok("1000.0"),
        largest: "9223372036854775807" => ok("9223372036854775807"),
        text: r#""a""# => ok(r#""a""#),
        escapes: r#""\"\\\/\n\t""# => ok(r#""\"\\/\n\t""#),
        unicode: r#""\u00fc""# => ok(r#""ü""#),
        surrogates: r#""\ud83d\ude00""# => ok(r#""😀""#),
        control: r#""\u0001""# => ok(r#""\u0001""#),
        empty_list: "[ ]" => ok("[]"),
        list: "[1, [2], 3]" => ok("[1,[2],3]"),
        empty_object: "{ }" => ok("{}"),
        object: r#"{"b": 1, "a": {}}"# => ok(r#"{"a":{},"b":1}"#),
        last_field_counts: r#"{"a": 1, "a": 2}"# => ok(r#"{"a":2}"#),
    }

    cases! { malformed, again;
        nothing: "" => expected(0, "a value"),
        word: "nul" => expected(0, "a value"),
        two_values: "1 2" => expected(2, "the end"),
        open_text: "\"a" => expected(2, "a quotation mark"),
        bad_escape: r#""\x""# => expected(3, "an escape"),
        short_unicode: r#""\u12""# => expected(3, "four digits"),
        half_surrogate: r#""\ud83d""# => expected(7, "the second half of a surrogate"),
        newline_in_text: "\"\n\"" => expected(2, "no control character"),
        open_list: "[1" => expected(2, "a comma or ]"),
        comma_at_the_end: "[1,]" => expected(3, "a value"),
        no_colon: r#"{"a" 1}"# => expected(5, "a colon"),
        bare_name: "{a: 1}" => expected(1, "a quotation mark"),
        open_object: r#"{"a": 1"# => expected(7, "a comma or }"),
        bad_number: "1-2" => expected(0, "a number"),
    }

    #[test]
    fn nesting_is_limited() {
        assert!(Value::parse(&"[".repeat(1_000)).is_err());
    }

    fn at(path: &str) -> Option<String> {
        let value = Value::parse(r#"{"a": {"b": [10, {"c": 20}]}}"#).unwrap();
        value.pointer(path).map(|value| value.to_string())
    }

    cases! { pointers, at;
        field: "a.b.0" => Some("10".to_string()),
        deep: "a.b.1.c" => Some("20".to_string()),
        no_field: "a.x" => None,
        no_item: "a.b.2" => None,
        into_a_number: "a.b.0.c" => None,
    }

    #[test]
    fn numbers_must_fit() {
        assert!(u8::from_json(&Value::Int(256)).is_err());
        assert_eq!(u8::from_json(&Value::Int(255)), Ok(255));
        assert_eq!(f64::from_json(&Value::Int(2)), Ok(2.0));
    }

    #[test]
    fn errors_say_where() {
        let value = Value::parse(r#"[1, 2, "x"]"#).unwrap();
        let error = Vec::<u32>::from_json(&value).unwrap_err();
        assert_eq!(error.to_string(), "2: expected a number");
    }
}
