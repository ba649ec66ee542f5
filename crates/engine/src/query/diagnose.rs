//! DataFusion's planning errors as problems with file, line, column and the nearest known name.

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use keyfold_core::source::Source;
use keyfold_core::suggest::nearest;
use keyfold_core::{Place, Problem};

use super::contract::plain;

/// The problem behind an error of parsing or planning.
pub(super) fn problem(source: &Source, error: &DataFusionError) -> Problem {
    let root = error.find_root();
    if let DataFusionError::SchemaError(schema, _) = root
        && let SchemaError::FieldNotFound { field, valid_fields } = schema.as_ref()
    {
        return unknown_column(source, error, field, valid_fields);
    }
    if let Some(call) = unfit_call(&root.strip_backtrace()) {
        let function = call.split('(').next().unwrap_or(call);
        let problem =
            Problem::new(format!("no function takes these arguments: {}", plain(call))).at(only_call(source, function));
        return problem.help("CAST the arguments to types that it takes");
    }
    if let DataFusionError::SQL(parser, _) = root
        && matches!(parser.as_ref(), ParserError::RecursionLimitExceeded)
    {
        let problem =
            Problem::new("parentheses, calls or subqueries are nested too deep").at(Place::whole(&source.name));
        return problem.help("give the inner ones a name in WITH");
    }
    let diagnostic = error.diagnostic();
    let span = diagnostic.and_then(|diagnostic| diagnostic.span);
    let full = root.strip_backtrace();
    let (text, position) = parser_position(&full);
    let message = match (diagnostic, root) {
        (_, DataFusionError::SQL(_, _)) => text,
        (Some(diagnostic), _) => diagnostic.message.clone(),
        _ => text,
    };
    let place = match (span, position) {
        (Some(span), _) if span.start.line > 0 => source.line(span.start.line as usize, span.start.column as usize),
        (_, Some((line, column))) => source.line(line, column),
        _ => Place::whole(&source.name),
    };
    let problem = Problem::new(message).at(place);
    let helps: Vec<&str> = diagnostic.map_or_else(Vec::new, |d| {
        d.helps
            .iter()
            .map(|help| help.message.as_str())
            .chain(d.notes.iter().map(|note| note.message.as_str()))
            .collect()
    });
    if helps.is_empty() { problem } else { problem.help(helps.join("; ")) }
}

fn unknown_column(source: &Source, error: &DataFusionError, field: &Column, valid: &[Column]) -> Problem {
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let span = span.or_else(|| field.spans().first());
    let place = match span {
        Some(span) if span.start.line > 0 => source.line(span.start.line as usize, span.start.column as usize),
        _ => identifier(source, &field.name),
    };
    let problem = Problem::new(format!("there is no column `{}`", field.flat_name())).at(place);
    let names: Vec<String> = valid.iter().flat_map(|column| [column.flat_name(), column.name.clone()]).collect();
    match nearest(&field.flat_name(), names.iter().map(String::as_str)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => {
            let mut names: Vec<String> = valid.iter().map(|column| format!("`{}`", column.flat_name())).collect();
            names.dedup();
            problem.help(format!("known are {}", names.join(", ")))
        }
    }
}

/// The call, with its arguments' types, that fits no signature of its function.
fn unfit_call(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("No function matches the given name and argument types '")?;
    rest.split_once('\'').map(|(call, _)| call)
}

