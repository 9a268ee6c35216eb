//! A gRPC shop on loopback (HTTP/2 by the `h2` crate, messages by prost-reflect), and plans for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::RecvStream;
use h2::SendStream;
use h2::server::Builder;
use h2::server::SendResponse;
use http::HeaderMap;
use http::Request;
use http::Response;
use prost_reflect::DescriptorPool;
use prost_reflect::DynamicMessage;
use prost_reflect::ReflectMessage as _;
use prost_reflect::Value;
use prost_reflect::prost::Message as _;
use rustls::ServerConfig;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;
use shakedown::plan::from_text;
use tempfile::TempDir;

use crate::h2_server::H2Server;

/// What the shop offers. `Wanted.note` says how a call is to go wrong.
pub(crate) const PROTO: &str = r#"
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "kinds.proto";

service Catalogue {
  rpc Get (Wanted) returns (Item);
  rpc List (Wanted) returns (stream Item);
  rpc Add (stream Item) returns (Summary);
  rpc Chat (stream Wanted) returns (stream Item);
}

message Wanted { int32 id = 1; string note = 2; int32 count = 3; }

message Item {
  int32 id = 1;
  string display_name = 2;
  kinds.Kind kind = 3;
  repeated string tags = 4;
  map<string, int32> stock = 5;
  Wanted like = 6;
  google.protobuf.Timestamp made = 7;
  oneof price { int64 cents = 8; string text = 9; }
}

message Summary { int32 items = 1; int32 sum = 2; }
"#;

const KINDS: &str = r#"
syntax = "proto3";
package kinds;
enum Kind { UNKNOWN = 0; LAMP = 1; CHAIR = 2; }
"#;

/// Puts the files of the shop's description where they belong.
pub(crate) fn write_protos(directory: &Path) {
    std::fs::create_dir_all(directory.join("protos")).expect("a folder");
    std::fs::write(directory.join("protos/shop.proto"), PROTO).expect("a file");
    std::fs::write(directory.join("protos/kinds.proto"), KINDS).expect("a file");
}

/// The plan that `text` describes, beside the shop's description.
pub(crate) fn plan(text: &str) -> Result<Plan, Box<PlanErrors>> {
    let directory = TempDir::new().expect("a folder");
    write_protos(directory.path());
    let today = jiff::civil::date(2026, 1, 1);
    let mut overrides = Overrides::new(Seed(1), today);
    directory.path().clone_into(&mut overrides.directory);
    let plan = from_text("plan.yml", text, &|_| None, &overrides).map_err(Box::new)?;
    crate::plan::schema::assert_valid("a plan of calls", text);
    Ok(plan)
}

/// A plan of one scenario that uses `requests` in order, `iterations` times by `vus` users.
pub(crate) fn plan_text(url: &str, requests: &[(&str, &str)], vus: u32, iterations: u32) -> String {
    let described =
        |(name, keys): &(&str, &str)| format!("  {name}: {{ proto: protos/shop.proto, {keys} }}\n");
    let described: String = requests.iter().map(described).collect();
    let steps: Vec<_> = requests.iter().map(|(name, _)| format!("{{ use: {name} }}")).collect();
    let steps = steps.join(", ");
    format!(
        "version: 1\ntarget: {url}\nrequests:\n{described}flows: {{ all: [ {steps} ] }}\n\
         scenarios: {{ all: {{ executor: shared-iterations, exec: all, vus: {vus}, \
         iterations: {iterations}, maxDuration: 10m }} }}\n"
    )
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let directory = TempDir::new().expect("a folder");
    write_protos(directory.path());
    let mut compiler =
        protox::Compiler::new([directory.path().join("protos")]).expect("an include path");
    compiler.open_file("shop.proto").expect("it is right");
    compiler.descriptor_pool()
});

/// What came to the shop: the request's fields and its messages, as JSON.
#[derive(Default)]
pub(crate) struct Noted {
    pub(crate) fields: Mutex<Vec<HeaderMap>>,
    pub(crate) messages: Mutex<Vec<String>>,
}

