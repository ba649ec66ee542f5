//! Which column of a dimension identifies the row that a fact belongs to.

use datafusion::prelude::SessionContext;
use keyfold_core::{Error, ErrorKind, Place, Problem, Result};

use super::matches::Matches;
use super::names::{always_quoted, flat, row_of, subject};
use super::{Kind, Table, profile};

/// A dimension's join: these two columns are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The dimension, as an index of the star's tables.
    pub table: usize,
    /// The column of the facts.
    pub fact: String,
    /// The column of the dimension, which is unique there.
    pub dimension: String,
}

/// Columns that are joined by name but of which one has leading zeros: both are text, so that `42` in one CSV file
/// stays what it is, and `00042` in the other does too.
pub(super) fn agree_on_types(tables: &mut [Table]) {
    let [facts, dimensions @ ..] = tables else { return };
    for dimension in dimensions {
        for (fact, own) in alike(facts, dimension) {
            let (fact, own) = (&mut facts.columns[fact].kind, &mut dimension.columns[own].kind);
            match (*fact, *own) {
                (Kind::Text, number) if number.is_integer() && dimension.untyped_text => *own = Kind::Text,
                (number, Kind::Text) if number.is_integer() && facts.untyped_text => *fact = Kind::Text,
                _ => {}
            }
        }
    }
}

/// A join for every dimension; all that have none are reported together, and joins that find little are warned of.
pub(super) async fn find(context: &SessionContext, tables: &mut [Table]) -> Result<Vec<Join>> {
    let [facts, dimensions @ ..] = tables else { return Ok(Vec::new()) };
    let (mut joins, mut problems) = (Vec::new(), Vec::new());
    for (index, dimension) in dimensions.iter_mut().enumerate() {
        match join(context, facts, dimension, index + 1).await? {
            Ok(matches) => {
                let warning = matches.doubt(context, facts, dimension).await?;
                dimension.warnings.extend(warning);
                joins.push(matches.join);
            }
            Err(reasons) => problems.push(unjoined(facts, dimension, &reasons)),
        }
    }
    if problems.is_empty() { Ok(joins) } else { Err(Error::all(ErrorKind::Input, problems)) }
}

/// The join by columns that are alike, if one by others does not find more; or why none will do.
async fn join(
    context: &SessionContext,
    facts: &Table,
    dimension: &Table,
    table: usize,
) -> Result<Result<Matches, Vec<String>>> {
    let (mut best, mut reasons) = (None::<Matches>, Vec::new());
    for (fact, own) in alike(facts, dimension) {
        let (fact, own) = (&facts.columns[fact], &dimension.columns[own]);
        let both = format!("`{}` and `{}.{}`", fact.name, dimension.name, own.name);
        if !comparable(fact.kind, own.kind) {
            reasons.push(format!("{both} are alike, but one is {} and the other {}", fact.kind.sql(), own.kind.sql()));
            continue;
        }
        let (count, from) = (
            format!("count(DISTINCT {})", always_quoted(&own.name)),
            format!("FROM {}", always_quoted(&dimension.name)),
        );
        match profile::numbers(context, &[count], &from).await?.first() {
            Some(Some(distinct)) if u64::try_from(*distinct).is_ok_and(|distinct| distinct == dimension.rows) => {
                let join = Join { table, fact: fact.name.clone(), dimension: own.name.clone() };
                let matches = Matches::count(context, facts, dimension, join).await?;
                if matches.are_most() {
                    return Ok(Ok(matches));
                }
                if best.as_ref().is_none_or(|best| matches.are_more_than(best)) {
                    best = Some(matches);
                }
            }
            _ => reasons
                .push(format!("{both} are alike, but `{}.{}` repeats values or lacks some", dimension.name, own.name)),
        }
    }
    Ok(best.ok_or(reasons))
}

/// Pairs of columns whose names say the same, the most alike first.
fn alike(facts: &Table, dimension: &Table) -> Vec<(usize, usize)> {
    let row = row_of(&dimension.name);
    let mut pairs = Vec::new();
    for (own, column) in dimension.columns.iter().enumerate() {
        // A bare `id` identifies what the table is about.
        let identified = match subject(&column.name) {
            subject if subject.is_empty() => row.clone(),
            subject => subject,
        };
        for (fact, other) in facts.columns.iter().enumerate() {
            let name = flat(&other.name);
            if (subject(&other.name) == identified || name == identified) && !identified.is_empty() {
                let same = name == flat(&column.name);
                pairs.push((!same, own, fact));
            }
        }
    }
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, own, fact)| (fact, own)).collect()
}

fn comparable(one: Kind, other: Kind) -> bool {
    let number = |kind: Kind| kind.is_integer() || matches!(kind, Kind::Decimal(_, 0));
    let exact = |kind: Kind| matches!(kind, Kind::Text | Kind::Date | Kind::Timestamp | Kind::Zoned | Kind::Boolean);
    (number(one) && number(other)) || (one == other && exact(one))
}

fn unjoined(facts: &Table, dimension: &Table, reasons: &[String]) -> Problem {
    let names = |table: &Table| table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let why = if reasons.is_empty() {
        format!("none of its columns ({}) is named as one of `{}` ({})", names(dimension), facts.name, names(facts))
    } else {
        reasons.join("; ")
    };
    let problem = Problem::new(format!("`{}` cannot be joined to `{}`: {why}", dimension.name, facts.name));
    let help = "leave the file out, or rename a column so that both have the same name; storeId, store_id and storekey are the same";
    problem.at(Place::whole(dimension.location.to_string())).help(help)
}

/// How many rows of the facts, joined with everything, have no value here.
pub(super) async fn missing(
    context: &SessionContext,
    tables: &[Table],
    join: Option<&Join>,
    column: &str,
) -> Result<u64> {
    let facts = always_quoted(&tables[0].name);
    let (owner, from) = match join {
        None => (facts.clone(), format!("FROM {facts}")),
        Some(Join { table, fact, dimension }) => {
            let own = always_quoted(&tables[*table].name);
            let on = format!("{own}.{} = {facts}.{}", always_quoted(dimension), always_quoted(fact));
            (own.clone(), format!("FROM {facts} LEFT JOIN {own} ON {on}"))
        }
    };
    let count = format!("count(*) - count({owner}.{})", always_quoted(column));
    let missing = profile::numbers(context, &[count], &from).await?;
    Ok(missing.first().copied().flatten().unwrap_or_default().unsigned_abs())
}
