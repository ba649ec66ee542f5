//! Answers of stores that will not change: refusals, which object_store gives no error of their own.
//!
//! Its errors do not say which status an answer had, but by the kind of error where there is one for the status. Lists
//! have none at all. So what is refused becomes an error here, before it becomes one there.

use std::fmt;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// Statuses after which the same request may succeed: a time-out, a conflict, and too many requests.
const PASSING: [u16; 3] = [408, 409, 429];
/// Statuses of reads and writes that object_store has an error for, and 416, of which it makes its own message.
const KNOWN: [u16; 6] = [304, 401, 403, 404, 412, 416];
/// Where machines in a cloud ask for credentials. Elsewhere nobody answers there.
const METADATA_HOSTS: [&str; 3] = ["169.254.169.254", "169.254.170.2", "metadata.google.internal"];

/// A store's answer to a request that it will not do.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    /// What the store says of it.
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store answers {}", self.status)?;
        if (300..400).contains(&self.status) {
            f.write_str(", so it is elsewhere: is the region right?")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

impl std::error::Error for Refusal {}

/// Nobody has given credentials.
#[derive(Debug)]
pub(crate) struct NoCredentials(HttpError);

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there are no credentials in the environment or the settings, and this machine gives none: {}",
            self.0
        )
    }
}

impl std::error::Error for NoCredentials {}

/// Makes clients that tell refusals from other answers.
#[derive(Debug, Default)]
pub(super) struct Connector(ReqwestConnector);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Service(self.0.connect(options)?)))
    }
}

#[derive(Debug)]
struct Service(HttpClient);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let lists = request.uri().query().is_some_and(is_list);
        let asks_for_credentials = request.uri().host().is_some_and(|host| METADATA_HOSTS.contains(&host));
        let answer = self.0.execute(request).await.map_err(|error| {
            if asks_for_credentials && error.kind() == HttpErrorKind::Connect {
                HttpError::new(HttpErrorKind::Unknown, NoCredentials(error))
            } else {
                error
            }
        })?;
        let status = answer.status().as_u16();
        if !is_refusal(status, lists) {
            return Ok(answer);
        }
        let text = answer.into_body().bytes().await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        Err(HttpError::new(HttpErrorKind::Unknown, Refusal { status, text }))
    }
}

/// Whether a request lists objects: of S3 and Google by `list-type=2`, of Azure by `comp=list`.
fn is_list(query: &str) -> bool {
    query.split('&').any(|part| part.starts_with("list-type=") || part == "comp=list")
}

fn is_refusal(status: u16, lists: bool) -> bool {
    (300..500).contains(&status) && !PASSING.contains(&status) && (lists || !KNOWN.contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_and_what_object_store_tells_apart_is_no_refusal() {
        for status in [200, 206, 500, 503, 408, 409, 429, 404, 403, 304] {
            assert!(!is_refusal(status, false), "{status}");
        }
        for status in [301, 307, 400, 405, 411] {
            assert!(is_refusal(status, false) && is_refusal(status, true), "{status}");
        }
        assert!(is_refusal(404, true) && is_refusal(403, true) && !is_refusal(503, true) && !is_refusal(429, true));
        assert!(is_list("list-type=2&prefix=a") && is_list("restype=container&comp=list") && !is_list("uploads"));
    }
}
