//! The first message of a TLS client, well-formed or not, and what a server could answer.

/// Handshake message type of a client's first message (RFC 8446, section 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

const RECORD_HANDSHAKE: u8 = 22;
const RECORD_APPLICATION_DATA: u8 = 23;
/// The most payload a record may carry (RFC 8446, section 5.1).
const RECORD_PAYLOAD: usize = 16_384;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const PADDING: u16 = 21;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

/// X25519, and its hybrid with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem).
const X25519: u16 = 0x001d;
const X25519_MLKEM768: u16 = 0x11ec;
const X25519_SHARE: usize = 32;
const X25519_MLKEM768_SHARE: usize = 1216;

/// A ClientHello in the making: what a current browser sends, unless told otherwise.
///
/// Names are bytes, not host names: every odd name is worth asking an engine about. A length that
/// does not fit its field is cut off, so the message stays parseable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientHello {
    /// Type and bytes of each entry of the server name list; no extension if empty.
    names: Vec<(u8, Vec<u8>)>,
    alpn: Vec<Vec<u8>>,
    shares: Shares,
    padding: Option<usize>,
    extensions: Vec<(u16, Vec<u8>)>,
}

/// What keys the client offers, which decides how large its hello is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shares {
    /// One of 32 bytes.
    #[default]
    Classical,
    /// Also one of 1216 bytes: the hello no longer fits one packet.
    PostQuantum,
}

impl ClientHello {
    /// A hello without a server name.
    #[must_use]
    pub fn nameless() -> Self {
        Self::default()
    }

    /// A hello to one host name.
    #[must_use]
    pub fn to(name: &[u8]) -> Self {
        Self::nameless().name(name)
    }

    /// One entry more in the server name list, of type host name (0).
    #[must_use]
    pub fn name(self, name: &[u8]) -> Self {
        self.name_of_type(0, name)
    }

    /// One entry more in the server name list, of any type.
    #[must_use]
    pub fn name_of_type(mut self, kind: u8, name: &[u8]) -> Self {
        self.names.push((kind, name.to_vec()));
        self
    }

    /// One application protocol more, such as `h2`.
    #[must_use]
    pub fn alpn(mut self, protocol: &[u8]) -> Self {
        self.alpn.push(protocol.to_vec());
        self
    }

    /// Offers the post-quantum key share that current browsers send: 1216 bytes more.
    #[must_use]
    pub fn post_quantum(mut self) -> Self {
        self.shares = Shares::PostQuantum;
        self
    }

    /// Adds a padding extension of so many zero bytes.
    #[must_use]
    pub fn padding(mut self, bytes: usize) -> Self {
        self.padding = Some(bytes);
        self
    }

    /// Adds any extension, after the others; type 0 is a server name list written by hand.
    #[must_use]
    pub fn extension(mut self, kind: u16, payload: &[u8]) -> Self {
        self.extensions.push((kind, payload.to_vec()));
        self
    }

    /// The handshake message: one byte of type, three of length, the body.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut body = vec![0x03, 0x03];
        body.extend((0..32).map(|byte: u8| byte.wrapping_mul(7)));
        body.extend(with_length_8(&[0x5c; 32]));
        body.extend(with_length_16(&[0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2f]));
        // Only the null compression.
        body.extend([1, 0]);
        body.extend(with_length_16(&self.extension_list()));
        handshake(CLIENT_HELLO, &body)
    }

    /// The message in one record, or as many as it needs.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        self.records(&[])
    }

    /// The message in several records, cut at the given offsets of [`ClientHello::message`].
    #[must_use]
    pub fn records(&self, cuts: &[usize]) -> Vec<u8> {
        handshake_records(&self.message(), cuts)
    }

    fn extension_list(&self) -> Vec<u8> {
        let mut list = Vec::new();
        if !self.names.is_empty() {
            let entries: Vec<u8> = self
                .names
                .iter()
                .flat_map(|(kind, name)| [vec![*kind], with_length_16(name)].concat())
                .collect();
            list.extend(extension(SERVER_NAME, &with_length_16(&entries)));
        }
        list.extend(extension(SUPPORTED_GROUPS, &with_length_16(&self.groups())));
        list.extend(extension(SIGNATURE_ALGORITHMS, &with_length_16(&[4, 3, 8, 4, 4, 1])));
        if !self.alpn.is_empty() {
            let protocols: Vec<u8> =
                self.alpn.iter().flat_map(|protocol| with_length_8(protocol)).collect();
            list.extend(extension(ALPN, &with_length_16(&protocols)));
        }
        list.extend(extension(SUPPORTED_VERSIONS, &with_length_8(&[3, 4, 3, 3])));
        list.extend(extension(KEY_SHARE, &with_length_16(&self.key_shares())));
        if let Some(bytes) = self.padding {
            list.extend(extension(PADDING, &vec![0; bytes]));
        }
        for (kind, payload) in &self.extensions {
            list.extend(extension(*kind, payload));
        }
        list
    }

    fn groups(&self) -> Vec<u8> {
        match self.shares {
            Shares::Classical => X25519.to_be_bytes().to_vec(),
            Shares::PostQuantum => [X25519_MLKEM768, X25519].map(u16::to_be_bytes).concat(),
        }
    }

    fn key_shares(&self) -> Vec<u8> {
        let share = |group: u16, length| {
            [group.to_be_bytes().to_vec(), with_length_16(&vec![0x42; length])].concat()
        };
        let classical = share(X25519, X25519_SHARE);
        match self.shares {
            Shares::Classical => classical,
            Shares::PostQuantum => {
                [share(X25519_MLKEM768, X25519_MLKEM768_SHARE), classical].concat()
            }
        }
    }
}

