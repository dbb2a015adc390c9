//! The header of a file and the frames of its records.

use std::error::Error;
use std::fmt;

use super::adler::adler32;

const MAGIC: [u8; 4] = *b"EMS1";
const HEADER: usize = 16;
const FRAME: usize = 20;

/// Why bytes are no header or frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameError {
    /// The bytes end too early.
    Short {
        /// How many there should be.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// The file is something else.
    Magic,
    /// The format is none that we know.
    Version(u16),
    /// The checksum does not match.
    Checksum {
        /// What was written.
        expected: u32,
        /// What it should be.
        found: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Short { wanted, found } => {
                write!(f, "{found} bytes where {wanted} should be")
            }
            FrameError::Magic => f.write_str("not a file of the first format"),
            FrameError::Version(version) => write!(f, "unknown version {version}"),
            FrameError::Checksum { expected, found } => {
                write!(f, "checksum {found:08x} where {expected:08x} should be")
            }
        }
    }
}

impl Error for FrameError {}

/// What a file starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// The version of the format: 1 or 2.
    pub version: u16,
    /// Whether payloads carry a checksum.
    pub checksummed: bool,
    /// When the file was made, in seconds since the Unix epoch.
    pub created: u64,
}

impl Header {
    /// Takes a header off the front of `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (head, rest) = split(bytes, HEADER)?;
        if head[..4] != MAGIC {
            return Err(FrameError::Magic);
        }
        let version = u16::from_be_bytes([head[4], head[5]]);
        if version != 1 && version != 2 {
            return Err(FrameError::Version(version));
        }
        let flags = u16::from_be_bytes([head[6], head[7]]);
        let header = Header {
            version,
            checksummed: flags & 1 == 1,
            created: long(&head[8..]),
        };
        Ok((header, rest))
    }
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame<'a> {
    /// The number of the record.
    pub sequence: u64,
    /// The number of its kind.
    pub kind: u16,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The `key=value` lines.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes a frame off the front of `bytes`.
    pub fn parse(header: &Header, bytes: &'a [u8]) -> Result<(Self, &'a [u8]), FrameError> {
        let (head, rest) = split(bytes, FRAME)?;
        let length = word(&head[12..]) as usize;
        let (payload, rest) = split(rest, length)?;
        let expected = word(&head[16..]);
        if header.checksummed {
            let found = adler32(payload);
            if found != expected {
                return Err(FrameError::Checksum { expected, found });
            }
        }
        let frame = Frame {
            sequence: long(head),
            kind: u16::from_be_bytes([head[8], head[9]]),
            deleted: head[10] & 1 == 1,
            payload,
        };
        Ok((frame, rest.get(padding(length)..).unwrap_or_default()))
    }
}

/// Payloads of the first format start at multiples of four.
fn padding(length: usize) -> usize {
    return (4 - length % 4) % 4;
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), FrameError> {
    if bytes.len() < at {
        return Err(FrameError::Short {
            wanted: at,
            found: bytes.len(),
        });
    }
    Ok(bytes.split_at(at))
}

fn word(bytes: &[u8]) -> u32 {
    let mut buffer = [0; 4];
    buffer.copy_from_slice(&bytes[..4]);
    u32::from_be_bytes(buffer)
}

fn long(bytes: &[u8]) -> u64 {
    let mut buffer = [0; 8];
    buffer.copy_from_slice(&bytes[..8]);
    u64::from_be_bytes(buffer)
}
