//! How many rows of the facts find their row of a dimension, and what is odd about those that do not.

use datafusion::prelude::SessionContext;
use keyfold_core::{Place, Problem, Result};

use super::names::always_quoted;
use super::{Join, Kind, Table, profile};

/// What the rows of the facts find by a join.
pub(super) struct Matches {
    pub(super) join: Join,
    /// How many rows have a value to find something by.
    rows: u64,
    /// How many of these find a row.
    found: u64,
}

impl Matches {
    pub(super) async fn count(context: &SessionContext, facts: &Table, dimension: &Table, join: Join) -> Result<Self> {
        let sides = Sides::of(facts, dimension, &join);
        let counts = [format!("count({})", sides.fact), format!("count({})", sides.own)];
        let from = format!("FROM {} LEFT JOIN {} ON {} = {}", sides.facts, sides.dimension, sides.own, sides.fact);
        let counted = profile::numbers(context, &counts, &from).await?;
        let mut counted = counted.into_iter().map(|number| number.unwrap_or_default().unsigned_abs());
        Ok(Self { join, rows: counted.next().unwrap_or_default(), found: counted.next().unwrap_or_default() })
    }

    /// Whether this is what a join is made for.
    pub(super) fn are_most(&self) -> bool {
        self.found > 0 && self.found >= self.rows - self.found
    }

    pub(super) fn are_more_than(&self, others: &Self) -> bool {
        self.found > others.found
    }

    /// A warning if most rows find nothing, or one of them would but for how its value is written.
    pub(super) async fn doubt(
        &self,
        context: &SessionContext,
        facts: &Table,
        dimension: &Table,
    ) -> Result<Option<Problem>> {
        let warning = |message: String, help: &str| {
            Problem::new(message).at(Place::whole(dimension.location.to_string())).help(help)
        };
        let by = format!("a row of `{}` by `{}` = `{}`", dimension.name, self.join.fact, self.join.dimension);
        if self.rows == 0 {
            let message =
                format!("no row of `{}` finds {by}: `{}` is empty in all of them", facts.name, self.join.fact);
            return Ok(Some(warning(message, "correct the file, or leave the other one out")));
        }
        if self.found == self.rows {
            return Ok(None);
        }
        let sides = Sides::of(facts, dimension, &self.join);
        let text = facts.column(&self.join.fact).is_some_and(|column| column.kind == Kind::Text);
        let near = if text { profile::texts(context, &sides.near()).await? } else { None };
        let (pair, help) = match near {
            Some(pair) => (
                Some(pair),
                "they differ in blanks, case or leading zeros only: correct one of the files, or join by an expression in query.sql that makes them equal",
            ),
            None if self.are_most() => return Ok(None),
            None => (
                profile::texts(context, &sides.far()).await?,
                "check that both columns mean the same; rows that find nothing are delivered without what the other table says of them",
            ),
        };
        let who = match self.found {
            0 => format!("no row of `{}` finds {by}", facts.name),
            found => format!("{} of {} rows of `{}` do not find {by}", self.rows - found, self.rows, facts.name),
        };
        let example = match pair.as_deref() {
            Some([fact, own]) => format!(": `{}` has `{fact}`, `{}` has `{own}`", facts.name, dimension.name),
            _ => String::new(),
        };
        Ok(Some(warning(who + &example, help)))
    }
}

/// The two tables and columns of a join as SQL names them.
struct Sides {
    facts: String,
    dimension: String,
    fact: String,
    own: String,
}

impl Sides {
    fn of(facts: &Table, dimension: &Table, join: &Join) -> Self {
        let (facts, dimension) = (always_quoted(&facts.name), always_quoted(&dimension.name));
        let fact = format!("{facts}.{}", always_quoted(&join.fact));
        let own = format!("{dimension}.{}", always_quoted(&join.dimension));
        Self { facts, dimension, fact, own }
    }

    /// The values of the facts that find nothing.
    fn lost(&self) -> String {
        let Self { facts, dimension, fact, own } = self;
        format!(
            "(SELECT DISTINCT CAST({fact} AS VARCHAR) AS fact FROM {facts} LEFT ANTI JOIN {dimension} ON {own} = {fact} WHERE {fact} IS NOT NULL) AS lost"
        )
    }

    /// A value that finds nothing, and one of the dimension that is written a little differently.
    fn near(&self) -> String {
        let plain = |column: &str| format!("ltrim(lower(btrim({column}, ' \t\r\n\u{a0}')), '0')");
        format!(
            "SELECT fact, own FROM {} JOIN (SELECT {} AS own FROM {}) AS owned ON {} = {} ORDER BY fact, own LIMIT 1",
            self.lost(),
            self.own,
            self.dimension,
            plain("fact"),
            plain("own")
        )
    }

    /// Any value that finds nothing, and any of the dimension.
    fn far(&self) -> String {
        format!(
            "SELECT fact, own FROM (SELECT min(fact) AS fact FROM {}) AS one CROSS JOIN (SELECT min(CAST({} AS VARCHAR)) AS own FROM {}) AS other",
            self.lost(),
            self.own,
            self.dimension
        )
    }
}
