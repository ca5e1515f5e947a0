//! What the engine does to the bytes of a client before it compares them with a name.
//!
//! Everything an engine version does differently stands in one table, `Engine::semantics`. What
//! is the same in all of them:
//!
//! | Bytes | Become |
//! |---|---|
//! | a name in TLS or QUIC | itself in lower case, ASCII only: no dot is stripped, no encoding read |
//! | several Host headers | their values with `, ` between |
//! | a target with an authority, `http://host/` | the host of the target, without user and port; no Host counts |
//! | `CONNECT host:443` | the host of the target |
//! | an empty Host | no name, and no Host that is one name |
//!
//! Measured on 7.0.10, 8.0.3 and 8.0.8 with 78 names in TLS and 111 in HTTP (November 2026);
//! `tests/corpus/traffic` and `tests/suite/verdicts.rs` repeat what matters on real engines.

use super::{Flow, Request, Spoken};

/// A version of Suricata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Engine {
    /// 7.0.10, the line that AWS ran until October 2026.
    V7_0_10,
    /// 8.0.3, which AWS names since 2026-10-21.
    #[default]
    V8_0_3,
    /// 8.0.8, which Debian packages.
    V8_0_8,
}

/// One row of the table.
#[derive(Debug)]
struct Semantics {
    /// The byte that ends the name of a TLS hello, if there is one.
    tls_name_ends_at: Option<u8>,
    /// The bytes that end a Host, whatever follows.
    host_ends_at: &'static [u8],
    /// What becomes of upper case in a Host that such a byte ends.
    case_of_an_ended_host: Case,
    /// The bytes around the value of a header that do not belong to it.
    blanks: &'static [u8],
}

/// What becomes of upper-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// They become lower case.
    Folded,
    /// They stay, and no pattern matches them.
    Kept,
}

/// A longer name in a TLS hello counts as none (event `invalid_sni_length`, all versions), in
/// bytes. QUIC and HTTP have no such limit.
const LONGEST_TLS_NAME: usize = 255;

/// The bytes around a Host that do not belong to the name in it, whatever the header keeps.
const BLANKS_OF_A_NAME: &[u8] = b" \t\x0b\x0c";

/// What stands between the values of several Host headers.
const BETWEEN_HOSTS: &[u8] = b", ";

impl Engine {
    /// Every version, the oldest first.
    pub const ALL: [Self; 3] = [Self::V7_0_10, Self::V8_0_3, Self::V8_0_8];

    /// The version that reads names as this release does, as far as that is known: releases before
    /// 8.0.4 as 8.0.3, later ones of 8.0 as 8.0.8, all of 7.0 as 7.0.10.
    pub fn nearest(release: &str) -> Option<Self> {
        let patch = |line: &str| release.strip_prefix(line)?.parse::<u32>().ok();
        match (patch("7.0."), patch("8.0.")) {
            (Some(_), _) => Some(Self::V7_0_10),
            (_, Some(0..=3)) => Some(Self::V8_0_3),
            (_, Some(_)) => Some(Self::V8_0_8),
            (None, None) => None,
        }
    }

