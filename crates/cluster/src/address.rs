//! Where a scheduler listens, as the user writes it.

use std::fmt;
use std::str::FromStr;

use keyfold_core::{Error, ErrorKind, Problem};
use tonic::transport::Uri;

/// The port that a scheduler listens on by default.
const PORT: u16 = 50050;

/// `df://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let problem = Problem::new(format!("`{text}` is not the address of a scheduler"));
            Error::new(ErrorKind::Usage, problem.help("write it as df://host:50050"))
        };
        let rest = text.strip_prefix("df://").ok_or_else(wrong)?;
        let uri: Uri = rest.trim_end_matches('/').parse().map_err(|_| wrong())?;
        match (uri.host(), uri.path()) {
            (Some(host), "" | "/") => Ok(Self { host: host.to_owned(), port: uri.port_u16().unwrap_or(PORT) }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}
