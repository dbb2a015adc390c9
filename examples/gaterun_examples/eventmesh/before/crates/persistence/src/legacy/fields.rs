//! The `key=value` lines of a record.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Why lines are no fields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldError {
    /// A line has no `=`.
    Line(String),
    /// An escape is unknown.
    Escape(char),
    /// A field is missing.
    Missing(&'static str),
    /// A field has the wrong type.
    Invalid {
        /// The field.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Line(line) => write!(f, "no field: {line:?}"),
            FieldError::Escape(c) => write!(f, "unknown escape {c:?}"),
            FieldError::Missing(name) => write!(f, "{name} is missing"),
            FieldError::Invalid { name, value } => write!(f, "{name} cannot be {value:?}"),
        }
    }
}

impl Error for FieldError {}

/// The fields of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Fields {
    values: BTreeMap<String, String>,
}

impl Fields {
    /// The fields that `text` has.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let mut values = BTreeMap::new();
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| FieldError::Line(line.to_string()))?;
            values.insert(name.trim().to_string(), unescape(value)?);
        }
        Ok(Fields { values })
    }

    /// A field that may be missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A field that must be there.
    pub fn text(&self, name: &'static str) -> Result<String, FieldError> {
        self.get(name)
            .map(str::to_string)
            .ok_or(FieldError::Missing(name))
    }

    /// A field that must be there and parse.
    pub fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, FieldError> {
        let value = self.text(name)?;
        value
            .parse()
            .map_err(|_| FieldError::Invalid { name, value })
    }

    /// A field that must parse if it is there.
    pub fn optional<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, FieldError> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(_) => self.parsed(name).map(Some),
        }
    }

    /// A list, separated by blanks.
    pub fn list<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, FieldError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        value
            .split_whitespace()
            .map(|item| {
                item.parse().map_err(|_| FieldError::Invalid {
                    name,
                    value: item.to_string(),
                })
            })
            .collect()
    }

    /// All fields whose names start with `prefix`, without it.
    pub fn map(&self, prefix: &str) -> BTreeMap<String, String> {
        self.values
            .iter()
            .filter_map(|(name, value)| {
                let rest = name.strip_prefix(prefix)?;
                Some((rest.to_string(), value.clone()))
            })
            .collect()
    }
}

fn unescape(value: &str) -> Result<String, FieldError> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some(other) => return Err(FieldError::Escape(other)),
            None => return Err(FieldError::Escape('\\')),
        }
    }
    Ok(out)
}