/// Handshake bytes in records, cut at the given offsets.
#[must_use]
pub fn handshake_records(message: &[u8], cuts: &[usize]) -> Vec<u8> {
    super::pieces(message, cuts)
        .flat_map(|piece| piece.chunks(RECORD_PAYLOAD))
        .flat_map(|payload| record(RECORD_HANDSHAKE, payload))
        .collect()
}

/// A plausible first answer of a server: a ServerHello, then encrypted handshake bytes.
#[must_use]
pub fn server_flight() -> Vec<u8> {
    let mut body = vec![0x03, 0x03];
    body.extend([0x11; 32]);
    body.extend(with_length_8(&[0x5c; 32]));
    body.extend([0x13, 0x01, 0]);
    let mut extensions = extension(SUPPORTED_VERSIONS, &[3, 4]);
    let share = [X25519.to_be_bytes().to_vec(), with_length_16(&[0x24; X25519_SHARE])].concat();
    extensions.extend(extension(KEY_SHARE, &share));
    body.extend(with_length_16(&extensions));
    let mut flight = record(RECORD_HANDSHAKE, &handshake(SERVER_HELLO, &body));
    flight.extend(application_data(&[0xe5; 600]));
    flight
}

/// Bytes in a record of application data, as if encrypted.
#[must_use]
pub fn application_data(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(RECORD_PAYLOAD).flat_map(|part| record(RECORD_APPLICATION_DATA, part)).collect()
}

/// One record of any type.
#[must_use]
pub fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 0x03, 0x01];
    record.extend(with_length_16(payload));
    record
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut message = vec![kind];
    message.extend(length.iter().skip(1));
    message.extend(body);
    message
}

fn extension(kind: u16, payload: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), with_length_16(payload)].concat()
}

fn with_length_8(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    let mut field = vec![length];
    field.extend(bytes.iter().take(usize::from(length)));
    field
}

fn with_length_16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut field = length.to_be_bytes().to_vec();
    field.extend(bytes.iter().take(usize::from(length)));
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn lengths_nest() {
        let record = ClientHello::to(b"www.example.com").alpn(b"h2").record();
        let message = ClientHello::to(b"www.example.com").alpn(b"h2").message();
        assert_eq!(record[..5], [22, 3, 1, 0, record.len() as u8 - 5]);
        assert_eq!(record[5..], message);
        assert_eq!(message[..4], [1, 0, 0, message.len() as u8 - 4]);
        assert!(holds(&message, b"\x00\x00\x00\x14\x00\x12\x00\x00\x0fwww.example.com"));
        assert!(holds(&message, b"\x00\x10\x00\x05\x00\x03\x02h2"));
    }

    #[test]
    fn no_name_means_no_extension() {
        assert!(!holds(&ClientHello::nameless().message(), b"\x00\x00\x00\x14"));
    }

    #[test]
    fn records_cut_the_message_and_nothing_else() {
        let hello = ClientHello::to(b"a.example").post_quantum().padding(20_000);
        let records = hello.records(&[4, 100]);
        let mut rest = records.as_slice();
        let mut lengths = Vec::new();
        let mut message: Vec<u8> = Vec::new();
        while let [22, 3, 1, high, low, tail @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            message.extend(&tail[..length]);
            lengths.push(length);
            rest = &tail[length..];
        }
        assert!(rest.is_empty());
        assert_eq!(lengths[..3], [4, 96, 16_384]);
        assert_eq!(message, hello.message());
    }

    #[test]
    fn a_post_quantum_hello_needs_two_packets() {
        let hello = ClientHello::to(b"www.example.com").post_quantum().record();
        assert!(hello.len() > super::super::SEGMENT, "{}", hello.len());
    }
}
