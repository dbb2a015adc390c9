//! Aligned text for terminals.

use std::fmt;
use std::time::Duration;

/// Some rows under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    title: String,
    rows: Vec<(String, String)>,
}

impl Section {
    /// A section without rows.
    pub fn new(title: &str) -> Self {
        Section {
            title: title.to_string(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, name: &str, value: &str) {
        self.rows.push((name.to_string(), value.to_string()));
    }
}

/// Some sections, aligned with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    sections: Vec<Section>,
}

impl Summary {
    /// No sections.
    pub fn new() -> Self {
        Summary {
            sections: Vec::new(),
        }
    }

    /// Adds a section.
    pub fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    fn width(&self) -> usize {
        self.sections
            .iter()
            .flat_map(|section| &section.rows)
            .map(|(name, _)| width(name))
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.width();
        for section in &self.sections {
            writeln!(f, "[{}]", section.title)?;
            for (name, value) in &section.rows {
                let padding = " ".repeat(column - width(name));
                writeln!(f, "  {name}{padding}  {value}")?;
            }
        }
        Ok(())
    }
}

/// How many columns `text` takes.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// A word for a switch.
pub fn on_off(on: bool) -> &'static str {
    if on {
        "on"
    } else {
        "off"
    }
}

/// A size in the largest unit that divides it.
pub fn bytes(n: u64) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if n >= size && n % size == 0 {
            return format!("{} {unit}", n / size);
        }
    }
    return format!("{n} B");
}

/// A duration in the largest unit that divides it.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_millis() > 0 {
        return format!("{} ms", duration.as_millis());
    }
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if seconds >= length && seconds % length == 0 {
            return format!("{} {unit}", seconds / length);
        }
    }
    format!("{seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned() {
        let mut section = Section::new("a");
        section.row("x", "1");
        section.row("long", "2");
        let mut summary = Summary::new();
        summary.add(section);
        assert_eq!(summary.to_string(), "[a]\n  x     1\n  long  2\n");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Summary::new().to_string(), "");
    }

    // known: see docs/known-failures.md
    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(
            width("東京"),
            4,
            "east asian characters are two columns wide"
        );
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1_536), "1536 B");
        assert_eq!(bytes(67_108_864), "64 MiB");
        assert_eq!(bytes(2 << 30), "2 GiB");
    }

    #[test]
    fn durations() {
        assert_eq!(duration(Duration::from_millis(1_500)), "1500 ms");
        assert_eq!(duration(Duration::from_secs(604_800)), "7 d");
        assert_eq!(duration(Duration::from_secs(90)), "90 s");
        assert_eq!(duration(Duration::ZERO), "0 s");
    }

    #[test]
    fn switches() {
        assert_eq!((on_off(true), on_off(false)), ("on", "off"));
    }
}
