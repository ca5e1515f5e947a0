//! Capture files: 24 bytes, then 16 bytes before every packet.
//!
//! The classic format, little-endian, microseconds, Ethernet
//! (<https://datatracker.ietf.org/doc/html/draft-ietf-opsawg-pcap>, checked 2026-11).

/// 2026-01-01 00:00:00 UTC. A fixed start keeps the same packets the same bytes.
const START_SECONDS: u32 = 1_767_225_600;

/// Between two packets. Small enough that no engine times a flow out, large enough to be seen.
const MICROSECONDS_APART: u64 = 20;

const MAGIC: u32 = 0xa1b2_c3d4;
const LONGEST_PACKET: u32 = 262_144;
const ETHERNET: u32 = 1;

/// A capture of the frames, in order, 20 microseconds apart.
pub fn write<'f>(frames: impl IntoIterator<Item = &'f [u8]>) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(MAGIC.to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(4_u16.to_le_bytes());
    // Time zone and accuracy, both always zero.
    file.extend([0; 8]);
    file.extend(LONGEST_PACKET.to_le_bytes());
    file.extend(ETHERNET.to_le_bytes());
    for (frame, index) in frames.into_iter().zip(0_u64..) {
        let elapsed = index * MICROSECONDS_APART;
        let length = word(frame.len() as u64);
        file.extend(START_SECONDS.saturating_add(word(elapsed / 1_000_000)).to_le_bytes());
        file.extend(word(elapsed % 1_000_000).to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(frame);
    }
    file
}

/// Frames are far shorter than 4 GiB, and a capture of 136 years is not written here.
fn word(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_a_header_and_a_record_a_packet() {
        let file = write([b"one".as_slice(), b"three".as_slice()]);
        assert_eq!(file.len(), 24 + 16 + 3 + 16 + 5);
        assert_eq!(&file[40..43], b"one");
        assert_eq!(&file[43 + 4..43 + 8], &20_u32.to_le_bytes());
        assert_eq!(&file[43 + 12..43 + 16], &5_u32.to_le_bytes());
        assert!(file.ends_with(b"three"));
    }
}
