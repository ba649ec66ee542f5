//! As much HTTP as the tests need to look into a store behind its S3 door.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::program::{Outcome, ensure};

/// One request to this machine; the answer's status and body.
pub(crate) fn request(port: u16, method: &str, path: &str, body: &[u8]) -> Outcome<(u16, Vec<u8>)> {
    request_at(Ipv4Addr::LOCALHOST, port, method, path, body)
}

/// The same at another address. HTTP/1.0, so that the body is what comes before the end.
pub(crate) fn request_at(host: Ipv4Addr, port: u16, method: &str, path: &str, body: &[u8]) -> Outcome<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}:{port}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end =
        answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("an answer without an end of its head")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status =
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| format!("no HTTP: {head}"))?;
    Ok((status, answer.split_off(end + 4)))
}

/// The body of a GET that must succeed.
pub(crate) fn get(port: u16, path: &str) -> Outcome<Vec<u8>> {
    let (status, body) = request(port, "GET", path, b"")?;
    ensure!(status == 200, "GET {path}: {status}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}
