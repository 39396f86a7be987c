//! The `$filter`s that Azure's clients send.

use std::fmt::{self, Display, Write};
use std::str::FromStr;

/// A filter of a list, such as `roleName eq 'AcrPull' and atScope()`: terms that must all
/// be true.
///
/// It is the small part of OData (4.01, "URL Conventions", 5.1.1) that Azure's command
/// line and SDKs send, with texts as the only values. Words are read in either case. What
/// else OData has is refused: a list that ignored a filter would show too much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter(Vec<Term>);

/// A term of a [`Filter`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    /// `field eq 'text'`
    Equals(Field, Box<str>),
    /// `field ge 'text'`
    AtLeast(Field, Box<str>),
    /// `field le 'text'`
    AtMost(Field, Box<str>),
    /// `startswith(field,'text')`
    StartsWith(Field, Box<str>),
    /// `servicePrincipalNames/any(c:c eq 'text')`: one of the names is the text.
    HasServicePrincipalName(Box<str>),
    /// `identifierUris/any(s:s eq 'text')`: one of the application's names is the text.
    HasIdentifierUri(Box<str>),
    /// `atScope()`: at the scope that was asked and above, but not below.
    AtScope,
    /// `assignedTo('principal')`: to the principal or a group that it is in.
    AssignedTo(Box<str>),
}

/// A field that a [`Filter`] can be about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// `appId` of a service principal.
    AppId,
    /// `caller` of an event.
    Caller,
    /// `correlationId` of an event.
    CorrelationId,
    /// `displayName` of a user, group or service principal.
    DisplayName,
    /// `mail` of a user.
    Mail,
    /// `mailNickname` of a user or group.
    MailNickname,
    /// `eventChannels` of an event.
    EventChannels,
    /// `eventTimestamp` of an event.
    EventTimestamp,
    /// `levels` of an event.
    Levels,
    /// `location` of a resource.
    Location,
    /// `name` of a resource.
    Name,
    /// `principalId` of a role assignment.
    PrincipalId,
    /// `resourceGroup` of a resource.
    ResourceGroup,
    /// `resourceGroupName` of an event.
    ResourceGroupName,
    /// `resourceProvider` of an event.
    ResourceProvider,
    /// `resourceUri` of an event.
    ResourceUri,
    /// `resourceId` of an event.
    ResourceId,
    /// `resourceType` of a resource.
    ResourceType,
    /// `roleName` of a role definition.
    RoleName,
    /// `status` of an event.
    Status,
    /// `tagName` of a resource: it has a tag of that name.
    TagName,
    /// `tagValue` of a resource: the tag that `tagName` names has it.
    TagValue,
    /// `type` of a role definition: `BuiltInRole` or `CustomRole`.
    Type,
    /// `userPrincipalName` of a user.
    UserPrincipalName,
}

/// Why a text is no [`Filter`]. Places are bytes from its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FilterError {
    /// Longer than [`Filter::MAX_LEN`] bytes.
    #[error("filter is longer than 2048 bytes")]
    TooLong,
    /// More than [`Filter::MAX_TERMS`] terms.
    #[error("filter has more than 16 terms")]
    TooMany,
    /// Something else than what is understood in this place.
    #[error("filter: expected {0} at {1}")]
    Expected(&'static str, usize),
    /// A text without a closing quote.
    #[error("filter: the text that begins at {0} doesn't end")]
    Unterminated(usize),
}

impl Filter {
    /// The length of the longest filter, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// The most terms that a filter has.
    pub const MAX_TERMS: usize = 16;

    /// The terms, in order; there is at least one.
    pub fn terms(&self) -> &[Term] {
        &self.0
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.len() > Self::MAX_LEN {
            return Err(FilterError::TooLong);
        }
        let mut parser = Parser { text, at: 0 };
        let mut terms = vec![parser.term()?];
        loop {
            parser.skip_spaces();
            if parser.at == text.len() {
                return Ok(Self(terms));
            }
            let at = parser.at;
            if !parser.word().eq_ignore_ascii_case("and") {
                return Err(FilterError::Expected("`and`", at));
            }
            if terms.len() == Self::MAX_TERMS {
                return Err(FilterError::TooMany);
            }
            terms.push(parser.term()?);
        }
    }
}

