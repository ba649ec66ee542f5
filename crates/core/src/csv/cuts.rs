//! Where records begin in the middle of a file.
//!
//! Whether a line break ends a record depends on all quotes before it. So each piece of a file is looked at by itself
//! from every state in which it may begin, which can be done for all pieces at the same time; then the states are
//! chained, and the first record of each piece is known.

use memchr::memchr3;

use super::dialect::Dialect;

/// What a byte is in its record. As in the scanner, but for the byte before a line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Record,
    /// Before a record whose predecessor ended with a carriage return: a line feed still belongs to it.
    Return,
    Field,
    Plain,
    Quoted,
    Escaped,
    Closing,
    Comment,
    /// Behind text that follows a closing quote.
    Failed,
}

const STATES: [State; 9] = [
    State::Record,
    State::Return,
    State::Field,
    State::Plain,
    State::Quoted,
    State::Escaped,
    State::Closing,
    State::Comment,
    State::Failed,
];

impl State {
    fn after(self, byte: u8, dialect: &Dialect) -> Self {
        let is = |meaning: Option<u8>| meaning == Some(byte);
        match self {
            Self::Quoted if is(dialect.quote) => Self::Closing,
            Self::Quoted if is(dialect.distinct_escape()) => Self::Escaped,
            Self::Quoted | Self::Escaped => Self::Quoted,
            Self::Closing if is(dialect.quote) => Self::Quoted,
            Self::Failed => Self::Failed,
            Self::Comment if !matches!(byte, b'\n' | b'\r') => Self::Comment,
            _ if byte == b'\n' => Self::Record,
            _ if byte == b'\r' => Self::Return,
            Self::Record | Self::Return if is(dialect.comment) => Self::Comment,
            Self::Record | Self::Return | Self::Field if is(dialect.quote) => Self::Quoted,
            _ if byte == dialect.delimiter => Self::Field,
            Self::Closing => Self::Failed,
            _ => Self::Plain,
        }
    }
}

/// Looks at one piece of a file.
#[derive(Debug)]
pub struct PieceScan {
    after: Box<[[State; 256]; STATES.len()]>,
    /// The bytes that quiet blocks do without.
    loud: Option<[u8; 3]>,
    delimiter: u8,
    length: u64,
    /// By the state at the piece's start.
    paths: [Path; STATES.len()],
}

/// How a piece goes on from one state.
#[derive(Debug, Clone, Copy)]
struct Path {
    state: State,
    /// Bytes before it.
    first_record: Option<u64>,
}

/// What a piece does, whatever comes before it.
#[derive(Debug, Clone)]
pub struct Transition {
    length: u64,
    paths: [Path; STATES.len()],
}

/// Bytes that are looked at together.
const BLOCK: usize = 32 << 10;

impl PieceScan {
    /// A scan of one piece.
    pub fn new(dialect: &Dialect) -> Self {
        let row = |state: State| std::array::from_fn(|byte| state.after(byte as u8, dialect));
        let loud = [dialect.quote, dialect.distinct_escape(), dialect.comment];
        let any = loud.iter().flatten().next();
        Self {
            after: Box::new(STATES.map(row)),
            loud: any.map(|any| loud.map(|byte| byte.unwrap_or(*any))),
            delimiter: dialect.delimiter,
            length: 0,
            paths: STATES.map(|state| Path { state, first_record: None }),
        }
    }

    /// The next bytes of the piece.
    pub fn push(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(BLOCK) {
            self.block(block);
            self.length += block.len() as u64;
        }
    }

    /// The end of the piece.
    pub fn finish(self) -> Transition {
        Transition { length: self.length, paths: self.paths }
    }
}

impl PieceScan {
    fn block(&mut self, block: &[u8]) {
        let quiet = self.loud.is_none_or(|[one, two, three]| memchr3(one, two, three, block).is_none());
        // Paths soon come together: only as many are walked as still differ.
        let mut walked = [None; STATES.len()];
        self.paths = self.paths.map(|path| {
            let walk = || {
                let (state, first) = self.walk(path.state, block, quiet);
                (state, first.map(|first| self.length + first as u64))
            };
            let (state, first) = *walked[path.state as usize].get_or_insert_with(walk);
            Path { state, first_record: path.first_record.or(first) }
        });
    }

    /// The state behind a block, and where the first record begins in it.
    fn walk(&self, mut state: State, block: &[u8], quiet: bool) -> (State, Option<usize>) {
        for (at, byte) in block.iter().enumerate() {
            match state {
                State::Record => return (self.end(state, &block[at..], quiet), Some(at)),
                State::Return if *byte != b'\n' => return (self.end(state, &block[at..], quiet), Some(at)),
                State::Quoted if quiet => return (state, None),
                State::Failed => return (state, None),
                _ => state = self.after[state as usize][usize::from(*byte)],
            }
        }
        (state, None)
    }

    /// The state behind bytes that begin with a record.
    fn end(&self, state: State, bytes: &[u8], quiet: bool) -> State {
        match bytes.last() {
            Some(b'\n') if quiet => State::Record,
            Some(b'\r') if quiet => State::Return,
            Some(last) if quiet && *last == self.delimiter => State::Field,
            Some(_) if quiet => State::Plain,
            _ => bytes.iter().fold(state, |state, byte| self.after[state as usize][usize::from(*byte)]),
        }
    }
}

/// Where the first record of each piece of a text begins, in order: the bytes before it. A piece in which none begins has
/// none, and so have all behind text that is not CSV: whoever reads up to there reports it.
pub fn chain(pieces: &[Transition]) -> Vec<u64> {
    let mut cuts = Vec::with_capacity(pieces.len());
    let (mut state, mut offset) = (State::Record, 0);
    for piece in pieces {
        let path = piece.paths[state as usize];
        cuts.extend(path.first_record.map(|first| offset + first));
        state = path.state;
        offset += piece.length;
    }
    cuts
}
