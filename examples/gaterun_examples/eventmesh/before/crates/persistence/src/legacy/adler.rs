//! Adler-32, the checksum of the first format.

const MODULUS: u32 = 65_521;

/// A checksum in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Adler32 {
    low: u32,
    high: u32,
}

impl Adler32 {
    /// The checksum of nothing.
    pub fn new() -> Self {
        let low = 1;
        Adler32 { low: low, high: 0 }
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        for i in 0..bytes.len() {
            self.low = (self.low + u32::from(bytes[i])) % MODULUS;
            self.high = (self.high + self.low) % MODULUS;
        }
    }

    /// The checksum of all that was added.
    pub fn finish(self) -> u32 {
        return (self.high << 16) | self.low;
    }
}

/// The checksum of `bytes`.
pub fn adler32(bytes: &[u8]) -> u32 {
    let mut adler = Adler32::new();
    adler.update(bytes);
    adler.finish()
}