impl Noted {
    pub(crate) fn field(&self, call: usize, name: &str) -> Option<String> {
        let fields = self.fields.lock().expect("not poisoned");
        fields[call].get(name).map(|value| value.to_str().expect("text").to_owned())
    }

    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut messages = self.messages.lock().expect("not poisoned").clone();
        messages.sort();
        messages
    }
}

pub(crate) struct Shop {
    pub(crate) server: H2Server,
    pub(crate) noted: Arc<Noted>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::with(Builder::new(), None, None)
    }

    pub(crate) fn with(
        settings: Builder,
        tls: Option<ServerConfig>,
        go_away_after: Option<u64>,
    ) -> Self {
        let noted = Arc::new(Noted::default());
        let known = Arc::clone(&noted);
        let server =
            H2Server::start_leaving(settings, tls, go_away_after, move |request, respond| {
                let noted = Arc::clone(&known);
                Box::pin(serve(request, respond, noted))
            });
        Self { server, noted }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }
}

async fn serve(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    noted: Arc<Noted>,
) -> Result<(), h2::Error> {
    noted.fields.lock().expect("not poisoned").push(request.headers().clone());
    let path = request.uri().path().to_owned();
    let service = POOL.get_service_by_name("shop.Catalogue").expect("described above");
    let method = service.methods().find(|method| path.ends_with(&format!("/{}", method.name())));
    let Some(method) = method else { return alone(&mut respond, 12, "no%20such%20method") };
    let mut frames = Frames { body: request.into_body(), buffer: Vec::new(), noted };
    match method.name() {
        "Get" => {
            let wanted = frames.next(&method.input()).await?.expect("one message");
            get(&wanted, &mut respond).await
        }
        "List" => {
            let wanted = frames.next(&method.input()).await?.expect("one message");
            let mut out = head(&mut respond)?;
            for id in 1..=int(&wanted, "count") {
                out.send_data(framed(&item(id, "listed")), false)?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if text(&wanted, "note") == "hang" {
                return std::future::pending().await;
            }
            trailers(&mut out, 0, "")
        }
        "Add" => {
            let (mut items, mut sum) = (0, 0);
            while let Some(item) = frames.next(&method.input()).await? {
                (items, sum) = (items + 1, sum + int(&item, "id"));
            }
            let mut summary = DynamicMessage::new(method.output());
            summary.set_field_by_name("items", Value::I32(items));
            summary.set_field_by_name("sum", Value::I32(sum));
            let mut out = head(&mut respond)?;
            out.send_data(framed(&summary), false)?;
            trailers(&mut out, 0, "")
        }
        _ => {
            let mut out = head(&mut respond)?;
            while let Some(wanted) = frames.next(&method.input()).await? {
                match text(&wanted, "note").as_str() {
                    "leave" => return trailers(&mut out, 0, ""),
                    "refuse" => return trailers(&mut out, 7, "not%20here"),
                    note => out.send_data(framed(&item(int(&wanted, "id"), note)), false)?,
                }
            }
            trailers(&mut out, 0, "")
        }
    }
}

/// A unary call, which goes as its message says.
async fn get(wanted: &DynamicMessage, respond: &mut SendResponse<Bytes>) -> Result<(), h2::Error> {
    let note = text(wanted, "note");
    let found = item(int(wanted, "id"), "lamp");
    let (what, argument) = note.split_once(':').unwrap_or((&note, ""));
    let number = || argument.parse().expect("the note has a number");
    match what {
        "alone" => return alone(respond, number(), "caf%C3%A9%20is%20closed"),
        "http" => {
            let response = Response::builder().status(argument).body(()).expect("a status");
            return respond.send_response(response, true).map(|_| ());
        }
        "html" => {
            let response = Response::builder().header("content-type", "text/html").body(());
            let mut out = respond.send_response(response.expect("valid"), false)?;
            return out.send_data(Bytes::from_static(b"<html>"), true);
        }
        "reset" => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        "hang" => {
            // Until the client gives up, which is an error here.
            let reason = std::future::poll_fn(|context| respond.poll_reset(context)).await?;
            return Err(reason.into());
        }
        "sleep" => tokio::time::sleep(Duration::from_millis(number().into())).await,
        _ => {}
    }
    let mut out = head(respond)?;
    match what {
        "status" => return trailers(&mut out, number(), "no%20such%20item"),
        "nothing" => return trailers(&mut out, 0, ""),
        "large" => {
            let large = item(1, &"x".repeat(argument.parse().expect("a number")));
            out.send_data(framed(&large), false)?;
        }
        "twice" => {
            out.send_data(framed(&found), false)?;
            out.send_data(framed(&found), false)?;
        }
        "cut" => out.send_data(framed(&found).slice(..7), false)?,
        "zip" => {
            let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut zipped, &found.encode_to_vec()).expect("into memory");
            let mut frame = frame(&zipped.finish().expect("into memory"));
            frame[0] = 1;
            out.send_data(frame.into(), false)?;
        }
        "silent" => {
            out.send_data(framed(&found), true)?;
            return Ok(());
        }
        _ => out.send_data(framed(&found), false)?,
    }
    trailers(&mut out, 0, "")
}

