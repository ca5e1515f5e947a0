//! Whole exchanges: what a client says, says again as TCP does, and what a server answers.
//!
//! What was refused is sent again, because some signatures drop a packet once and pass it the
//! second time.

use super::Side::{Client, Server};
use super::{Conversation, SEGMENT, http, tls};

/// Payload, then the same payload twice more.
#[must_use]
pub fn insist(opened: Conversation, bytes: &[u8]) -> Conversation {
    let start = said(&opened);
    opened.send(Client, bytes).send_at(Client, start, bytes).send_at(Client, start, bytes)
}

/// Bytes of no protocol: sent three times, answered, and once more.
#[must_use]
pub fn talk(opened: Conversation, bytes: &[u8]) -> Conversation {
    insist(opened, bytes).send(Server, b"whatever\r\n").ack(Client).send(Client, bytes).close()
}

/// The same where the server speaks first.
#[must_use]
pub fn greeted(opened: Conversation, banner: &[u8], bytes: &[u8]) -> Conversation {
    insist(opened.send(Server, banner).ack(Client), bytes).close()
}

/// A TLS hello in pieces, its first piece twice more, then both sides go on.
#[must_use]
pub fn handshake(opened: Conversation, hello: &[u8], cuts: &[usize]) -> Conversation {
    let first = hello.get(..cuts.first().copied().unwrap_or(hello.len())).unwrap_or(hello);
    let sent = opened.send_cut(Client, hello, cuts);
    after_hello(sent.send_at(Client, 0, first).send_at(Client, 0, first).ack(Server))
}

/// Both sides go on after a TLS hello.
#[must_use]
pub fn after_hello(sent: Conversation) -> Conversation {
    sent.send(Server, &tls::server_flight())
        .ack(Client)
        .send(Client, &tls::application_data(&[7; 200]))
        .send(Server, &tls::application_data(&[8; 300]))
        .ack(Client)
        .close()
}

/// Requests of HTTP, each sent again and then answered; the last one in pieces.
///
/// One of them may be several that are sent in one go.
#[must_use]
pub fn ask(opened: Conversation, requests: &[&[u8]], cuts: &[usize]) -> Conversation {
    let mut exchange = opened;
    let mut start = 0;
    for (number, request) in requests.iter().enumerate() {
        let first = request.get(..SEGMENT).unwrap_or(request);
        let cuts = if number + 1 == requests.len() { cuts } else { &[] };
        exchange = exchange
            .send_cut(Client, request, cuts)
            .send_at(Client, start, first)
            .send(Server, &http::response("200 OK", b"hi"))
            .ack(Client);
        start += u32::try_from(request.len()).unwrap_or(u32::MAX);
    }
    exchange.close()
}

/// Datagrams, each sent again, then an answer and one more.
#[must_use]
pub fn datagrams(conversation: Conversation, flight: &[Vec<u8>]) -> Conversation {
    let once = flight.iter().fold(conversation, |sent, datagram| sent.send(Client, datagram));
    let mut start = 0;
    let again = flight.iter().fold(once, |sent, datagram| {
        let at = start;
        start += u32::try_from(datagram.len()).unwrap_or(u32::MAX);
        sent.send_at(Client, at, datagram)
    });
    again.send(Server, &[0x42; 100]).send(Client, &[0x41; 100])
}

/// How many bytes the client has said so far.
fn said(conversation: &Conversation) -> u32 {
    let packets = conversation.packets();
    let ends = packets.iter().filter(|packet| packet.from == Client).map(|it| it.carries.end);
    ends.max().unwrap_or(0)
}
