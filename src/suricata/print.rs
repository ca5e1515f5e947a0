//! Signatures as text: the only place that knows Suricata's syntax.
//!
//! What may stand in a `msg`, a `content` or a `metadata` without trouble was measured on 7.0.10 and
//! 8.0.x (November 2026): a line of at most 8,191 bytes, `;` `"` `\` `|` only as hexadecimal, text
//! in ASCII.

use std::fmt::Write as _;

use ipnet::IpNet;

use super::{
    Action, Addresses, Anchor, Bit, BitOperation, Buffer, Comparison, Content, Flow, Keyword,
    Metadata, Mode, Peer, Signature, Subject,
};

/// Appends a signature as one line, without its line break.
pub fn signature(signature: &Signature, out: &mut String) {
    out.push_str(action(signature.action));
    out.push(' ');
    out.push_str(signature.protocol.as_str());
    out.push(' ');
    addresses(&signature.source, out);
    out.push_str(" any -> ");
    addresses(&signature.destination, out);
    out.push(' ');
    match &signature.ports {
        Some(ports) => {
            let _ = write!(out, "{}", ports.suricata());
        }
        None => out.push_str("any"),
    }
    out.push_str(" (msg:\"");
    match &signature.subject {
        Subject::Skeleton(message) => safe(message, out),
        Subject::Entry(metadata) => metadata.message(|piece| safe(piece, out)),
    }
    out.push_str("\";");
    for word in &signature.keywords {
        out.push(' ');
        keyword(word, out);
    }
    if let Some(data) = signature.metadata() {
        out.push_str(" metadata:");
        metadata(data, out);
        out.push(';');
    }
    let _ = write!(out, " sid:{}; rev:1;)", signature.sid);
}

pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::Pass => "pass",
        Action::Drop => "drop",
        Action::Reject => "reject",
        Action::Alert => "alert",
    }
}

fn addresses(side: &Addresses, out: &mut String) {
    match side {
        Addresses::Any => out.push_str("any"),
        Addresses::Variable(name) => {
            out.push('$');
            out.push_str(name);
        }
        Addresses::Reference(name) => {
            out.push('@');
            out.push_str(name);
        }
        Addresses::Networks(inside) => networks(inside, out),
    }
}

/// A list of networks as a header or a variable holds it: `[10.0.0.0/24,10.0.2.0/24]`.
pub fn networks(networks: &[IpNet], out: &mut String) {
    out.push('[');
    for (index, network) in networks.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let _ = write!(out, "{network}");
    }
    out.push(']');
}

fn keyword(keyword: &Keyword, out: &mut String) {
    match keyword {
        Keyword::Flow(flow) => {
            out.push_str("flow:");
            out.push_str(flow_state(*flow));
        }
        Keyword::Buffer(name) => out.push_str(buffer(*name)),
        Keyword::Dotprefix => out.push_str("dotprefix"),
        Keyword::Content(bytes) => content(bytes, out),
        Keyword::Bsize(size) => {
            let _ = write!(out, "bsize:{size}");
        }
        Keyword::Pcre { negated, expression, caseless } => {
            let (not, flags) = (if *negated { "!" } else { "" }, if *caseless { "i" } else { "" });
            let _ = write!(out, "pcre:{not}\"/{expression}/{flags}\"");
        }
        Keyword::Flowbit(operation, bit) => {
            let _ = write!(out, "flowbits:{},{}", bit_operation(*operation), bit_name(*bit));
        }
        Keyword::StreamSize(side, sign, bytes) => {
            let _ = write!(out, "stream_size:{},{},{bytes}", peer(*side), comparison(*sign));
        }
        Keyword::AppLayerProtocol { negated, protocol } => {
            let not = if *negated { "!" } else { "" };
            let _ = write!(out, "app-layer-protocol:{not}{}", protocol.as_str());
        }
        Keyword::ClientHello => out.push_str("ssl_state:client_hello"),
        Keyword::Payload => out.push_str("dsize:>0"),
        Keyword::NotIpProtocol(number) => {
            let _ = write!(out, "ip_proto:!{number}");
        }
        Keyword::Noalert => out.push_str("noalert"),
    }
    out.push(';');
}

