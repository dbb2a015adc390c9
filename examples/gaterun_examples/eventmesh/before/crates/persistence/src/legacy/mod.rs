//! The first file format, in which events were written up to 0.9.
//!
//! A file has a header, then records of `key=value` lines in fixed frames.
//! Nothing writes it any more; [`Migration`] turns it into the current log.

mod adler;
mod fields;
mod frame;
mod kinds;
mod migrate;
mod reader;

pub use adler::{adler32, Adler32};
pub use fields::{FieldError, Fields};
pub use frame::{Frame, FrameError, Header};
pub use kinds::{kind_of, LegacyKind};
pub use migrate::{Migration, MigrationError, MigrationReport, Skipped};
pub use reader::LegacyReader;
