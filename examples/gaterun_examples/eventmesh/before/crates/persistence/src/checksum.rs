//! CRC-32 (IEEE), by a table that is built at compile time.

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ 0xEDB8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

static TABLE: [u32; 256] = table();

/// A checksum in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crc32 {
    state: u32,
}

impl Crc32 {
    /// The checksum of nothing.
    pub fn new() -> Self {
        Crc32 { state: !0 }
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let index = (self.state ^ u32::from(*byte)) & 0xFF;
            self.state = TABLE[index as usize] ^ (self.state >> 8);
        }
    }

    /// The checksum of all that was added.
    pub fn finish(self) -> u32 {
        !self.state
    }
}

/// The checksum of `bytes`.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    cases! { known_values, crc32;
        nothing: b"" => 0,
        letter: b"a" => 0xE8B7_BE43,
        letters: b"abc" => 0x3524_41C2,
        check_value: b"123456789" => 0xCBF4_3926,
        zeroes: &[0; 4] => 0x2144_DF1C,
        ones: &[0xFF; 4] => 0xFFFF_FFFF,
    }

    fn in_pieces(at: usize) -> u32 {
        let mut crc = Crc32::new();
        crc.update(&b"123456789"[..at]);
        crc.update(&b"123456789"[at..]);
        crc.finish()
    }

    cases! { pieces, in_pieces;
        at_the_start: 0 => 0xCBF4_3926,
        after_one: 1 => 0xCBF4_3926,
        in_the_middle: 5 => 0xCBF4_3926,
        at_the_end: 9 => 0xCBF4_3926,
    }
}