pub(super) fn flow_state(flow: Flow) -> &'static str {
    match flow {
        Flow::ToServer => "to_server",
        Flow::ToClient => "to_client",
        Flow::EstablishedToServer => "established,to_server",
        Flow::EstablishedToClient => "established,to_client",
        Flow::NotEstablished => "not_established",
        Flow::NotEstablishedToServer => "not_established,to_server",
    }
}

pub(super) fn buffer(buffer: Buffer) -> &'static str {
    match buffer {
        Buffer::TlsSni => "tls.sni",
        Buffer::QuicSni => "quic.sni",
        Buffer::HttpHost => "http.host",
        Buffer::HttpHostRaw => "http.host.raw",
        Buffer::HttpStart => "http.start",
        Buffer::HttpHeaderNames => "http.header_names",
        Buffer::HttpMethod => "http.method",
        Buffer::Ja4 => "ja4.hash",
    }
}

pub(super) fn bit_operation(operation: BitOperation) -> &'static str {
    match operation {
        BitOperation::Set => "set",
        BitOperation::Unset => "unset",
        BitOperation::IsSet => "isset",
        BitOperation::IsNotSet => "isnotset",
    }
}

pub(super) fn peer(peer: Peer) -> &'static str {
    match peer {
        Peer::Client => "client",
        Peer::Server => "server",
    }
}

pub(super) fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::Equal => "=",
        Comparison::Greater => ">",
    }
}

/// The name of a mark: fwc's own, and the same in every group of a policy.
pub fn bit_name(bit: Bit) -> &'static str {
    match bit {
        Bit::Allowed => "fwc_allowed",
        Bit::Refused => "fwc_refused",
        Bit::Recognised => "fwc_recognised",
        Bit::Settled => "fwc_settled",
        Bit::SeenBefore => "fwc_seen_before",
        Bit::Observed => "fwc_observed",
        Bit::Denied => "fwc_denied",
    }
}

fn content(content: &Content, out: &mut String) {
    out.push_str("content:\"");
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    for run in content.bytes.chunk_by(|a, b| plain(a) == plain(b)) {
        match str::from_utf8(run) {
            Ok(text) if run.iter().all(plain) => out.push_str(text),
            _ => {
                for (index, byte) in run.iter().enumerate() {
                    let _ = write!(out, "{}{byte:02x}", if index == 0 { '|' } else { ' ' });
                }
                out.push('|');
            }
        }
    }
    out.push('"');
    out.push_str(match content.anchor {
        Anchor::Anywhere => "",
        Anchor::Start => "; startswith",
        Anchor::End => "; endswith",
        Anchor::Whole => "; startswith; endswith",
    });
    if content.nocase {
        out.push_str("; nocase");
    }
}

fn metadata(data: &Metadata, out: &mut String) {
    let mut first = true;
    let mut pair = |key: &str, value: &str| {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        out.push_str(key);
        out.push(' ');
        safe(value, out);
    };
    pair("fwc_service", data.service.as_deref().unwrap_or("any"));
    let action = match data.action {
        crate::policy::Action::Allow => "fwc_allow",
        crate::policy::Action::Deny => "fwc_deny",
    };
    for destination in &data.destinations {
        pair(action, destination);
    }
    for except in data.except() {
        pair("fwc_except", except);
    }
    for network in data.to() {
        pair("fwc_to", &network.to_string());
    }
    pair("fwc_port", &data.reach);
    if data.mode == Mode::Observed {
        pair("fwc_mode", "observe");
    }
    if let Some(service) = &data.entry_of {
        pair("fwc_entry_of", service);
    }
    if let Some(owner) = &data.owner {
        pair("fwc_owner", owner);
    }
    if let Some(ticket) = &data.ticket {
        pair("fwc_ticket", ticket);
    }
    if let Some(until) = &data.until {
        pair("fwc_until", &until.to_string());
    }
}

/// Text that means the same to every parser on the way: what could mean more is written as `%hh`.
fn safe(text: &str, out: &mut String) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" ._:/@*-".contains(byte);
    // Nearly always all of it is.
    if text.as_bytes().iter().all(plain) {
        return out.push_str(text);
    }
    for byte in text.bytes() {
        if plain(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
}
