//! A door in front of a store that does to each request what a trial says: a store that is slow, refuses, or breaks off.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::program::Outcome;

/// What comes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The store answers.
    Pass,
    /// The store answers so much later than it was asked.
    Late(Duration),
    /// 503; the store never sees the request.
    Refuse,
    /// The connection ends; the store never sees the request.
    Drop,
    /// The store does what it was asked to, and its answer is lost: the connection ends after so long.
    Lose(Duration),
}

/// What a trial may judge a request by.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The bucket, the object's name and, behind `?`, the query; percent-encoded as it came.
    pub(crate) path: String,
    /// Requests before this one.
    pub(crate) number: usize,
}

type Rule = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

/// The door; it is closed when this value is gone.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    upstream: u16,
    rule: Rule,
    requests: AtomicUsize,
    faults: AtomicUsize,
    closed: AtomicBool,
}

impl Proxy {
    /// Passes requests on to a port, as the rule says; one that changes its mind looks at something that it shares.
    pub(crate) fn start(upstream: u16, rule: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            upstream,
            rule: Box::new(rule),
            requests: AtomicUsize::default(),
            faults: AtomicUsize::default(),
            closed: AtomicBool::default(),
        });
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::Relaxed) {
                    return;
                }
                let state = shared.clone();
                // A connection that breaks is the client's to see and to try again.
                std::thread::spawn(move || _ = one_request(client, &state));
            }
        });
        Ok(Self { port, state, thread: Some(thread) })
    }

    /// Requests so far of which something else came than the store's answer at once.
    pub(crate) fn faults(&self) -> usize {
        self.state.faults.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for a client.
        _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// One in five requests is answered with 503.
pub(crate) fn one_in_five_refused(request: &Request) -> Answer {
    if request.number % 5 == 4 { Answer::Refuse } else { Answer::Pass }
}

/// Each connection serves one request, so that nothing but lengths has to be understood.
fn one_request(mut client: TcpStream, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let Some((head, length)) = read_head(&mut reader)? else { return Ok(()) };
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    match state.judge(&head) {
        Answer::Pass => forward(&head, &body, state.upstream, &mut client),
        Answer::Late(delay) => {
            std::thread::sleep(delay);
            forward(&head, &body, state.upstream, &mut client)
        }
        Answer::Refuse => {
            client.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Answer::Drop => Ok(()),
        Answer::Lose(delay) => {
            forward(&head, &body, state.upstream, &mut io::sink())?;
            std::thread::sleep(delay);
            Ok(())
        }
    }
}

impl State {
    fn judge(&self, head: &str) -> Answer {
        let mut words = head.split(' ').map(str::to_owned);
        let request = Request {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            number: self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let answer = (self.rule)(&request);
        if answer != Answer::Pass {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}

/// The lines of a request before its body, and the body's length; nothing if the client only connected.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<(String, u64)>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            return Ok(Some((head, length)));
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
}

fn forward(head: &str, body: &[u8], upstream: u16, client: &mut impl Write) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(body)?;
    io::copy(&mut server, client).map(|_| ())
}
