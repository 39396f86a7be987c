//! Lists: `$top`, `$filter`, `$select`, `$count`, and the address of what comes next.
//!
//! A filter by a key looks it up. Any other reads the list behind where it is, but no more of it than a
//! few thousand entries: then the answer is what was found, with the address at which it goes on.

use gantry_access::DbError;
use gantry_arm::{Filter, Guid, Term};
use gantry_directory::{Directory, Page};
use gantry_oci::Form;
use serde_json::{Value, json};

use super::Graph;
use super::error::GraphError;
use super::reply::{Reply, select};
use crate::error::EntraError;

const USUAL: usize = 100;
const MOST: usize = 999;
/// How many entries are read at a time, and how often, to find those that fit.
const READ: usize = 500;
const READS: usize = 10;

/// What is in a list.
pub(super) trait Listed: Sized + Send {
    /// What the set is called.
    const SET: &'static str;

    fn id(&self) -> Guid;

    /// Entries behind the id `after`.
    fn page(
        directory: &Directory,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Self>, DbError>> + Send;

    /// All that fit a term which is about a key; `None` if it isn't.
    fn find(
        directory: &Directory,
        term: &Term,
    ) -> impl Future<Output = Result<Option<Vec<Self>>, DbError>> + Send;

    /// Whether it fits the term; `None` if no entry of its kind has what the term is about.
    fn fits(&self, term: &Term) -> Option<bool>;

    /// Whether a term is one for this list.
    fn knows(term: &Term) -> bool;

    fn shape(&self, graph: &Graph<'_>) -> impl Future<Output = Result<Value, GraphError>> + Send;
}

/// How a list is asked for.
pub(super) struct ListQuery {
    pub(super) top: usize,
    /// The id before the first that is wanted.
    pub(super) after: String,
    terms: Vec<Term>,
    filter: Option<String>,
    select: Option<String>,
    count: bool,
}

impl ListQuery {
    pub(super) fn of(graph: &Graph<'_>) -> Result<Self, GraphError> {
        let query = graph.call.parts.uri.query().unwrap_or_default();
        let form = Form::parse(query.as_bytes(), &[])
            .map_err(|error| GraphError::bad(EntraError::from(error).description))?;
        for name in form.names().filter(|name| name.starts_with('$')) {
            if !["$top", "$filter", "$select", "$count", "$skiptoken", "$format"].contains(&name) {
                return Err(GraphError::unsupported(name));
            }
        }
        let top = match form.get("$top") {
            None => USUAL,
            Some(text) => match text.parse() {
                Ok(top @ 1..=MOST) => top,
                _ => return Err(GraphError::bad(format!("$top must be from 1 to {MOST}."))),
            },
        };
        let filter = form.get("$filter").map(str::to_owned);
        let parsed = filter.as_deref().map(str::parse::<Filter>).transpose();
        let parsed =
            parsed.map_err(|error| GraphError::bad(format!("Invalid $filter: {error}.")))?;
        let after = form.get("$skiptoken").unwrap_or_default().to_owned();
        if !after.is_empty() && after.parse::<Guid>().is_err() {
            return Err(GraphError::bad("$skiptoken is not one that was given here."));
        }
        Ok(Self {
            top,
            after,
            terms: parsed.map_or(Vec::new(), |filter| filter.terms().to_vec()),
            filter,
            select: form.get("$select").map(str::to_owned),
            count: form.get("$count").is_some_and(|count| count.eq_ignore_ascii_case("true")),
        })
    }

    /// For lists that have none.
    pub(super) fn check_no_filter(&self) -> Result<(), GraphError> {
        match &self.filter {
            Some(_) => Err(GraphError::unsupported("$filter of this list")),
            None => Ok(()),
        }
    }

    /// An answer of these objects, with the address of what is behind the id `next`.
    pub(super) fn reply(
        &self,
        graph: &Graph<'_>,
        context: &str,
        mut objects: Vec<Value>,
        next: Option<Guid>,
    ) -> Result<Reply, GraphError> {
        for object in &mut objects {
            select(object, self.select.as_deref());
        }
        let mut body = json!({ "@odata.context": graph.context(context) });
        if self.count {
            if next.is_some() || !self.after.is_empty() {
                let what = "$count of a list of several pages";
                return Err(GraphError::unsupported(what));
            }
            body["@odata.count"] = json!(objects.len());
        }
        if let Some(next) = next {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("$skiptoken", &next.to_string());
            query.append_pair("$top", &self.top.to_string());
            for (name, value) in [("$filter", &self.filter), ("$select", &self.select)] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            let path = graph.call.parts.uri.path();
            let next = format!("{}{path}?{}", graph.call.base, query.finish());
            body["@odata.nextLink"] = json!(next);
        }
        body["value"] = json!(objects);
        Ok(Reply::Found(body))
    }
}

/// `GET /graph/v1.0/{set}`
pub(super) async fn list<T: Listed>(graph: &Graph<'_>) -> Result<Reply, GraphError> {
    let query = ListQuery::of(graph)?;
    if let Some(term) = query.terms.iter().find(|term| !T::knows(term)) {
        return Err(GraphError::unsupported(&format!("$filter={term} of {}", T::SET)));
    }
    let (found, next) = find::<T>(graph.directory(), &query).await?;
    let mut objects = Vec::with_capacity(found.len());
    for one in found {
        objects.push(one.shape(graph).await?);
    }
    query.reply(graph, T::SET, objects, next)
}

/// What the query asks for, and the id behind which there may be more.
async fn find<T: Listed>(
    directory: &Directory,
    query: &ListQuery,
) -> Result<(Vec<T>, Option<Guid>), DbError> {
    for (at, term) in query.terms.iter().enumerate() {
        if let Some(mut found) = T::find(directory, term).await? {
            let others = || query.terms.iter().enumerate().filter(|(other, _)| *other != at);
            found.retain(|one| others().all(|(_, term)| one.fits(term) == Some(true)));
            found.retain(|one| query.after.is_empty() || one.id().to_string() > query.after);
            let more = found.len() > query.top;
            found.truncate(query.top);
            let next = more.then(|| found.last().map(T::id)).flatten();
            return Ok((found, next));
        }
    }
    walk(directory, query, |one: &T| query.terms.iter().all(|term| one.fits(term) == Some(true)))
        .await
}

/// What fits, behind where the query is.
pub(super) async fn walk<T: Listed>(
    directory: &Directory,
    query: &ListQuery,
    fits: impl Fn(&T) -> bool + Send,
) -> Result<(Vec<T>, Option<Guid>), DbError> {
    let limit = if query.terms.is_empty() { query.top } else { READ };
    let (mut found, mut after) = (Vec::new(), query.after.clone());
    let mut last = None;
    for _ in 0..READS {
        let Page { items, more } = T::page(directory, &after, limit).await?;
        let whole = items.len();
        for (at, one) in items.into_iter().enumerate() {
            last = Some(one.id());
            if fits(&one) {
                found.push(one);
            }
            if found.len() == query.top {
                return Ok((found, last.filter(|_| more || at + 1 < whole)));
            }
        }
        match last {
            Some(id) if more => after = id.to_string(),
            _ => return Ok((found, None)),
        }
    }
    Ok((found, last))
}

/// The texts are the same but for the case of letters.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

pub(super) fn starts(text: &str, beginning: &str) -> bool {
    text.to_lowercase().starts_with(&beginning.to_lowercase())
}
