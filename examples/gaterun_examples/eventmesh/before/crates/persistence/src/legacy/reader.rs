//! Reads the records of a file one by one.

use super::frame::{Frame, FrameError, Header};

/// The records of a file.
#[derive(Debug, Clone)]
pub struct LegacyReader<'a> {
    header: Header,
    rest: &'a [u8],
}

impl<'a> LegacyReader<'a> {
    /// Reads a file; the first damage ends it.
    pub fn new(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (header, rest) = Header::parse(bytes)?;
        Ok(LegacyReader { header, rest })
    }

    /// What the file starts with.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl<'a> Iterator for LegacyReader<'a> {
    type Item = Result<Frame<'a>, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() == 0 {
            return None;
        }
        match Frame::parse(&self.header, self.rest) {
            Ok((frame, rest)) => {
                self.rest = rest;
                Some(Ok(frame))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}
