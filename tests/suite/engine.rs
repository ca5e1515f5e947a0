//! The engines and the traffic themselves: whether what other tests stand on holds.

use fwc::probe::http::Request;
use fwc::probe::tls::{ClientHello, server_flight};
use fwc::probe::{Addresses, Conversation, Side, Transport, pcap, quic};
use serde_json::Value;

use crate::support::engine::{
    Action, DROP, Engine, Order, Replayed, Settings, Summary, UNCHECKED, summary,
};

/// An engine complains about an empty text.
const INDIFFERENT: &str = "alert tcp any any -> any 1 (flow:to_server; noalert; sid:1;)\n";

fn addresses() -> Addresses {
    Addresses::between("10.1.0.5".parse().unwrap(), "203.0.113.9".parse().unwrap()).unwrap()
}

fn tcp(port: u16) -> Conversation {
    Conversation::new(addresses(), Transport::Tcp { client: 40000, server: port })
}

fn tls(hello: &[u8]) -> Conversation {
    tcp(443).open().send(Side::Client, hello).send(Side::Server, &server_flight()).close()
}

fn capture(conversation: &Conversation) -> Vec<u8> {
    pcap::write(conversation.packets().iter().map(|packet| packet.frame.as_slice()))
}

fn watch(engine: &Engine, conversation: &Conversation) -> Replayed {
    let settings = Settings { events: &["tls", "http", "quic"], ..Settings::default() };
    engine.replay(INDIFFERENT, &settings, &capture(conversation)).unwrap()
}

/// A field of the one event of a kind.
fn seen(verdicts: &Replayed, kind: &str, field: &str) -> Value {
    let events: Vec<&Value> =
        verdicts.events.iter().filter(|event| event["event_type"] == kind).collect();
    let [event] = events.as_slice() else { panic!("{} events of {kind}", events.len()) };
    event[kind][field].clone()
}

#[test]
fn a_text_without_fault_loads() {
    for engine in Engine::both() {
        let text = "drop tls $SHOP any -> any 443 (msg:\"x\"; tls.sni; content:\"a\"; sid:1;)\n";
        let shop = ("SHOP".to_owned(), "[10.1.0.0/16,2001:db8::/32]".to_owned());
        let settings = Settings { addresses: [shop].into(), ..Settings::default() };
        assert_eq!(engine.load(text, &settings), Ok(()));
        assert!(engine.load(text, &Settings::default()).is_err(), "an unknown variable");
    }
}

#[test]
fn a_warning_is_an_answer() {
    for engine in Engine::both() {
        let text = "drop tcp any any -> any any (flow:to_server; flowbits:isset,never; sid:1;)\n";
        let complaints = engine.load(text, &Settings::default()).unwrap_err();
        assert!(complaints.iter().any(|line| line.contains("never")), "{complaints:?}");
        assert!(engine.replay(text, &Settings::default(), &capture(&tcp(22).open())).is_err());
    }
}

#[test]
fn a_capture_that_is_not_read_to_its_end_is_no_verdict() {
    for engine in Engine::both() {
        let mut cut = capture(&tcp(22).open());
        cut.truncate(cut.len() - 1);
        assert!(engine.replay(INDIFFERENT, &Settings::default(), &cut).is_err());
    }
}

#[test]
fn the_file_decides_the_order_whatever_the_sids() {
    let drop = "drop tcp any any -> any any (flow:established,to_server; sid:5;)\n";
    let pass = "pass tcp any any -> any any (flow:established,to_server; sid:3;)\n";
    let conversation = [tcp(22).open().send(Side::Client, b"hello")];
    for engine in Engine::both() {
        for order in [Order::File, Order::Priority] {
            let settings = Settings { order: order.as_str(), ..Settings::default() };
            let ask = |text: String| summary(&engine.converse(&text, &settings, &conversation)[0]);
            assert_eq!(ask([drop, pass].concat()), Summary::Dropped);
            assert_eq!(ask([pass, drop].concat()), Summary::Passed);
        }
    }
}

#[test]
fn verdicts_and_alerts_come_back_to_their_conversation() {
    let text = "\
        reject tcp any any -> any 22 (msg:\"no\"; flow:established,to_server; sid:70;)\n\
        drop tcp any any -> any 25 (msg:\"quiet\"; flow:established,to_server; noalert; sid:60;)\n\
        alert tcp any any -> any 80 (msg:\"seen\"; flow:established,to_server; dsize:>0; sid:50;)\n";
    let conversations =
        [22, 25, 80].map(|port| tcp(port).open().send_cut(Side::Client, b"hello you", &[5]));
    for engine in Engine::both() {
        let outcomes = engine.converse(text, &Settings::default(), &conversations);
        let summaries: Vec<Summary> = outcomes.iter().map(summary).collect();
        assert_eq!(summaries, [Summary::Rejected, Summary::Dropped, Summary::Passed]);
        assert_eq!(outcomes[0].packets[3].1.action, Action::Rejected);
        assert_eq!(outcomes[0].alerts()[0].sid, 70);
        assert_eq!(outcomes[1].alerts().len(), 0);
        assert_eq!(outcomes[2].alerts().len(), 2);
        assert_eq!(outcomes[2].alerts()[0].message, "seen");
        assert_eq!(outcomes[0].delivered(Side::Client), []);
        assert_eq!(outcomes[2].delivered(Side::Client).as_slice(), std::slice::from_ref(&(0..9)));
    }
}

