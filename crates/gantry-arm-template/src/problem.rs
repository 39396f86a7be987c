//! What can be wrong with a template or the parameters for it.

/// What is wrong with a template, the parameters for it, or an expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    // --- the template's form
    /// Something else than ARM's structure has in this place.
    #[error("Template structure is not valid: {what} must be {expected}")]
    Structure {
        /// What was read.
        what: Box<str>,
        /// What it must be.
        expected: &'static str,
    },
    /// A `$schema` of no deployment that is understood.
    #[error(
        "The schema '{0}' is not supported: templates are for deployments to a resource group or a subscription"
    )]
    Schema(Box<str>),
    /// A `$schema` of another scope than the one that is deployed to.
    #[error(
        "The template's schema is for deployments to a {schema}, but the deployment is to a {scope}"
    )]
    WrongScope {
        /// What the schema is for.
        schema: &'static str,
        /// What is deployed to.
        scope: &'static str,
    },
    /// A member that templates don't have, or not in this place.
    #[error("Could not find member '{member}' on object of type '{object}'")]
    UnknownMember {
        /// The member.
        member: Box<str>,
        /// What has no such member.
        object: &'static str,
    },
    /// A part of the language that is not understood here.
    #[error("{0} are not supported")]
    Unsupported(&'static str),
    /// More than Azure's limit.
    #[error("The {what} limit exceeded. Limit: '{limit}' and actual: '{actual}'")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The most there may be.
        limit: usize,
        /// How many there are.
        actual: usize,
    },

    // --- parameters
    /// No value for a parameter without a default.
    #[error("The value for the template parameter '{0}' is not provided")]
    ParameterMissing(Box<str>),
    /// Values for parameters that the template doesn't declare.
    #[error(
        "The template parameters '{given}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '{known}'"
    )]
    ParametersUnknown {
        /// The names given, joined.
        given: Box<str>,
        /// The names that the template has, joined.
        known: Box<str>,
    },
    /// A value of another type than the parameter's.
    #[error(
        "Template parameter JToken type is not valid. The parameter '{name}' expected '{expected}'. Actual '{actual}'"
    )]
    ParameterType {
        /// The parameter.
        name: Box<str>,
        /// Its type.
        expected: &'static str,
        /// The value's type.
        actual: &'static str,
    },
    /// A value that the parameter's constraints exclude.
    #[error("The provided value for the template parameter '{name}' is not valid. {reason}")]
    ParameterValue {
        /// The parameter.
        name: Box<str>,
        /// Which constraint, in a sentence.
        reason: Box<str>,
    },
    /// A parameter whose value is a secret in a key vault.
    #[error(
        "The template parameter '{0}' refers to a key vault, which is not supported: give its value"
    )]
    KeyVault(Box<str>),

    // --- expressions
    /// Something else than an expression has in this place.
    #[error("Unable to parse language expression: unexpected token '{found}' at {at}")]
    Unexpected {
        /// What is there.
        found: Box<str>,
        /// The byte it begins at, from the bracket.
        at: usize,
    },
    /// An expression that ends too early.
    #[error("Unable to parse language expression: it ends at {at} where more must follow")]
    Incomplete {
        /// Where it ends.
        at: usize,
    },
    /// A text without a closing quote.
    #[error("Unable to parse language expression: the text that begins at {at} doesn't end")]
    Unterminated {
        /// Where it begins.
        at: usize,
    },
    /// A function that there isn't.
    #[error("The template function '{0}' is not valid")]
    UnknownFunction(Box<str>),
    /// Too few or too many arguments.
    #[error(
        "Unable to evaluate template language function '{function}': it can't be called with {count} arguments"
    )]
    ArgumentCount {
        /// The function.
        function: Box<str>,
        /// How many there are.
        count: usize,
    },
    /// An argument of another type, or with a value that the function doesn't take.
    #[error("The template language function '{function}' expects {expected}")]
    Argument {
        /// The function.
        function: Box<str>,
        /// What it expects, and of which argument.
        expected: Box<str>,
    },
    /// A function where its values are not known yet, or never.
    #[error("The template function '{function}' is not expected at this location")]
    Misplaced {
        /// The function.
        function: Box<str>,
    },
    /// A parameter that the template doesn't declare.
    #[error("The template parameter '{0}' is not found")]
    ParameterUndefined(Box<str>),
    /// A variable that the template doesn't have.
    #[error("The template variable '{0}' is not found")]
    VariableUndefined(Box<str>),
    /// Parameters or variables whose values need each other.
    #[error("The template has a circular dependency: {}", Names(.0))]
    Circular(Vec<Box<str>>),
    /// A property that a value doesn't have.
    #[error(
        "The language expression property '{name}' doesn't exist, available properties are '{available}'"
    )]
    PropertyMissing {
        /// The property.
        name: Box<str>,
        /// Those there are, joined.
        available: Box<str>,
    },
    /// An element behind an array's end.
    #[error(
        "The language expression property array index '{index}' is out of bounds: there are {len} elements"
    )]
    OutOfBounds {
        /// The index.
        index: i64,
        /// How many there are.
        len: usize,
    },
    /// A property or element of what has none.
    #[error("The language expression property '{key}' can't be evaluated on a value of type {of}")]
    NoMember {
        /// The key.
        key: Box<str>,
        /// The value's type.
        of: &'static str,
    },
    /// A value of another type than its place asks for.
    #[error("The value of '{what}' must be {expected}, but it is of type {actual}")]
    Type {
        /// The place.
        what: Box<str>,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        actual: &'static str,
    },
    /// Values or calls within each other beyond the bound.
    #[error("The template is nested too deep")]
    TooDeep,
    /// More made than an evaluation may make.
    #[error("The evaluation of the template makes too much: its values exceed the size limit")]
    TooMuch,

    // --- resources
    /// A name that doesn't fit its type.
    #[error(
        "The template resource '{name}' for type '{resource_type}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name"
    )]
    Segments {
        /// The resource's name.
        name: Box<str>,
        /// Its type.
        resource_type: Box<str>,
    },
    /// Two resources with one id.
    #[error("The resource '{0}' is defined multiple times in a template")]
    ResourceTwice(Box<str>),
    /// A dependency, or a resource by name, that the template doesn't have.
    #[error("The resource '{0}' is not defined in the template")]
    ResourceUndefined(Box<str>),
    /// A name that several resources have, where one is meant.
    #[error("The resource '{0}' is not unique in the template: name it by its id")]
    ResourceAmbiguous(Box<str>),
    /// Resources that depend on each other.
    #[error("Circular dependency detected on resource: {}", Names(.0))]
    ResourcesCircular(Vec<Box<str>>),
    /// No API version for what is not in the template.
    #[error(
        "The template function '{function}' needs an API version for '{target}', which the template doesn't define"
    )]
    VersionMissing {
        /// The function.
        function: Box<str>,
        /// What it is about.
        target: Box<str>,
    },
    /// An output of another type than declared.
    #[error("Template output JToken type is not valid. Expected '{expected}'. Actual '{actual}'")]
    OutputType {
        /// The declared type.
        expected: &'static str,
        /// The value's.
        actual: &'static str,
    },
}

/// Names of a cycle, as `'a' -> 'b' -> 'a'`.
struct Names<'a>(&'a [Box<str>]);

impl std::fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            let arrow = if i == 0 { "" } else { " -> " };
            write!(f, "{arrow}'{name}'")?;
        }
        Ok(())
    }
}
