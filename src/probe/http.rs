//! HTTP requests as bytes, as orderly or as odd as asked; a connection is their concatenation.

/// A request of HTTP/1 in the making. Every part is written as given, nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: Vec<u8>,
    target: Vec<u8>,
    version: Vec<u8>,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Request {
    /// `METHOD target HTTP/1.1`, without any header.
    #[must_use]
    pub fn new(method: impl AsRef<[u8]>, target: &[u8]) -> Self {
        Self {
            method: method.as_ref().to_vec(),
            target: target.to_vec(),
            version: b"HTTP/1.1".to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `GET /` with one `Host` header and two that every client sends.
    #[must_use]
    pub fn get(host: &[u8]) -> Self {
        Self::new("GET", b"/").host(host).header(b"User-Agent: probe/1.0").header(b"Accept: */*")
    }

    /// Another version, such as `HTTP/1.0`.
    #[must_use]
    pub fn version(mut self, version: &[u8]) -> Self {
        self.version = version.to_vec();
        self
    }

    /// One `Host` header more.
    #[must_use]
    pub fn host(self, value: &[u8]) -> Self {
        self.header(&[b"Host: ", value].concat())
    }

    /// One header line more, without its line end; may be folded or no header at all.
    #[must_use]
    pub fn header(mut self, line: &[u8]) -> Self {
        self.headers.push(line.to_vec());
        self
    }

    /// A body, announced by a `Content-Length`.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The request on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.method, b" ".as_slice(), &self.target, b" ", &self.version].concat();
        bytes.extend(b"\r\n");
        for line in &self.headers {
            bytes.extend(line);
            bytes.extend(b"\r\n");
        }
        if !self.body.is_empty() {
            bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// A response with a body of plain text.
#[must_use]
pub fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// HTTP/2 in clear, by prior knowledge: the preface, settings, and a `GET` to an authority.
///
/// An authority of more than 16,000 bytes is more than a server takes in one frame.
#[must_use]
pub fn clear_text_h2(authority: &[u8]) -> Vec<u8> {
    const SETTINGS: u8 = 4;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(h2_frame(SETTINGS, 0, 0, &[]));
    bytes.extend(h2_request(1, authority));
    bytes
}

/// One request of HTTP/2 on a stream (an odd number) of a connection that is already open.
///
/// An authority of more than 16,000 bytes is more than a server takes in one frame.
#[must_use]
pub fn h2_request(stream: u32, authority: &[u8]) -> Vec<u8> {
    const HEADERS: u8 = 1;
    const END_STREAM_AND_HEADERS: u8 = 0x05;
    // RFC 7541, appendix A: 2 is `:method GET`, 4 `:path /`, 6 `:scheme http`. A literal
    // `:authority` (1) is not indexed.
    let mut block = vec![0x80 | 2, 0x80 | 4, 0x80 | 6, 0x01];
    block.extend(h2_length(authority.len()));
    block.extend(authority);
    h2_frame(HEADERS, END_STREAM_AND_HEADERS, stream, &block)
}

/// The length of a string (RFC 7541, 5.1): 7 bits, and what they do not hold in groups of 7 bits,
/// the lowest first.
fn h2_length(length: usize) -> Vec<u8> {
    const PREFIX: usize = 0x7f;
    let Some(mut rest) = length.checked_sub(PREFIX) else {
        return vec![length as u8];
    };
    let mut bytes = vec![PREFIX as u8];
    while rest >= 0x80 {
        bytes.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn h2_frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame: Vec<u8> = length.iter().skip(1).copied().collect();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_given() {
        let request = Request::new("POST", b"http://a/")
            .version(b"HTTP/1.0")
            .host(b"b\0c")
            .header(b" folded")
            .body(b"xyz");
        assert_eq!(
            request.bytes(),
            b"POST http://a/ HTTP/1.0\r\nHost: b\0c\r\n folded\r\nContent-Length: 3\r\n\r\nxyz"
        );
    }

    #[test]
    fn a_length_of_h2_is_written_as_the_rfc_does() {
        let check = |length, expected: &[u8]| assert_eq!(h2_length(length), expected, "{length}");
        check(0, &[0]);
        check(126, &[126]);
        check(127, &[0x7f, 0]);
        check(254, &[0x7f, 0x7f]);
        check(255, &[0x7f, 0x80, 1]);
    }

    #[test]
    fn clear_text_h2_is_preface_settings_headers() {
        let bytes = clear_text_h2(b"www.example.com");
        let rest = bytes.strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        assert_eq!(rest[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(rest[9..18], [0, 0, 20, 1, 5, 0, 0, 0, 1]);
        assert!(rest.ends_with(b"\x82\x84\x86\x01\x0fwww.example.com"));
    }
}