#[test]
fn engines_read_the_hello() {
    let shapes: [(&str, Vec<u8>, &[usize]); 4] = [
        ("one packet", ClientHello::to(b"Www.example.com").alpn(b"h2").record(), &[]),
        ("three packets", ClientHello::to(b"Www.example.com").alpn(b"h2").record(), &[3, 90]),
        ("three records", ClientHello::to(b"Www.example.com").alpn(b"h2").records(&[9, 60]), &[]),
        (
            "post-quantum",
            ClientHello::to(b"Www.example.com").alpn(b"h2").post_quantum().record(),
            &[],
        ),
    ];
    for engine in Engine::both() {
        for (shape, hello, cuts) in &shapes {
            let conversation = tcp(443)
                .open()
                .send_cut(Side::Client, hello, cuts)
                .send(Side::Server, &server_flight())
                .close();
            let verdicts = watch(&engine, &conversation);
            assert_eq!(seen(&verdicts, "tls", "sni"), "Www.example.com", "{shape}");
            assert_eq!(seen(&verdicts, "tls", "version"), "TLS 1.3", "{shape}");
        }
        let verdicts = watch(&engine, &tls(&ClientHello::nameless().record()));
        assert_eq!(seen(&verdicts, "tls", "sni"), Value::Null);
    }
}

#[test]
fn a_wrong_checksum_hides_a_packet_unless_told_otherwise() {
    for engine in Engine::both() {
        let mut packets = tls(&ClientHello::to(b"a.example").record()).packets();
        // Ethernet and IPv4 take 34 bytes; the checksum of TCP is at 16.
        packets[3].frame[34 + 16] ^= 0xff;
        let capture = pcap::write(packets.iter().map(|packet| packet.frame.as_slice()));
        let names = |checksums| {
            let settings = Settings { checksums, events: &["tls"], ..Settings::default() };
            let verdicts = engine.replay(INDIFFERENT, &settings, &capture).unwrap();
            verdicts.events.iter().filter(|event| event["tls"]["sni"] == "a.example").count()
        };
        assert_eq!(names(Settings::default().checksums), 0);
        assert_eq!(names(UNCHECKED), 1);
    }
}

#[test]
fn a_flow_without_a_handshake_is_an_exception() {
    let conversation = [tcp(22).send(Side::Client, b"hello")];
    for engine in Engine::both() {
        let ask = |exceptions| {
            let settings = Settings { exceptions, ..Settings::default() };
            summary(&engine.converse(INDIFFERENT, &settings, &conversation)[0])
        };
        assert_eq!(ask(Settings::default().exceptions), Summary::Passed);
        assert_eq!(ask(DROP), Summary::Dropped);
    }
}

#[test]
fn engines_read_the_request() {
    let request = Request::get(b"www.example.com:8080").bytes();
    for engine in Engine::both() {
        let answer = fwc::probe::http::response("200 OK", b"hi");
        let conversation =
            tcp(80).open().send(Side::Client, &request).send(Side::Server, &answer).close();
        let verdicts = watch(&engine, &conversation);
        assert_eq!(seen(&verdicts, "http", "hostname"), "www.example.com");
        assert_eq!(seen(&verdicts, "http", "http_user_agent"), "probe/1.0");
    }
}

#[test]
fn engines_decrypt_the_hello_of_quic() {
    for engine in Engine::both() {
        for hello in [
            ClientHello::to(b"www.example.com"),
            ClientHello::to(b"www.example.com").post_quantum(),
        ] {
            let udp = Conversation::new(addresses(), Transport::Udp { client: 40000, server: 443 });
            let conversation = quic::client_initials(&hello)
                .iter()
                .fold(udp, |conversation, datagram| conversation.send(Side::Client, datagram));
            let verdicts = watch(&engine, &conversation);
            let names: Vec<&Value> = verdicts
                .events
                .iter()
                .filter(|event| event["event_type"] == "quic")
                .map(|event| &event["quic"]["sni"])
                .filter(|name| !name.is_null())
                .collect();
            assert_eq!(names, ["www.example.com"], "{:?}", engine.release());
        }
    }
}
