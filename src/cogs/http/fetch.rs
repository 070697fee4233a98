//! One request, on the helper thread: with its redirects, its limits and its end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use reqwest::{Body, Client, Method, Request, Response, StatusCode, Url};
use tokio::time::timeout;

use super::fault::{Fault, Word, is_stale};
use super::manager::{Context, Manager, Place, origin};
use crate::escapement::{Answer, Job};

/// Bytes of headers at most.
const MAX_HEADERS: usize = 64 << 10;

/// Headers that may go to another host than the one they were given for.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_TYPE];

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Whose answer it is, after redirects.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Unpacked.
    pub(super) body: Vec<u8>,
}

/// What a job gives.
pub(super) type Outcome = Result<Reply, Fault>;

/// The request as work for the helper. It gives an [`Outcome`].
pub(super) fn job(manager: &Arc<Manager>, context: &Arc<Context>, ask: Ask) -> Job {
    let (manager, context) = (Arc::clone(manager), Arc::clone(context));
    Box::pin(async move { Box::new(fetch(&manager, &context, ask).await) as Answer })
}

/// What came of it; a job that panicked came to nothing like any other.
pub(super) fn outcome(answer: Answer, url: &Url) -> Outcome {
    answer
        .downcast::<Outcome>()
        .map_or_else(|_| Err(Fault::new(Word::Request, url, "the helper failed; please report this")), |outcome| *outcome)
}

async fn fetch(manager: &Manager, context: &Context, ask: Ask) -> Outcome {
    // Waiting in line is no fault of the server's: time runs from here on.
    let place = manager.place(&ask.url).await;
    let (url, span) = (ask.url.clone(), ask.timeout);
    let late = || Fault::new(Word::Timeout, &url, format!("no whole answer within {} s", span.as_secs_f64()));
    timeout(span, follow(manager, context, ask, place)).await.unwrap_or_else(|_| Err(late()))
}

/// Asks, and asks again where the answer says that something is elsewhere.
async fn follow(manager: &Manager, context: &Context, mut ask: Ask, mut place: Option<Place>) -> Outcome {
    let client = manager.client(context).await.map_err(|text| Fault::new(Word::Request, &ask.url, text))?;
    let mut seen = HashSet::from([ask.url.clone()]);
    loop {
        let response = send(client, context, &ask).await?;
        check_headers(&response, &ask.url)?;
        let Some(next) = target(&response, &ask.url)? else {
            let reply = read(response, &ask, manager.max_body()).await;
            drop(place);
            return reply;
        };
        let refused = |text: &str| Err(Fault::new(Word::Redirect, &ask.url, text));
        if ask.url.scheme() == "https" && next.scheme() != "https" {
            return refused("it is redirected to what is not secured");
        }
        if !context.verifies() && next.host_str() != ask.url.host_str() {
            return refused("it is redirected to another host, and no certificates are verified");
        }
        if !seen.insert(next.clone()) {
            return refused("it is redirected in a circle");
        }
        if seen.len() > manager.max_redirects() + 1 {
            return Err(Fault::new(Word::Redirect, &ask.url, format!("it is redirected more than {} times", manager.max_redirects())));
        }
        let status = response.status();
        if ask.body.is_some() && !becomes_get(&ask.method, status) && origin(&next) != origin(&ask.url) {
            return refused("it is redirected to another host, which is not given what was sent");
        }
        drop(response);
        drop(place);
        redirect(&mut ask, status, next);
        place = manager.place(&ask.url).await;
    }
}

/// Where a redirect leads; none when the answer is no redirect.
fn target(response: &Response, url: &Url) -> Result<Option<Url>, Fault> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
    let Some(mut next) = next.filter(|next| matches!(next.scheme(), "http" | "https") && next.has_host()) else {
        return Err(Fault::new(Word::Redirect, url, "it is redirected to what is no address of HTTP"));
    };
    // Credentials are the script's to give.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    next.set_fragment(None);
    Ok(Some(next))
}