    /// Its number, as Suricata prints it.
    pub const fn release(self) -> &'static str {
        match self {
            Self::V7_0_10 => "7.0.10",
            Self::V8_0_3 => "8.0.3",
            Self::V8_0_8 => "8.0.8",
        }
    }

    const fn semantics(self) -> &'static Semantics {
        match self {
            Self::V7_0_10 => &Semantics {
                tls_name_ends_at: Some(0),
                host_ends_at: b":",
                case_of_an_ended_host: Case::Kept,
                blanks: b" \t",
            },
            Self::V8_0_3 => &Semantics {
                tls_name_ends_at: Some(0),
                host_ends_at: b":/?#",
                case_of_an_ended_host: Case::Folded,
                blanks: b" \t\x0b\x0c",
            },
            // The length of the name counts since 8.0.4.
            Self::V8_0_8 => &Semantics {
                tls_name_ends_at: None,
                host_ends_at: b":/?#",
                case_of_an_ended_host: Case::Folded,
                blanks: b" \t\x0b\x0c",
            },
        }
    }

    /// What is compared of a name in a TLS hello; `None` if the engine sees no name.
    #[inline]
    pub(crate) fn tls_name(self, sent: &[u8]) -> Option<Said<'_>> {
        if sent.len() > LONGEST_TLS_NAME {
            return None;
        }
        let name = match self.semantics().tls_name_ends_at {
            // Hardly any name has such a byte. To see that, all bytes are compared at once.
            Some(end) if sent.iter().fold(false, |found, byte| found | (*byte == end)) => {
                sent.split(|byte| *byte == end).next()
            }
            Some(_) | None => Some(sent),
        };
        name.map(Said::folded)
    }

    /// What is compared of a name in a QUIC hello.
    pub(crate) fn quic_name(self, sent: &[u8]) -> Said<'_> {
        Said::folded(sent)
    }

    /// What is compared of the `:authority` of a request in HTTP/2.
    pub(crate) fn authority(self, sent: &[u8]) -> Said<'_> {
        Said::folded(host_of_authority(sent))
    }

    /// What is compared of a request.
    pub(crate) fn request<'f>(self, request: &Request<'f>) -> Heard<'f> {
        let is_connect = request.method.eq_ignore_ascii_case(b"CONNECT");
        let target = if is_connect { Some(request.target) } else { authority(request.target) };
        let whole = match target.map(host_of_authority).filter(|host| !host.is_empty()) {
            Some(host) => Said::folded(host),
            None => self.joined(request.hosts),
        };
        let has_nul = [request.method, request.target]
            .iter()
            .chain(request.hosts)
            .any(|part| part.contains(&0));
        // A Host without a name is there, too.
        let raw = Some(whole).filter(|it| !it.is_empty() || !request.hosts.is_empty());
        let shape = if is_connect {
            Shape::Connect
        } else if has_nul {
            Shape::Nul
        } else if raw.is_none_or(|raw| raw.is_one_host()) {
            Shape::Plain
        } else {
            Shape::OddHost
        };
        let name = (!whole.is_empty()).then(|| self.cut(whole.trimmed()));
        Heard { raw, name, shape }
    }

    /// The values of Host headers as one.
    fn joined<'f>(self, hosts: &'f [&'f [u8]]) -> Said<'f> {
        let values = Values::Hosts { hosts, blanks: self.semantics().blanks };
        let length = values.pieces().map(<[u8]>::len).sum();
        Said { values, start: 0, length, case: Case::Folded }
    }

    /// Up to the first byte that ends a Host.
    fn cut(self, whole: Said<'_>) -> Said<'_> {
        let Semantics { host_ends_at, case_of_an_ended_host, .. } = *self.semantics();
        // An address in brackets keeps its colons.
        if whole.bytes().next() == Some(b'[') {
            let closed = whole.bytes().position(|byte| byte == b']');
            return Said { length: closed.map_or(whole.length, |at| at + 1), ..whole };
        }
        match whole.bytes().position(|byte| host_ends_at.contains(&byte)) {
            Some(length) => Said { length, case: case_of_an_ended_host, ..whole },
            None => whole,
        }
    }
}

/// The methods by which the engine recognises HTTP in the first bytes of a connection
/// (`app-layer-htp.c`, the same in 7.0.10 and 8.0.8); another one is HTTP only on a connection that
/// is HTTP already.
const METHODS: [&[u8]; 28] = [
    b"GET",
    b"PUT",
    b"POST",
    b"HEAD",
    b"TRACE",
    b"OPTIONS",
    b"CONNECT",
    b"DELETE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"CHECKOUT",
    b"UNCHECKOUT",
    b"CHECKIN",
    b"UPDATE",
    b"LABEL",
    b"REPORT",
    b"MKWORKSPACE",
    b"MKACTIVITY",
    b"MERGE",
    b"INVALID",
    b"VERSION-CONTROL",
    b"BASELINE-CONTROL",
];

/// Whether a connection that begins with this request is HTTP to the engine.
pub(crate) fn is_http(first: &Request<'_>) -> bool {
    METHODS.iter().any(|method| first.method.eq_ignore_ascii_case(method))
}

/// Whether the engine looks for QUIC on this port of UDP; there whatever is said counts as QUIC.
pub(crate) fn is_quic(port: u16) -> bool {
    matches!(port, 443 | 80)
}

/// What the engine takes a flow for.
pub(crate) fn recognised<'f>(flow: &Flow<'f>) -> Spoken<'f> {
    match flow.spoken {
        Spoken::Quic { .. } if !is_quic(flow.port) => Spoken::Udp,
        Spoken::Udp if is_quic(flow.port) => Spoken::Quic { name: None },
        spoken => spoken,
    }
}