/// A term of a field and the text that it is compared with.
type Comparison = fn(Field, Box<str>) -> Term;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn term(&mut self) -> Result<Term, FilterError> {
        self.skip_spaces();
        let at = self.at;
        let word = self.word();
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        if is("atScope") {
            self.expect("(")?;
            self.expect(")")?;
            Ok(Term::AtScope)
        } else if is("assignedTo") {
            self.expect("(")?;
            let principal = self.quoted()?;
            self.expect(")")?;
            Ok(Term::AssignedTo(principal))
        } else if is("startswith") {
            self.expect("(")?;
            let field = self.field()?;
            self.expect(",")?;
            let text = self.quoted()?;
            self.expect(")")?;
            Ok(Term::StartsWith(field, text))
        } else if is("servicePrincipalNames") {
            self.any_name().map(Term::HasServicePrincipalName)
        } else if is("identifierUris") {
            self.any_name().map(Term::HasIdentifierUri)
        } else {
            self.at = at;
            let field = self.field()?;
            let compare = self.comparison()?;
            Ok(compare(field, self.value()?))
        }
    }

    /// `/any(c:c eq 'text')`, with whatever variable.
    fn any_name(&mut self) -> Result<Box<str>, FilterError> {
        self.expect("/")?;
        if !self.word().eq_ignore_ascii_case("any") {
            return Err(FilterError::Expected("`any`", self.at));
        }
        self.expect("(")?;
        let (variable, at) = (self.word(), self.at);
        self.expect(":")?;
        if variable.is_empty() || self.word() != variable {
            return Err(FilterError::Expected("a variable and `:` and the same again", at));
        }
        self.equals()?;
        let text = self.quoted()?;
        self.expect(")")?;
        Ok(text)
    }

    fn field(&mut self) -> Result<Field, FilterError> {
        self.skip_spaces();
        let (at, word) = (self.at, self.word());
        let known = Field::EACH.into_iter().find(|f| f.as_str().eq_ignore_ascii_case(word));
        known.ok_or(FilterError::Expected(FIELDS, at))
    }

    fn comparison(&mut self) -> Result<Comparison, FilterError> {
        self.skip_spaces();
        let at = self.at;
        match self.word().to_ascii_lowercase().as_str() {
            "eq" => Ok(Term::Equals),
            "ge" => Ok(Term::AtLeast),
            "le" => Ok(Term::AtMost),
            _ => Err(FilterError::Expected("`eq`, `ge` or `le`", at)),
        }
    }

    fn equals(&mut self) -> Result<(), FilterError> {
        self.skip_spaces();
        let at = self.at;
        let is_equals = self.word().eq_ignore_ascii_case("eq");
        is_equals.then_some(()).ok_or(FilterError::Expected("`eq`", at))
    }

    /// A text in single quotes, or a moment without, which is the only other value that clients send.
    fn value(&mut self) -> Result<Box<str>, FilterError> {
        self.skip_spaces();
        let rest = &self.text[self.at..];
        if !rest.starts_with(|first: char| first.is_ascii_digit()) {
            return self.quoted();
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-:.+".contains(&b);
        let len = rest.bytes().position(|b| !plain(b)).unwrap_or(rest.len());
        self.at += len;
        Ok(rest[..len].into())
    }

    /// A text in single quotes, in which two of them are one.
    fn quoted(&mut self) -> Result<Box<str>, FilterError> {
        self.skip_spaces();
        let begins = self.at;
        self.expect("'").map_err(|_| FilterError::Expected("a text in single quotes", begins))?;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find('\'').ok_or(FilterError::Unterminated(begins))?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.text[self.at..].starts_with('\'') {
                return Ok(text.into());
            }
            text.push('\'');
            self.at += 1;
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = &self.text[self.at..];
        let len = rest.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), FilterError> {
        self.skip_spaces();
        if !self.text[self.at..].starts_with(symbol) {
            return Err(FilterError::Expected(symbol, self.at));
        }
        self.at += symbol.len();
        Ok(())
    }

    fn skip_spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }
}