/// The request that follows a redirect (RFC 9110, 15.4). To another host nothing goes along that may be a secret.
fn redirect(ask: &mut Ask, status: StatusCode, next: Url) {
    if becomes_get(&ask.method, status) {
        ask.method = Method::GET;
        ask.body = None;
        ask.headers.remove(CONTENT_TYPE);
    }
    if origin(&next) != origin(&ask.url) {
        ask.headers =
            ask.headers.iter().filter(|(name, _)| HARMLESS.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    ask.url = next;
}

fn becomes_get(method: &Method, status: StatusCode) -> bool {
    status == StatusCode::SEE_OTHER && *method != Method::HEAD
        || matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) && *method == Method::POST
}

async fn send(client: &Client, context: &Context, ask: &Ask) -> Result<Response, Fault> {
    let request = || {
        let mut request = Request::new(ask.method.clone(), ask.url.clone());
        *request.headers_mut() = ask.headers.clone();
        *request.body_mut() = ask.body.clone().map(Body::from);
        request
    };
    let kept = context.has_answered(&ask.url);
    let result = match client.execute(request()).await {
        // The server may have closed a kept connection at the very moment it was used.
        Err(error) if kept && ask.method.is_idempotent() && is_stale(&error) => client.execute(request()).await,
        other => other,
    };
    let response = result.map_err(|error| Fault::of(&error, &ask.url))?;
    context.note_answer(&ask.url);
    Ok(response)
}

fn check_headers(response: &Response, url: &Url) -> Result<(), Fault> {
    let bytes: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > MAX_HEADERS {
        return Err(Fault::new(Word::Size, url, format!("the headers of the answer are {bytes} bytes, more than {MAX_HEADERS}")));
    }
    Ok(())
}

/// The body as a whole, unpacked: what is cut short or too long is none.
async fn read(mut response: Response, ask: &Ask, max: usize) -> Outcome {
    let too_long = || Fault::new(Word::Size, &ask.url, format!("the answer is longer than {max} bytes"));
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(too_long());
    }
    if let Some(encoding) =
        response.headers().get(CONTENT_ENCODING).filter(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let text = format!("the answer is encoded as `{}`, which was not asked for", encoding.to_str().unwrap_or("?"));
        return Err(Fault::new(Word::Garbled, &ask.url, text));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Fault::of(&error, &ask.url))? {
        if body.len() + piece.len() > max {
            return Err(too_long());
        }
        body.extend_from_slice(&piece);
    }
    let headers = std::mem::take(response.headers_mut());
    Ok(Reply { status: response.status(), url: ask.url.clone(), headers, body })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn ask(method: Method) -> Ask {
        let headers = ["accept", "authorization", "x-api-key", "content-type"];
        Ask {
            method,
            url: Url::parse("https://one.example/a").unwrap(),
            headers: headers.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("x"))).collect(),
            body: Some(b"body".to_vec()),
            timeout: Duration::from_secs(1),
        }
    }

    fn names(ask: &Ask) -> Vec<&str> {
        ask.headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn nothing_secret_goes_to_another_host() {
        let mut own = ask(Method::PUT);
        redirect(&mut own, StatusCode::TEMPORARY_REDIRECT, Url::parse("https://one.example/b").unwrap());
        assert_eq!((names(&own).len(), own.body.is_some(), &own.method), (4, true, &Method::PUT));
        for other in ["https://two.example/", "https://one.example:8443/", "https://one.example.evil/"] {
            let mut other_host = ask(Method::PUT);
            redirect(&mut other_host, StatusCode::TEMPORARY_REDIRECT, Url::parse(other).unwrap());
            assert_eq!(names(&other_host), ["accept", "content-type"], "{other}");
        }
    }

    #[test]
    fn a_form_that_was_sent_is_fetched_where_it_is_said() {
        for (status, method, after) in [
            (303, Method::PUT, Method::GET),
            (302, Method::POST, Method::GET),
            (307, Method::POST, Method::POST),
            (302, Method::PUT, Method::PUT),
        ] {
            let mut sent = ask(method);
            redirect(&mut sent, StatusCode::from_u16(status).unwrap(), Url::parse("https://one.example/b").unwrap());
            assert_eq!((&sent.method, sent.body.is_some()), (&after, after != Method::GET), "{status}");
        }
    }
}
