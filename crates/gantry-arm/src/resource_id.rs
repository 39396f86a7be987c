//! Resource ids: what ARM's paths, scopes and references name.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::text::serde_as_text;
use crate::{Guid, GuidError};

/// The id of a resource or a scope (Azure Resource Manager, "Resource id").
///
/// One of `/` (the tenant), `/subscriptions/{guid}`,
/// `/subscriptions/{guid}/resourceGroups/{name}`, or any of these with
/// `/providers/{namespace}/{type}/{name}[/{type}/{name}…]` behind it. More than one
/// such part makes an extension resource, such as a role assignment on a registry.
///
/// Ids compare, order and hash without the case of letters. They print the names as
/// they were written; the words `subscriptions`, `resourceGroups` and `providers` in
/// ARM's own spelling, and the subscription's GUID in lower case. All of it is ASCII,
/// at most [`ResourceId::MAX_LEN`] bytes.
#[derive(Clone)]
pub struct ResourceId(Arc<str>);

/// Why a text is no [`ResourceId`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResourceIdError {
    /// Longer than [`ResourceId::MAX_LEN`] bytes.
    #[error("resource id is longer than 2048 bytes")]
    TooLong,
    /// No slash at the start.
    #[error("resource id must begin with `/`")]
    NoSlash,
    /// Two slashes in a row, or one at the end.
    #[error("resource id has an empty segment")]
    EmptySegment,
    /// Another word than the grammar has in this place.
    #[error("resource id has {0:?} where {1} must be")]
    Unexpected(Box<str>, &'static str),
    /// Nothing where something must follow.
    #[error("resource id ends where {0} must follow")]
    Incomplete(&'static str),
    /// A subscription's id that is no GUID.
    #[error("subscription id: {0}")]
    Subscription(GuidError),
    /// A name that ARM doesn't allow.
    #[error("{0:?} can't be {1}")]
    Name(Box<str>, &'static str),
}

const SUBSCRIPTIONS: &str = "subscriptions";
const RESOURCE_GROUPS: &str = "resourceGroups";
const PROVIDERS: &str = "providers";

impl ResourceId {
    /// The length of the longest id, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// The length of the longest name of a resource, in bytes.
    pub const MAX_NAME_LEN: usize = 260;

    /// The tenant's own scope, `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id with more segments behind it, such as
    /// `/providers/Microsoft.Authorization/roleAssignments/{guid}`.
    pub fn join(&self, segments: &str) -> Result<Self, ResourceIdError> {
        format!("{}{segments}", self.0.trim_end_matches('/')).parse()
    }

    /// The subscription that it is, or is in.
    pub fn subscription(&self) -> Option<Guid> {
        let mut segments = self.segments();
        segments.next().filter(|&word| word == SUBSCRIPTIONS)?;
        segments.next()?.parse().ok()
    }

    /// The name of the resource group that it is, or is in.
    pub fn resource_group(&self) -> Option<&str> {
        // Only behind a subscription is it the word, and not a type of that name.
        self.subscription()?;
        let mut segments = self.segments().skip(2);
        segments.next().filter(|&word| word == RESOURCE_GROUPS)?;
        segments.next()
    }

    /// The last name of the id: a subscription's GUID, a resource's own name. The
    /// tenant has none.
    pub fn name(&self) -> Option<&str> {
        self.segments().next_back()
    }

    /// The type of the resource, such as `Microsoft.ContainerRegistry/registries/tokens`;
    /// scopes are of the types that `Microsoft.Resources` gives them.
    pub fn resource_type(&self) -> String {
        match self.last_provider() {
            // Behind the namespace: type, name, type, name.
            Some(at) => {
                let namespace = self.segments().skip(at + 1).take(1);
                let types = self.segments().skip(at + 2).step_by(2);
                namespace.chain(types).collect::<Vec<_>>().join("/")
            }
            None => match self.segments().count() {
                0 => "Microsoft.Resources/tenants".into(),
                2 => format!("Microsoft.Resources/{SUBSCRIPTIONS}"),
                _ => format!("Microsoft.Resources/{RESOURCE_GROUPS}"),
            },
        }
    }

    /// Whether the resource is of this type, whatever the case of its letters.
    pub fn is_type(&self, resource_type: &str) -> bool {
        self.resource_type().eq_ignore_ascii_case(resource_type)
    }

    /// What it is in: a child's parent resource, an extension's or a resource's scope, a
    /// group's subscription, a subscription's tenant. The tenant is in nothing.
    pub fn parent(&self) -> Option<Self> {
        let count = self.segments().count();
        let kept = match self.last_provider() {
            // A resource that is not another's child goes with its `providers/{namespace}`.
            Some(at) if count - at == 4 => at,
            _ => count.checked_sub(2)?,
        };
        let text: String = self.segments().take(kept).flat_map(|segment| ["/", segment]).collect();
        Some(if text.is_empty() { Self::root() } else { Self(text.into()) })
    }

    /// Whether `other` is this very scope or one within it. It goes by segments: a
    /// resource group `a` doesn't contain what is in `ab`.
    pub fn contains(&self, other: &Self) -> bool {
        let mut others = other.segments();
        self.segments().all(|own| others.next().is_some_and(|s| s.eq_ignore_ascii_case(own)))
    }

    /// The bytes by which ids compare.
    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }

    fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        // Only the tenant's id has an empty segment, and all words are canonical.
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The index of the last `providers` segment that is a word and not a name.
    fn last_provider(&self) -> Option<usize> {
        let mut places = Places::default();
        let words = self.segments().map(|segment| places.take(segment));
        let is_provider = |place: &Result<Place, _>| matches!(place, Ok(Place::Providers));
        words.enumerate().filter(|(_, place)| is_provider(place)).last().map(|(at, _)| at)
    }
}

/// What a segment is, by its place.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Tenant,
    Subscriptions,
    Subscription,
    ResourceGroups,
    ResourceGroup,
    Providers,
    Namespace,
    Type,
    Name,
}