const FIELDS: &str = "atScope(), assignedTo('…'), startswith(…), servicePrincipalNames/any(…), \
    identifierUris/any(…), or one of the fields that can be filtered by";

impl Field {
    /// All fields.
    pub const EACH: [Self; 24] = [
        Self::AppId,
        Self::Caller,
        Self::CorrelationId,
        Self::EventChannels,
        Self::EventTimestamp,
        Self::Levels,
        Self::ResourceGroupName,
        Self::ResourceProvider,
        Self::ResourceUri,
        Self::ResourceId,
        Self::Status,
        Self::DisplayName,
        Self::Mail,
        Self::MailNickname,
        Self::Location,
        Self::Name,
        Self::PrincipalId,
        Self::ResourceGroup,
        Self::ResourceType,
        Self::RoleName,
        Self::TagName,
        Self::TagValue,
        Self::Type,
        Self::UserPrincipalName,
    ];

    /// The field's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppId => "appId",
            Self::Caller => "caller",
            Self::CorrelationId => "correlationId",
            Self::EventChannels => "eventChannels",
            Self::EventTimestamp => "eventTimestamp",
            Self::Levels => "levels",
            Self::ResourceGroupName => "resourceGroupName",
            Self::ResourceProvider => "resourceProvider",
            Self::ResourceId => "resourceId",
            Self::ResourceUri => "resourceUri",
            Self::Status => "status",
            Self::DisplayName => "displayName",
            Self::Mail => "mail",
            Self::MailNickname => "mailNickname",
            Self::Location => "location",
            Self::Name => "name",
            Self::PrincipalId => "principalId",
            Self::ResourceGroup => "resourceGroup",
            Self::ResourceType => "resourceType",
            Self::RoleName => "roleName",
            Self::TagName => "tagName",
            Self::TagValue => "tagValue",
            Self::Type => "type",
            Self::UserPrincipalName => "userPrincipalName",
        }
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" and ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(field, text) => write!(f, "{} eq {}", field.as_str(), Quoted(text)),
            Self::AtLeast(field, text) => write!(f, "{} ge {}", field.as_str(), Quoted(text)),
            Self::AtMost(field, text) => write!(f, "{} le {}", field.as_str(), Quoted(text)),
            Self::StartsWith(field, text) => {
                write!(f, "startswith({},{})", field.as_str(), Quoted(text))
            }
            Self::HasServicePrincipalName(text) => {
                write!(f, "servicePrincipalNames/any(c:c eq {})", Quoted(text))
            }
            Self::HasIdentifierUri(text) => {
                write!(f, "identifierUris/any(s:s eq {})", Quoted(text))
            }
            Self::AtScope => f.write_str("atScope()"),
            Self::AssignedTo(text) => write!(f, "assignedTo({})", Quoted(text)),
        }
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        f.write_str(&self.0.replace('\'', "''"))?;
        f.write_char('\'')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_needs_no_quotes() {
        let bare = "eventTimestamp ge 2026-11-30T15:16:03.5Z and eventTimestamp le 2026-12-01";
        let quoted =
            "eventTimestamp ge '2026-11-30T15:16:03.5Z' and eventTimestamp le '2026-12-01'";
        assert_eq!(bare.parse::<Filter>().unwrap().to_string(), quoted);
    }

    #[test]
    fn what_azures_clients_send_parses() {
        use Term::*;
        let app = "11111111-2222-3333-4444-555555555555";
        for (text, terms) in [
            (
                "resourceType eq 'Microsoft.ContainerRegistry/registries'".to_owned(),
                vec![Equals(Field::ResourceType, "Microsoft.ContainerRegistry/registries".into())],
            ),
            ("roleName eq 'AcrPull'".into(), vec![Equals(Field::RoleName, "AcrPull".into())]),
            ("type eq 'CustomRole'".into(), vec![Equals(Field::Type, "CustomRole".into())]),
            ("atScope()".into(), vec![AtScope]),
            (format!("principalId eq '{app}'"), vec![Equals(Field::PrincipalId, app.into())]),
            (format!("assignedTo('{app}')"), vec![AssignedTo(app.into())]),
            ("displayName eq 'O''Neil'".into(), vec![Equals(Field::DisplayName, "O'Neil".into())]),
            (
                "userPrincipalName eq 'a@b.c'".into(),
                vec![Equals(Field::UserPrincipalName, "a@b.c".into())],
            ),
            (format!("appId eq '{app}'"), vec![Equals(Field::AppId, app.into())]),
            (
                "startswith(displayName,'x')".into(),
                vec![StartsWith(Field::DisplayName, "x".into())],
            ),
            (
                format!("servicePrincipalNames/any(c:c eq '{app}')"),
                vec![HasServicePrincipalName(app.into())],
            ),
            (
                "identifierUris/any(s:s eq 'api://x')".into(),
                vec![HasIdentifierUri("api://x".into())],
            ),
            (
                "displayName eq 'a' and mailNickname eq 'b' and mail eq 'c@d'".into(),
                vec![
                    Equals(Field::DisplayName, "a".into()),
                    Equals(Field::MailNickname, "b".into()),
                    Equals(Field::Mail, "c@d".into()),
                ],
            ),
            (
                format!("atScope() and principalId eq '{app}' and type eq ''"),
                vec![
                    AtScope,
                    Equals(Field::PrincipalId, app.into()),
                    Equals(Field::Type, "".into()),
                ],
            ),
        ] {
            let filter: Filter = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(filter.terms(), terms, "{text}");
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn case_and_spaces_of_words_do_not_count() {
        for (text, printed) in [
            ("  ROLENAME  EQ  'AcrPull'  ", "roleName eq 'AcrPull'"),
            ("startsWith( displayName , ' x' )", "startswith(displayName,' x')"),
            ("ATSCOPE ( ) AND type eq'and'", "atScope() and type eq 'and'"),
            (
                "servicePrincipalNames/any( x : x eq 'é''' )",
                "servicePrincipalNames/any(c:c eq 'é''')",
            ),
        ] {
            let filter: Filter = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(filter.to_string(), printed);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        use FilterError::*;
        for (text, reason) in [
            ("", Expected(FIELDS, 0)),
            ("   ", Expected(FIELDS, 3)),
            ("invented eq 'x'", Expected(FIELDS, 0)),
            ("'x' eq roleName", Expected(FIELDS, 0)),
            ("(atScope())", Expected(FIELDS, 0)),
            ("not atScope()", Expected(FIELDS, 0)),
            ("roleName ne 'x'", Expected("`eq`, `ge` or `le`", 9)),
            ("roleName eq x", Expected("a text in single quotes", 12)),
            ("roleName eq \"x\"", Expected("a text in single quotes", 12)),
            ("roleName eq 'x", Unterminated(12)),
            ("roleName eq 'x''", Unterminated(12)),
            ("roleName eq 'x' or atScope()", Expected("`and`", 16)),
            ("roleName eq 'x' and", Expected(FIELDS, 19)),
            ("atScope", Expected("(", 7)),
            ("atScope(", Expected(")", 8)),
            ("atScope()é", Expected("`and`", 9)),
            ("startswith(else,'x')", Expected(FIELDS, 11)),
            ("servicePrincipalNames eq 'x'", Expected("/", 22)),
        ] {
            assert_eq!(text.parse::<Filter>(), Err(reason), "{text:?}");
        }
        assert!("servicePrincipalNames/any(c:d eq 'x')".parse::<Filter>().is_err());
        let terms = |count| vec!["atScope()"; count].join(" and ");
        assert_eq!(terms(16).parse::<Filter>().unwrap().terms().len(), 16);
        assert_eq!(terms(17).parse::<Filter>(), Err(TooMany));
        assert_eq!(format!("roleName eq '{}'", "x".repeat(2048)).parse::<Filter>(), Err(TooLong));
    }
}