fn head(respond: &mut SendResponse<Bytes>) -> Result<SendStream<Bytes>, h2::Error> {
    let response = Response::builder()
        .header("content-type", "application/grpc+proto")
        .header("grpc-encoding", "gzip")
        .header("x-backend", "a");
    respond.send_response(response.body(()).expect("valid fields"), false)
}

fn alone(respond: &mut SendResponse<Bytes>, code: u16, text: &str) -> Result<(), h2::Error> {
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", code)
        .header("grpc-message", text);
    respond.send_response(response.body(()).expect("valid fields"), true).map(|_| ())
}

fn trailers(out: &mut SendStream<Bytes>, code: u16, text: &str) -> Result<(), h2::Error> {
    let mut fields = HeaderMap::new();
    fields.insert("grpc-status", code.into());
    fields.insert("x-behind", "b".parse().expect("a value"));
    if !text.is_empty() {
        fields.insert("grpc-message", text.parse().expect("a value"));
    }
    out.send_trailers(fields)
}

fn item(id: i32, name: &str) -> DynamicMessage {
    let mut item = DynamicMessage::new(POOL.get_message_by_name("shop.Item").expect("described"));
    item.set_field_by_name("id", Value::I32(id));
    item.set_field_by_name("display_name", Value::String(name.to_owned()));
    item
}

fn int(message: &DynamicMessage, field: &str) -> i32 {
    message.get_field_by_name(field).and_then(|value| value.as_i32()).expect("a number")
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.and_then(|value| value.as_str().map(str::to_owned)).expect("a text")
}

pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    [&[0][..], &length, message].concat()
}

fn framed(message: &DynamicMessage) -> Bytes {
    frame(&message.encode_to_vec()).into()
}

/// The messages of a request.
struct Frames {
    body: RecvStream,
    buffer: Vec<u8>,
    noted: Arc<Noted>,
}

impl Frames {
    async fn next(
        &mut self,
        of: &prost_reflect::MessageDescriptor,
    ) -> Result<Option<DynamicMessage>, h2::Error> {
        loop {
            if let Some(message) = self.take(of) {
                let json = serde_json::to_string(&message).expect("a message");
                self.noted.messages.lock().expect("not poisoned").push(json);
                return Ok(Some(message));
            }
            let Some(data) = self.body.data().await else {
                assert!(self.buffer.is_empty(), "the body ends in the middle of a message");
                return Ok(None);
            };
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            self.buffer.extend_from_slice(&data);
        }
    }

    fn take(&mut self, of: &prost_reflect::MessageDescriptor) -> Option<DynamicMessage> {
        let prefix = self.buffer.get(..5)?;
        assert_eq!(prefix[0], 0, "the client compresses nothing");
        let length = u32::from_be_bytes(prefix[1..].try_into().expect("four bytes")) as usize;
        self.buffer.get(..5 + length)?;
        let message: Vec<u8> = self.buffer.drain(..5 + length).skip(5).collect();
        let message = DynamicMessage::decode(of.clone(), message.as_slice()).expect("it fits");
        assert_eq!(message.descriptor().full_name(), of.full_name());
        Some(message)
    }
}