/// The parser writes ` at Line: 3, Column: 5` at the end of its messages.
fn parser_position(message: &str) -> (String, Option<(usize, usize)>) {
    let message = message.trim_start_matches("SQL error: ").trim_start_matches("Error during planning: ");
    let message = message.strip_prefix("ParserError(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap_or(message);
    let Some((text, position)) = message.rsplit_once(" at Line: ") else { return (message.to_owned(), None) };
    let mut numbers = position.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut number = || numbers.next().and_then(|digits| digits.parse().ok());
    match (number(), number()) {
        (Some(line), Some(column)) => (text.to_owned(), Some((line, column))),
        _ => (message.to_owned(), None),
    }
}

/// Where a name first stands in the text.
pub(super) fn identifier(source: &Source, name: &str) -> Place {
    let last = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    let found = tokens(source).into_iter().find(|token| match &token.token {
        Token::Word(word) => word.value == last || word.value.to_lowercase() == last,
        Token::SingleQuotedString(text) => text == last || text == name,
        Token::Placeholder(text) => text == name,
        _ => false,
    });
    found.map_or_else(|| Place::whole(&source.name), |token| place(source, &token))
}

/// Where the first of these keywords stands.
pub(super) fn keyword(source: &Source, words: &[&str]) -> Place {
    let is_one = |token: &Token| matches!(token, Token::Word(word) if words.iter().any(|one| word.value.eq_ignore_ascii_case(one)));
    let found = tokens(source).into_iter().find(|token| is_one(&token.token));
    found.map_or_else(|| Place::whole(&source.name), |token| place(source, &token))
}

/// Where more than so many casts, or tests such as IS NULL, stand behind each other: each is one level of the expression.
pub(super) fn piled_up(source: &Source, most: usize) -> Option<Place> {
    let mut piled = 0usize;
    let too_many = tokens(source).into_iter().find(|token| {
        match &token.token {
            Token::DoubleColon => piled += 1,
            Token::Word(word) if word.value.eq_ignore_ascii_case("IS") => piled += 1,
            Token::Word(word) if ["AND", "OR"].iter().any(|one| word.value.eq_ignore_ascii_case(one)) => piled = 0,
            Token::Word(_) | Token::Number(..) => {}
            _ => piled = 0,
        }
        piled > most
    });
    too_many.map(|token| place(source, &token))
}

/// Where a function is called, if it is called only once; the planner does not say which call it means.
fn only_call(source: &Source, function: &str) -> Place {
    let calls = tokens(source)
        .iter()
        .filter(|token| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case(function)))
        .count();
    match calls {
        1 => identifier(source, function),
        _ => Place::whole(&source.name),
    }
}

/// Where parentheses are within so many others, if they are anywhere. The parser would try every reading of them.
pub(super) fn nested(source: &Source, most: usize) -> Option<Place> {
    let mut depth = 0usize;
    let too_deep = tokens(source).into_iter().find(|token| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > most
    });
    too_deep.map(|token| place(source, &token))
}

/// Where the first statement begins.
pub(super) fn first_word(source: &Source) -> Place {
    tokens(source).first().map_or_else(|| Place::whole(&source.name), |token| place(source, token))
}

/// Where the second statement begins.
pub(super) fn second_statement(source: &Source) -> Place {
    let tokens = tokens(source);
    let mut rest = tokens.iter().skip_while(|token| token.token != Token::SemiColon);
    rest.find(|token| token.token != Token::SemiColon)
        .map_or_else(|| Place::whole(&source.name), |token| place(source, token))
}

fn place(source: &Source, token: &TokenWithSpan) -> Place {
    source.line(token.span.start.line as usize, token.span.start.column as usize)
}

/// The text's tokens without blanks and comments.
fn tokens(source: &Source) -> Vec<TokenWithSpan> {
    let mut tokens = Tokenizer::new(&GenericDialect {}, &source.text).tokenize_with_location().unwrap_or_default();
    tokens.retain(|token| {
        !matches!(
            &token.token,
            Token::Whitespace(
                Whitespace::Space
                    | Whitespace::Newline
                    | Whitespace::Tab
                    | Whitespace::SingleLineComment { .. }
                    | Whitespace::MultiLineComment(_)
            )
        )
    });
    tokens
}

/// The names of the declared tables.
pub(super) fn table_names(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let catalog = &state.config_options().catalog;
    let schema =
        state.catalog_list().catalog(&catalog.default_catalog).and_then(|list| list.schema(&catalog.default_schema));
    schema.map_or_else(Vec::new, |schema| schema.table_names())
}
