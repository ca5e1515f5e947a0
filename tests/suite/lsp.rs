//! `fwc lsp`, driven as an editor drives it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Runs the scenarios of `tests/editor/drive.py`.
#[test]
fn an_editor_is_served() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/venv/bin/python");
    let missing = "pygls is missing: `scripts/test` installs it, and so does `python3 -m venv \
                   target/venv && target/venv/bin/python -m pip install pygls`";
    let has_client = Command::new(&python).args(["-c", "import pygls.lsp.client"]).output();
    assert!(has_client.is_ok_and(|it| it.status.success()), "{missing}");
    let output = Command::new(&python)
        .arg(root.join("tests/editor/drive.py"))
        .arg(env!("CARGO_BIN_EXE_fwc"))
        .arg(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
}

/// What a server answers to these messages, and how it ends.
fn talk(messages: &[Value]) -> (Vec<Value>, Option<i32>) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_fwc"))
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    for message in messages {
        let text = message.to_string();
        // Whether it still reads behind `exit` is not asked.
        let _ = write!(input, "Content-Length: {}\r\n\r\n{text}", text.len());
    }
    drop(input);
    let output = server.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let bodies = said.split("Content-Length: ").filter_map(|it| it.split_once("\r\n\r\n"));
    let answers = bodies.map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    (answers, output.status.code())
}

fn request(id: u32, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

#[test]
fn a_client_that_errs_is_told_so() {
    let (answers, exit) = talk(&[
        request(1, "textDocument/hover", json!({})),
        request(2, "initialize", json!({ "capabilities": {} })),
        notification("initialized", json!({})),
        notification("textDocument/didOpen", json!({ "nothing": 1 })),
        notification("textDocument/didChange", json!(["nothing"])),
        notification("$/cancelRequest", json!({ "id": [] })),
        notification("no/such/method", json!(null)),
        request(3, "textDocument/hover", json!({ "nothing": 1 })),
        request(4, "no/such/method", json!(null)),
        request(5, "initialize", json!({ "capabilities": {} })),
        request(6, "shutdown", json!(null)),
        request(7, "textDocument/hover", json!({})),
        notification("exit", json!(null)),
    ]);
    let codes: Vec<_> =
        answers.iter().map(|it| (it["id"].as_u64(), it["error"]["code"].as_i64())).collect();
    let expected = [
        (Some(1), Some(-32002)),
        (Some(2), None),
        (Some(3), Some(-32602)),
        (Some(4), Some(-32601)),
        (Some(5), Some(-32600)),
        (Some(6), None),
        (Some(7), Some(-32600)),
    ];
    assert_eq!((codes, exit), (expected.to_vec(), Some(0)));
}

#[test]
fn an_editor_that_leaves_without_a_word_is_noticed() {
    let initialize = request(1, "initialize", json!({ "capabilities": {} }));
    assert_eq!(talk(&[initialize.clone(), notification("exit", json!(null))]).1, Some(1));
    assert_eq!(talk(&[initialize]).1, Some(2));
}