/// What the engine makes of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'f> {
    /// The Host as it was sent, or the host of the target; `None` if there is neither.
    pub(crate) raw: Option<Said<'f>>,
    /// The name that is compared; `None` if there is no Host.
    pub(crate) name: Option<Said<'f>>,
    /// Whether another reader could take it for something else.
    pub(crate) shape: Shape,
}

/// Why a request could be another one to its server, the first reason of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It could not: it has one Host, which is one name or address with at most a port, or none.
    Plain,
    /// It opens a tunnel.
    Connect,
    /// There is a NUL in it.
    Nul,
    /// Its Host is not one name.
    OddHost,
}

/// The bytes that are compared with the names of a policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'f> {
    values: Values<'f>,
    /// How many bytes of the values come before.
    start: usize,
    /// How many bytes count.
    length: usize,
    case: Case,
}

#[derive(Debug, Clone, Copy)]
enum Values<'f> {
    One(&'f [u8]),
    Hosts { hosts: &'f [&'f [u8]], blanks: &'static [u8] },
}

impl<'f> Values<'f> {
    fn pieces(self) -> impl Iterator<Item = &'f [u8]> {
        let (one, hosts, blanks) = match self {
            Self::One(value) => (Some(value), [].as_slice(), [].as_slice()),
            Self::Hosts { hosts, blanks } => (None, hosts, blanks),
        };
        let hosts = hosts.iter().enumerate().flat_map(move |(number, host)| {
            let between = if number == 0 { &[] } else { BETWEEN_HOSTS };
            [between, trim(host, blanks)]
        });
        one.into_iter().chain(hosts)
    }
}

impl<'f> Said<'f> {
    fn folded(value: &'f [u8]) -> Self {
        Self { values: Values::One(value), start: 0, length: value.len(), case: Case::Folded }
    }

    /// Without the blanks around it.
    fn trimmed(self) -> Self {
        let is_name = |byte: u8| !BLANKS_OF_A_NAME.contains(&byte);
        let before = self.bytes().position(is_name).unwrap_or(self.length);
        let last = self.bytes().enumerate().filter(|(_, byte)| is_name(*byte)).last();
        let end = last.map_or(before, |(at, _)| at + 1);
        Self { start: self.start + before, length: end - before, ..self }
    }

