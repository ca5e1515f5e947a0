//! The service on a port of this machine, in the protocol its clients speak: awsJson1_0
//! (<https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>, 2026-11).
//!
//! The region of a call is that of the credential it is signed with; signatures are not verified. Tests of
//! other processes tell the emulator what goes wrong with `POST /_emulator` (see [`Command`]) and read
//! what happened from `GET /_emulator/journal`.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::faults::{Chaos, Injection};
use super::service::Random;
use super::{Answer, Call, Cloud, Endpoint, Error, Failure};

/// What stands before the name of an operation (model, `targetPrefix`).
const TARGET: &str = "NetworkFirewall_20201112.";

/// How long an answer is held back for each tick that it is late.
const TICK: Duration = Duration::from_millis(20);

/// A server; it stops when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    cloud: Mutex<Cloud>,
    requests: AtomicU64,
    /// Who is told of every call.
    told: fn(&Call),
}

impl Server {
    /// Serves an account at a port, at any that is free if it is nought.
    pub(crate) fn start(cloud: Cloud, port: u16, told: fn(&Call)) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { cloud: Mutex::new(cloud), requests: AtomicU64::new(0), told });
        let router = Router::new()
            .route("/", post(obey))
            .route("/_emulator", post(command))
            .route("/_emulator/journal", get(journal))
            // A text of 2,000,000 bytes is longer still as JSON.
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let router = router.into_make_service_with_connect_info::<Cut>();
            let served = axum::serve(Lines(listener), router).into_future();
            runtime.block_on(futures_util::future::select(served, stopped));
            // Calls that hang would hold the server up for ever.
            runtime.shutdown_background();
        });
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// What `--endpoint-url` is told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account, between two calls.
    pub(crate) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.shared.cloud.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            // It may have died; whoever asked it has noticed.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

/// A call of the API.
async fn obey(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let answer = match read(&headers, &body) {
        Ok((region, operation, body)) => shared.call(&region, &operation, body),
        Err(error) => Answer { result: Err(Failure::Refused(error)), late: 0 },
    };
    tokio::time::sleep(TICK * u32::try_from(answer.late).unwrap_or(u32::MAX)).await;
    let (status, error, body) = match answer.result {
        Ok(body) => (200, None, body),
        Err(Failure::Refused(error)) => {
            let body = json!({ "__type": error.code, "Message": error.message });
            (error.status(), Some(error.code), body)
        }
        Err(Failure::Reset) => {
            cut.0.store(true, Ordering::Relaxed);
            (500, None, Value::Null)
        }
        Err(Failure::Gone) => std::future::pending().await,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amzn-requestid", Random::new(number).uuid()),
    ];
    let error = error.map(|code| [("x-amzn-errortype", code)]);
    (status, headers, error.map_or_else(HeaderMap::new, named), body.to_string()).into_response()
}

fn named(header: [(&'static str, &'static str); 1]) -> HeaderMap {
    let headers = header.into_iter();
    headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// What is asked for where.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<(String, String, Value), Error> {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let operation = header("x-amz-target").strip_prefix(TARGET);
    let unknown = || Error::new("UnknownOperationException", "no operation of Network Firewall");
    let operation = operation.ok_or_else(unknown)?;
    // `AWS4-HMAC-SHA256 Credential=AKIA.../20261124/us-east-1/network-firewall/aws4_request, ...`
    let credential = header("authorization").split_once("Credential=").map(|(_, it)| it);
    let scope: Vec<&str> = credential.into_iter().flat_map(|it| it.split(['/', ','])).collect();
    let [_, _, region, "network-firewall", "aws4_request", ..] = scope.as_slice() else {
        let message = "Missing Authentication Token";
        return Err(Error::new("MissingAuthenticationTokenException", message));
    };
    let body = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(body) };
    let body = body.map_err(|error| Error::new("SerializationException", error.to_string()))?;
    Ok(((*region).to_owned(), operation.to_owned(), body))
}

impl Shared {
    fn call(&self, region: &str, operation: &str, body: Value) -> Answer {
        let mut cloud = self.cloud.lock().unwrap();
        let before = cloud.journal().len();
        let answer = cloud.answer(region, operation, body);
        cloud.journal().iter().skip(before).for_each(self.told);
        answer
    }
}

/// What a test may have happen.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    /// [`Cloud::inject`].
    Fault(Injection),
    /// [`Cloud::unleash`], with [`Chaos::anything`].
    Chaos { seed: u64, per_mille: u64 },
    /// [`Cloud::set_down`].
    Region { region: String, is_down: bool },
    /// [`Cloud::set_endpoint`].
    Endpoint { region: String, zone: String, endpoint: Endpoint },
    /// [`Cloud::kill_after`].
    Kill { after: u64 },
    /// [`Cloud::heal`].
    Heal,
    /// [`Cloud::advance`].
    Advance { ticks: u64 },
    /// [`Cloud::act`].
    Act { region: String, operation: String, body: Value },
    /// In which zones these subnets are.
    Subnets(BTreeMap<String, String>),
}

async fn command(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let mut cloud = shared.cloud.lock().unwrap();
    match command {
        Command::Fault(injection) => cloud.inject(injection),
        Command::Chaos { seed, per_mille } => cloud.unleash(Chaos::anything(seed, per_mille)),
        Command::Region { region, is_down } => cloud.set_down(&region, is_down),
        Command::Endpoint { region, zone, endpoint } => {
            cloud.set_endpoint(&region, &zone, endpoint)
        }
        Command::Kill { after } => cloud.kill_after(after),
        Command::Heal => cloud.heal(),
        Command::Advance { ticks } => cloud.advance(ticks),
        Command::Act { region, operation, body } => match cloud.act(&region, &operation, body) {
            Ok(answer) => return Json(answer).into_response(),
            Err(error) => return (StatusCode::CONFLICT, error.message).into_response(),
        },
        Command::Subnets(subnets) => cloud.settings_mut().subnets.extend(subnets),
    }
    Json(json!({})).into_response()
}

async fn journal(State(shared): State<Arc<Shared>>) -> Response {
    let cloud = shared.cloud.lock().unwrap();
    Json(json!({ "tick": cloud.tick(), "calls": cloud.journal() })).into_response()
}

/// Accepts connections that can be broken.
struct Lines(TcpListener);

/// A connection that can be broken.
struct Line {
    stream: TcpStream,
    cut: Cut,
}

/// Whether a connection is to break instead of carrying an answer.
#[derive(Debug, Clone, Default)]
struct Cut(Arc<AtomicBool>);

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Line { stream, cut: Cut::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::Relaxed) {
            // The client sees a reset instead of an end.
            let _ = self.stream.set_zero_linger();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
