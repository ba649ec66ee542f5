//! A door in front of a store that answers 503 to one in five requests.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crate::program::Outcome;

const ONE_IN: usize = 5;

/// The door; it is closed when this value is gone.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    requests: AtomicUsize,
    refused: AtomicUsize,
    closed: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(upstream: u16) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::Relaxed) {
                    return;
                }
                let state = shared.clone();
                // A connection that breaks is the client's to see and to try again.
                std::thread::spawn(move || _ = one_request(client, upstream, &state));
            }
        });
        Ok(Self { port, state, thread: Some(thread) })
    }

    /// Requests so far that were answered with 503.
    pub(crate) fn refused(&self) -> usize {
        self.state.refused.load(Ordering::Relaxed)
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

/// Each connection serves one request, so that nothing but lengths has to be understood.
fn one_request(client: TcpStream, upstream: u16, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = reader.take(length);
    let mut client = client;
    if state.requests.fetch_add(1, Ordering::Relaxed) % ONE_IN == ONE_IN - 1 {
        state.refused.fetch_add(1, Ordering::Relaxed);
        io::copy(&mut body, &mut io::sink())?;
        return client.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    io::copy(&mut body, &mut server)?;
    io::copy(&mut server, &mut client).map(|_| ())
}