    /// How many bytes they are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes as sent, if they are in one place.
    #[inline]
    pub(crate) fn as_slice(self) -> Option<&'f [u8]> {
        if let Values::One(value) = self.values {
            return value.get(self.start..self.start + self.length);
        }
        let mut before = 0;
        self.values.pieces().find_map(|piece| {
            let start = self.start.checked_sub(before)?;
            before += piece.len();
            piece.get(start..start + self.length)
        })
    }

    /// Whether letters of both cases count as the same.
    pub(crate) fn is_folded(&self) -> bool {
        self.case == Case::Folded
    }

    /// The bytes, in the case in which they are compared.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        let bytes = self.values.pieces().flatten().skip(self.start).take(self.length);
        bytes.map(move |byte| match self.case {
            Case::Folded => byte.to_ascii_lowercase(),
            Case::Kept => *byte,
        })
    }

    /// The bytes, in the case in which they were sent.
    pub(crate) fn as_sent(self) -> impl Iterator<Item = u8> {
        Self { case: Case::Kept, ..self }.bytes()
    }

    /// Whether it is one name or address with at most a port: what the skeleton asks of a Host,
    /// `^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?\z` in any case.
    fn is_one_host(self) -> bool {
        let mut bytes = self.bytes().map(|byte| byte.to_ascii_lowercase()).peekable();
        let in_brackets = bytes.next_if_eq(&b'[').is_some();
        let belongs = |byte: &u8| match byte {
            b'0'..=b'9' | b'a'..=b'f' | b'.' => true,
            b':' => in_brackets,
            b'g'..=b'z' | b'_' | b'-' => !in_brackets,
            _ => false,
        };
        let mut any = false;
        while bytes.next_if(belongs).is_some() {
            any = true;
        }
        if !any || (in_brackets && bytes.next() != Some(b']')) {
            return false;
        }
        match bytes.next() {
            None => true,
            Some(b':') => {
                let digits = bytes.by_ref().take(LONGEST_PORT).all(|byte| byte.is_ascii_digit());
                digits && bytes.next().is_none()
            }
            Some(_) => false,
        }
    }
}

/// The most digits of a port.
const LONGEST_PORT: usize = 5;

fn trim<'f>(value: &'f [u8], blanks: &[u8]) -> &'f [u8] {
    let belongs = |byte: &u8| !blanks.contains(byte);
    let start = value.iter().position(belongs).unwrap_or(value.len());
    let end = value.iter().rposition(belongs).map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

/// The authority of an absolute target: what stands between `http://` and the path.
fn authority(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let colon = target.iter().position(|byte| *byte == b':')?;
    let rest = target.get(colon + 1..)?.strip_prefix(b"//")?;
    rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()
}

