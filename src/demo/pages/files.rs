//! Downloads and uploads.

use std::sync::Arc;

use axum::extract::FromRequest as _;
use axum::extract::FromRequestParts as _;
use axum::extract::Multipart;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;
use tokio::task::spawn_blocking;

use crate::demo::files;
use crate::demo::files::Files;
use crate::demo::files::Upload;
use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::shop::Shop;
use crate::demo::visit::Visit;

const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment");

pub(in crate::demo) async fn downloads(visit: Visit) -> Result<Response, Refusal> {
    let names: Vec<_> = Files::public_names().collect();
    visit.page("downloads.html", context! { names }).await
}

pub(in crate::demo) async fn download(visit: Visit) -> Result<Response, Refusal> {
    let name = visit.query.value("file");
    let path = if visit.has("path-traversal-download") {
        visit.shop.files.joined_path(name)
    } else {
        visit.shop.files.public_path(name).ok_or(Refusal::NotFound)?
    };
    let text = spawn_blocking(move || std::fs::read_to_string(path))
        .await
        .map_err(|_| Refusal::Internal)?
        .map_err(|_| Refusal::NotFound)?;
    Ok(([(header::CONTENT_DISPOSITION, ATTACHMENT)], text).into_response())
}

pub(in crate::demo) async fn upload_form(visit: Visit) -> Result<Response, Refusal> {
    let uploads = visit.shop.files.uploads(visit.session());
    visit.page("upload.html", context! { uploads => value(uploads) }).await
}

pub(in crate::demo) async fn upload(
    State(shop): State<Arc<Shop>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let Ok(visit) = Visit::from_request_parts(&mut parts, &shop).await;
    let mut multipart = Multipart::from_request(Request::from_parts(parts, body), &shop)
        .await
        .map_err(|_| Refusal::BadRequest("A form with a file is expected."))?;
    let (mut csrf, mut file) = (String::new(), None);
    while let Some(field) = multipart.next_field().await.map_err(|error| refused(&error))? {
        match field.name() {
            Some("csrf") => csrf = field.text().await.map_err(|error| refused(&error))?,
            Some("file") => {
                let name: String = field.file_name().unwrap_or("").chars().take(80).collect();
                let claimed: String = field.content_type().unwrap_or("").chars().take(80).collect();
                file = Some((name, claimed, field.bytes().await.map_err(|error| refused(&error))?));
            }
            _ => {}
        }
    }
    visit.check_csrf(&csrf)?;
    let (name, claimed, contents) = file.ok_or(Refusal::BadRequest("A file is expected."))?;
    let content_type = if visit.has("upload-unrestricted") {
        claimed
    } else {
        let sniffed = files::sniffed_type(&contents);
        sniffed.ok_or(Refusal::BadRequest("PNG, JPEG, PDF or plain text, please."))?.to_owned()
    };
    let upload = Upload { id: 0, owner: visit.session().to_owned(), name, content_type };
    spawn_blocking(move || shop.files.store_upload(upload, &contents))
        .await
        .map_err(|_| Refusal::Internal)?
        .map_err(|_| Refusal::Internal)?;
    Ok(visit.with_cookie(Redirect::to("/upload")))
}

fn refused(error: &axum::extract::multipart::MultipartError) -> Refusal {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::TooLarge
    } else {
        Refusal::BadRequest("The form is broken.")
    }
}

pub(in crate::demo) async fn uploaded(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id: u64 = id.parse().map_err(|_| Refusal::NotFound)?;
    let shop = Arc::clone(&visit.shop);
    let (upload, contents) = spawn_blocking(move || shop.files.open_upload(id))
        .await
        .map_err(|_| Refusal::Internal)?
        .filter(|(upload, _)| upload.owner == visit.session() || visit.has("bola-upload"))
        .ok_or(Refusal::NotFound)?;
    let kind = HeaderValue::from_str(&upload.content_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = ([(header::CONTENT_TYPE, kind)], contents).into_response();
    if !visit.has("upload-unrestricted") {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, ATTACHMENT);
    }
    Ok(response)
}