/// Goes along the segments of an id, and knows what each may be.
#[derive(Default)]
struct Places(Place);

impl Places {
    fn take(&mut self, segment: &str) -> Result<Place, ResourceIdError> {
        use Place::*;
        let is = |word: &str| segment.eq_ignore_ascii_case(word);
        let unexpected = |wanted| Err(ResourceIdError::Unexpected(segment.into(), wanted));
        self.0 = match self.0 {
            Tenant if is(SUBSCRIPTIONS) => Subscriptions,
            Subscription if is(RESOURCE_GROUPS) => ResourceGroups,
            Tenant | Subscription | ResourceGroup | Name if is(PROVIDERS) => Providers,
            Tenant => return unexpected("`subscriptions` or `providers`"),
            Subscription => return unexpected("`resourceGroups` or `providers`"),
            ResourceGroup => return unexpected("`providers`"),
            Subscriptions => Subscription,
            ResourceGroups => named(segment, ResourceGroup, "a resource group's name", is_group)?,
            Providers => named(segment, Namespace, "a provider's namespace", is_namespace)?,
            Namespace | Name => named(segment, Type, "a resource type", is_type)?,
            Type => named(segment, Name, "a resource's name", is_name)?,
        };
        Ok(self.0)
    }

    /// Says what is missing, if an id can't end here.
    fn finish(&self) -> Result<(), ResourceIdError> {
        use Place::*;
        Err(ResourceIdError::Incomplete(match self.0 {
            Tenant | Subscription | ResourceGroup | Name => return Ok(()),
            Subscriptions => "a subscription's GUID",
            ResourceGroups => "a resource group's name",
            Providers => "a provider's namespace",
            Namespace => "a resource type",
            Type => "a resource's name",
        }))
    }
}

fn named(
    segment: &str,
    place: Place,
    what: &'static str,
    is_allowed: fn(&str) -> bool,
) -> Result<Place, ResourceIdError> {
    match is_allowed(segment) {
        true => Ok(place),
        false => Err(ResourceIdError::Name(segment.into(), what)),
    }
}

/// Azure's naming rules for resource groups, without letters beyond ASCII.
fn is_group(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.()".contains(&b);
    name.len() <= 90 && !name.ends_with('.') && name.bytes().all(is_allowed)
}

fn is_namespace(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= ResourceId::MAX_NAME_LEN && text.split('.').all(is_word)
}

fn is_type(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    text.len() <= ResourceId::MAX_NAME_LEN && text.bytes().all(is_allowed)
}

/// The resource provider contract's rules, and no `#`, which ends a URL's path. What is
/// made only of periods is no name, since names don't end in one.
fn is_name(name: &str) -> bool {
    let is_allowed = |b: u8| (b.is_ascii_graphic() || b == b' ') && !b"<>%&\\?/#".contains(&b);
    name.len() <= ResourceId::MAX_NAME_LEN
        && !name.ends_with(['.', ' '])
        && name.bytes().all(is_allowed)
}

impl FromStr for ResourceId {
    type Err = ResourceIdError;

    fn from_str(text: &str) -> Result<Self, ResourceIdError> {
        if text.len() > Self::MAX_LEN {
            return Err(ResourceIdError::TooLong);
        }
        let segments = text.strip_prefix('/').ok_or(ResourceIdError::NoSlash)?;
        if segments.is_empty() {
            return Ok(Self::root());
        }
        let mut places = Places::default();
        let mut id = String::with_capacity(text.len());
        for segment in segments.split('/') {
            if segment.is_empty() {
                return Err(ResourceIdError::EmptySegment);
            }
            id.push('/');
            match places.take(segment)? {
                Place::Subscriptions => id.push_str(SUBSCRIPTIONS),
                Place::ResourceGroups => id.push_str(RESOURCE_GROUPS),
                Place::Providers => id.push_str(PROVIDERS),
                Place::Subscription => {
                    let guid: Guid = segment.parse().map_err(ResourceIdError::Subscription)?;
                    id.push_str(&guid.to_string());
                }
                _ => id.push_str(segment),
            }
        }
        places.finish()?;
        Ok(Self(id.into()))
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| byte.hash(state));
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(ResourceId, "a resource id such as /subscriptions/{guid}");

#[cfg(test)]
mod tests;