/// The host of an authority, without user and port.
fn host_of_authority(authority: &[u8]) -> &[u8] {
    let at = authority.iter().position(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let host = authority.get(at..).unwrap_or_default();
    let end = if host.first() == Some(&b'[') {
        host.iter().position(|byte| *byte == b']').map(|at| at + 1)
    } else {
        host.iter().position(|byte| *byte == b':')
    };
    end.and_then(|end| host.get(..end)).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::Engine::{V7_0_10, V8_0_3, V8_0_8};
    use super::*;

    const ENGINES: [Engine; 3] = [V7_0_10, V8_0_3, V8_0_8];

    fn text(said: Option<Said<'_>>) -> Option<String> {
        said.map(|said| said.bytes().map(char::from).collect())
    }

    #[test]
    fn a_tls_name_is_cut_at_nul_until_8_0_4_and_never_too_long() {
        let check = |sent: &[u8], expected: [Option<&str>; 3]| {
            let seen = ENGINES.map(|engine| text(engine.tls_name(sent)));
            assert_eq!(seen.each_ref().map(Option::as_deref), expected, "{sent:?}");
        };
        check(b"WWW.Example.com", [Some("www.example.com"); 3]);
        check(b"a.example\0.b", [Some("a.example"), Some("a.example"), Some("a.example\0.b")]);
        check(b"a\0b\0", [Some("a"), Some("a"), Some("a\0b\0")]);
        check(b"\0", [Some(""), Some(""), Some("\0")]);
        check(b"a.example.", [Some("a.example."); 3]);
        let sent: Vec<u8> = V8_0_3.tls_name(b"WWW.a").unwrap().as_sent().collect();
        assert_eq!(sent, b"WWW.a");
        check(&[b'a'; 255], [Some(&"a".repeat(255)); 3]);
        check(&[b'a'; 256], [None; 3]);
        // Only ASCII is folded.
        check(b"\xc4.example", [Some("\u{c4}.example"); 3]);
    }

    #[test]
    fn a_host_is_trimmed_cut_and_folded() {
        let check = |hosts: &[&[u8]], expected: [Option<&str>; 3]| {
            let request = Request::get(hosts);
            let heard = ENGINES.map(|engine| text(engine.request(&request).name));
            assert_eq!(heard.each_ref().map(Option::as_deref), expected, "{hosts:?}");
        };
        check(&[b"A.example"], [Some("a.example"); 3]);
        check(&[b" \ta.example\t "], [Some("a.example"); 3]);
        check(&[b"\x0ba.example\x0c"], [Some("a.example"); 3]);
        check(&[b"a.example:80.evil"], [Some("a.example"); 3]);
        check(&[b"A.example:80"], [Some("A.example"), Some("a.example"), Some("a.example")]);
        check(&[b"a.example/x"], [Some("a.example/x"), Some("a.example"), Some("a.example")]);
        check(&[b"a.example?x"], [Some("a.example?x"), Some("a.example"), Some("a.example")]);
        check(&[b"a.example#x"], [Some("a.example#x"), Some("a.example"), Some("a.example")]);
        check(&[b"a.example", b" b.example"], [Some("a.example, b.example"); 3]);
        check(&[b"a.example:1", b"b.example"], [Some("a.example"); 3]);
        check(&[b"[2001:db8::1]:80"], [Some("[2001:db8::1]"); 3]);
        check(&[b"2001:db8::1"], [Some("2001"); 3]);
        check(&[], [None; 3]);
        check(&[b" "], [None; 3]);
    }

    #[test]
    fn every_blank_is_one_for_itself() {
        let check = |hosts: &[&[u8]], expected: [&str; 2]| {
            let heard = [V7_0_10, V8_0_3, V8_0_8]
                .map(|engine| text(engine.request(&Request::get(hosts)).name).unwrap());
            let [seven, eight] = expected;
            assert_eq!(heard, [seven, eight, eight], "{hosts:?}");
        };
        for blank in [" ", "\t", "\x0b", "\x0c"] {
            // Behind what is no blank of a header in 7.0, so that it is one of the name alone.
            check(&[format!("\x0b{blank}a.example").as_bytes()], ["a.example"; 2]);
            check(&[format!("a.example{blank}\x0c").as_bytes()], ["a.example"; 2]);
            check(&[format!("a{blank}b").as_bytes()], [&format!("a{blank}b"); 2]);
            let in_seven = if " \t".contains(blank) { "" } else { blank };
            let first = format!("a{blank}");
            check(&[first.as_bytes(), b"b"], [&format!("a{in_seven}, b"), "a, b"]);
            check(
                &[b"b", &[blank.as_bytes(), b"a"].concat()],
                [&format!("b, {in_seven}a"), "b, a"],
            );
        }
        check(&[b"a/", b"b"], ["a/, b", "a"]);
        check(&[b"/a.example"], ["/a.example", ""]);
    }

    #[test]
    fn every_method_is_known_for_itself() {
        let known = "GET PUT POST HEAD TRACE OPTIONS CONNECT DELETE PATCH PROPFIND PROPPATCH MKCOL COPY \
                     MOVE LOCK UNLOCK CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE \
                     MKACTIVITY MERGE INVALID VERSION-CONTROL BASELINE-CONTROL";
        let known: Vec<&str> = known.split_whitespace().collect();
        for method in &known {
            let method = method.as_bytes();
            assert!(is_http(&Request { method, target: b"/", hosts: &[] }), "{method:?}");
        }
        assert_eq!(known.len(), METHODS.len());
    }

    #[test]
    fn quic_is_looked_for_on_two_ports() {
        let ports: Vec<u16> = (0..=u16::MAX).filter(|port| is_quic(*port)).collect();
        assert_eq!(ports, [80, 443]);
    }

    #[test]
    fn a_target_with_an_authority_wins_over_every_host() {
        let check = |method: &[u8], target: &[u8], expected: &str| {
            let request = Request { method, target, hosts: &[b"other.example"] };
            for engine in ENGINES {
                assert_eq!(text(engine.request(&request).name).as_deref(), Some(expected));
            }
        };
        check(b"GET", b"/", "other.example");
        check(b"GET", b"*", "other.example");
        check(b"GET", b"//a.example/", "other.example");
        check(b"GET", b"/http://a.example/", "other.example");
        check(b"GET", b"http:///", "other.example");
        check(b"GET", b"http://A.example", "a.example");
        check(b"GET", b"http://A.example:80/", "a.example");
        check(b"GET", b"http://user@a.example?x", "a.example");
        check(b"GET", b"http://a.example@b.example/", "b.example");
        check(b"GET", b"http://[::1]:80/", "[::1]");
        check(b"CONNECT", b"a.example:443", "a.example");
    }

    #[test]
    fn what_could_be_read_otherwise_is_odd() {
        let check = |hosts: &[&[u8]], expected: Shape| {
            assert_eq!(V8_0_3.request(&Request::get(hosts)).shape, expected, "{hosts:?}");
        };
        for plain in [
            "a",
            "A.example",
            "a.example:",
            "a.example:65535",
            "a_b-.example.",
            ".",
            "192.0.2.1",
            "[2001:db8::1]",
            "[::ffff:192.0.2.1]:80",
        ] {
            check(&[plain.as_bytes()], Shape::Plain);
        }
        for odd in [
            "",
            " ",
            "a.example:123456",
            "a.example:80.evil",
            "a.example:@evil",
            "a.example:8a",
            "a.example/",
            "a b",
            "a,b",
            "u@a",
            "*",
            "[a",
            "[g]",
            "[]",
            "[::1]x",
            ":80",
            "\u{e9}",
            "a\0",
        ] {
            let shape = if odd.contains('\0') { Shape::Nul } else { Shape::OddHost };
            check(&[odd.as_bytes()], shape);
        }
        check(&[b"a.example", b"a.example"], Shape::OddHost);
        let vertical = Request::get(&[b"\x0ba.example"]);
        let shapes = ENGINES.map(|engine| engine.request(&vertical).shape);
        assert_eq!(shapes, [Shape::OddHost, Shape::Plain, Shape::Plain]);
        check(&[], Shape::Plain);
        let check = |method: &[u8], target: &[u8], expected| {
            let request = Request { method, target, hosts: &[b"a.example"] };
            assert_eq!(V8_0_3.request(&request).shape, expected);
        };
        check(b"CONNECT", b"a.example:443\0", Shape::Connect);
        check(b"GET", b"/\0", Shape::Nul);
        check(b"GET", b"http://u@a.example:80/", Shape::Plain);
    }

    #[test]
    fn a_release_reads_names_as_the_nearest_version() {
        for engine in ENGINES {
            assert_eq!(Engine::nearest(engine.release()), Some(engine));
        }
        let nearest = |release| Engine::nearest(release).map(Engine::release);
        assert_eq!(nearest("7.0.3"), Some("7.0.10"));
        assert_eq!(nearest("8.0.4"), Some("8.0.8"));
        assert_eq!([nearest("6.0.20"), nearest("8.1.0"), nearest("8.0.0-dev")], [None; 3]);
    }

    #[test]
    fn http_is_known_by_its_first_method() {
        let known = |method| is_http(&Request { method, target: b"/", hosts: &[] });
        assert!(known(b"GET") && known(b"get") && known(b"VERSION-CONTROL"));
        assert!(!known(b"SUBSCRIBE") && !known(b"GE") && !known(b""));
    }
}
