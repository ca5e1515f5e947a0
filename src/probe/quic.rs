//! The first datagrams of a QUIC client, encrypted as the standard says.
//!
//! Initial packets are protected with keys that anybody can derive from the packet itself (RFC
//! 9001, section 5.2), so an engine on the path reads the ClientHello in them, and here it is
//! written. Ciphers come from RustCrypto: hand-made AES would be code that nobody should review.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

use super::tls::ClientHello;

/// QUIC version 1 (RFC 9000).
const VERSION_1: u32 = 1;
/// The salt of version 1 (RFC 9001, section 5.2).
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];

/// A client pads its first datagrams to this size (RFC 9000, section 14.1).
const DATAGRAM: usize = 1200;
/// Crypto bytes in one datagram, leaving room for the headers and the tag.
const CRYPTO_BYTES: usize = 1000;

const PADDING_FRAME: u8 = 0x00;
const CRYPTO_FRAME: u8 = 0x06;
const TRANSPORT_PARAMETERS: u16 = 0x39;

const DESTINATION_ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const SOURCE_ID: [u8; 8] = [0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8];
const TAG: usize = 16;
/// Packet numbers are written in four bytes.
const NUMBER: usize = 4;

/// The client's first flight: one datagram, or several for a hello that needs them.
///
/// The hello gets the ALPN `h3` and the transport parameters that QUIC requires.
#[must_use]
pub fn client_initials(hello: &ClientHello) -> Vec<Vec<u8>> {
    let hello = hello
        .clone()
        .alpn(b"h3")
        // initial_source_connection_id, which every client sends.
        .extension(TRANSPORT_PARAMETERS, &[&[0x0f, 8], SOURCE_ID.as_slice()].concat());
    let keys = Keys::of_client(&DESTINATION_ID);
    hello
        .message()
        .chunks(CRYPTO_BYTES)
        .zip(0_u32..)
        .zip((0_u64..).step_by(CRYPTO_BYTES))
        .map(|((part, number), offset)| {
            let mut frames = vec![CRYPTO_FRAME];
            frames.extend(variable(offset));
            frames.extend(variable(part.len() as u64));
            frames.extend(part);
            initial(&keys, &DESTINATION_ID, &SOURCE_ID, number, frames)
        })
        .collect()
}

/// One protected Initial packet of version 1, padded to a datagram of 1200 bytes.
fn initial(
    keys: &Keys,
    destination: &[u8; 8],
    source: &[u8],
    number: u32,
    mut frames: Vec<u8>,
) -> Vec<u8> {
    // Long header, type Initial, packet number of four bytes.
    let mut header = vec![0xc3];
    header.extend(VERSION_1.to_be_bytes());
    for id in [destination.as_slice(), source] {
        header.extend(u8::try_from(id.len()));
        header.extend(id);
    }
    // No token; the length field takes two bytes.
    header.push(0);
    let size = header.len() + 2 + NUMBER + frames.len() + TAG;
    frames.extend(vec![PADDING_FRAME; DATAGRAM.saturating_sub(size)]);
    header.extend(variable((NUMBER + frames.len() + TAG) as u64));
    header.extend(number.to_be_bytes());
    keys.protect(header, number, &frames)
}

/// What protects the packets of one side (RFC 9001, section 5).
struct Keys {
    packet: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Keys {
    fn of_client(destination: &[u8]) -> Self {
        let (_, initial) = Hkdf::<Sha256>::extract(Some(&SALT_1), destination);
        let secret: [u8; 32] = expand(&initial, b"client in");
        #[expect(clippy::expect_used, reason = "32 bytes are one output of SHA-256")]
        let client = Hkdf::<Sha256>::from_prk(&secret).expect("a secret is as long as the hash");
        Self {
            packet: expand(&client, b"quic key"),
            iv: expand(&client, b"quic iv"),
            header: expand(&client, b"quic hp"),
        }
    }

    /// The packet on the wire: payload encrypted, then first byte and packet number masked.
    fn protect(&self, mut packet: Vec<u8>, number: u32, payload: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= part;
        }
        let number_at = packet.len().saturating_sub(NUMBER);
        #[expect(clippy::expect_used, reason = "AES-GCM refuses only payloads of gigabytes")]
        let sealed = Aes128Gcm::new(&self.packet.into())
            .encrypt(&nonce.into(), Payload { msg: payload, aad: &packet })
            .expect("a datagram is far below the limit of the cipher");
        packet.extend(sealed);

        // The sample starts where the longest possible packet number would end.
        let mut mask = [0; 16];
        for (to, from) in mask.iter_mut().zip(packet.iter().skip(number_at + 4)) {
            *to = *from;
        }
        let mut block = mask.into();
        Aes128::new(&self.header.into()).encrypt_block(&mut block);
        let mask: [u8; 16] = block.into();
        let [first, number_mask @ ..] = mask;
        if let Some(byte) = packet.first_mut() {
            *byte ^= first & 0x0f;
        }
        for (byte, part) in packet.iter_mut().skip(number_at).take(NUMBER).zip(number_mask) {
            *byte ^= part;
        }
        packet
    }
}

/// HKDF-Expand-Label of TLS 1.3 with an empty context (RFC 8446, section 7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &[u8]) -> [u8; N] {
    let mut info = u16::try_from(N).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    let label = [b"tls13 ", label].concat();
    info.extend(u8::try_from(label.len()));
    info.extend(label);
    info.push(0);
    let mut key = [0; N];
    #[expect(clippy::expect_used, reason = "HKDF refuses only more than 255 hashes of output")]
    secret.expand(&info, &mut key).expect("a key is shorter than 255 hashes");
    key
}

/// A variable-length integer of two bytes (RFC 9000, section 16); below 16384, larger is cut off.
fn variable(number: u64) -> [u8; 2] {
    let number = u16::try_from(number).unwrap_or(u16::MAX).min(0x3fff);
    (0x4000 | number).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9001, appendix A.1 uses the same destination connection id.
    #[test]
    fn keys_are_those_of_the_standard() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let keys = Keys::of_client(&DESTINATION_ID);
        assert_eq!(hex(&keys.packet), "1f369613dd76d5467730efcbe3b1a22d");
        assert_eq!(hex(&keys.iv), "fa044b2f42a3fd3b46fb255c");
        assert_eq!(hex(&keys.header), "9f50449e04a0e810283a1e9933adedd2");
    }

    #[test]
    fn a_small_hello_is_one_datagram_and_a_post_quantum_one_two() {
        let small = client_initials(&ClientHello::to(b"www.example.com"));
        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [1200]);
        let large = client_initials(&ClientHello::to(b"www.example.com").post_quantum());
        assert_eq!(large.iter().map(Vec::len).collect::<Vec<_>>(), [1200, 1200]);
    }
}
