//! Why a request failed, as the one who asked is told.

use std::error::Error;

use admin_roles::UnknownMembership;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kumiko_seeds::events::{EventStoreError, WriteError};
use kumiko_seeds::{error_chain, json};

/// Any error. The type decides on the status.
pub(crate) struct Failure(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = status(self.0.as_ref());
        let texts = error_chain(self.0.as_ref());
        // What went wrong in here is for those who run the app, and for nobody else.
        let error = if status == StatusCode::INTERNAL_SERVER_ERROR {
            eprintln!("error: {}", texts.join("\ncaused by: "));
            "something went wrong".to_owned()
        } else {
            texts.join(": ")
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

fn status(error: &(dyn Error + 'static)) -> StatusCode {
    if error.is::<UnknownMembership>() {
        return StatusCode::NOT_FOUND;
    }
    if let Some(EventStoreError::StreamArchived { .. }) = error.downcast_ref() {
        return StatusCode::GONE;
    }
    match error.downcast_ref() {
        Some(WriteError::AccessDenied { .. }) => StatusCode::FORBIDDEN,
        Some(WriteError::UnknownTenant { .. }) => StatusCode::NOT_FOUND,
        Some(WriteError::Payload { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(error) if error.is_conflict() => StatusCode::CONFLICT,
        // The handler's own error.
        Some(WriteError::Handler { source, .. }) => status(source.as_ref()),
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
