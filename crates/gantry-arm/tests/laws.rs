//! Laws over generated input: what prints parses back, scopes are ordered by what they
//! contain, sets of names are an algebra, and conditions mean what a slow and obvious
//! evaluator says they mean.

use gantry_arm::{
    ActionPattern, Attributes, Condition, ConditionError, Exactness, Filter, FilterError, Guid,
    NameRanges, ResourceId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

// === resource ids ===

/// Few names and words, so that ids of one draw are often within each other.
fn resource_id() -> impl Strategy<Value = String> {
    let scope = prop_oneof![
        Just(String::new()),
        Just("/subscriptions/00000000-0000-0000-0000-00000000000a".to_owned()),
        Just("/SUBSCRIPTIONS/00000000-0000-0000-0000-00000000000A".to_owned()),
        Just("/subscriptions/00000000-0000-0000-0000-00000000000a/resourcegroups/A".to_owned()),
        Just("/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/ab".to_owned()),
    ];
    let pair = "/(a|A|ab|providers\\.x)/(a|B|ab|providers)";
    let provider = ("/(providers|PROVIDERS)/(a|Ab\\.c)", vec(pair, 1..3))
        .prop_map(|(provider, pairs)| provider + &pairs.concat());
    (scope, vec(provider, 0..3)).prop_map(|(scope, providers)| {
        let id = scope + &providers.concat();
        if id.is_empty() { "/".into() } else { id }
    })
}

proptest! {
    #[test]
    fn ids_round_trip_and_ignore_case(text in resource_id()) {
        let id: ResourceId = text.parse().unwrap();
        prop_assert!(id.as_str().eq_ignore_ascii_case(&text));
        let again: ResourceId = id.to_string().parse().unwrap();
        prop_assert_eq!(again.as_str(), id.as_str());
        prop_assert_eq!(text.to_uppercase().parse::<ResourceId>().unwrap(), id.clone());
        prop_assert_eq!(text.to_lowercase().parse::<ResourceId>().unwrap(), id);
    }

    #[test]
    fn containing_is_a_partial_order(
        a in resource_id(), b in resource_id(), c in resource_id(),
    ) {
        let [a, b, c]: [ResourceId; 3] = [a, b, c].map(|text| text.parse().unwrap());
        prop_assert!(a.contains(&a) && ResourceId::root().contains(&a));
        prop_assert_eq!(a.contains(&b) && b.contains(&a), a == b);
        prop_assert!(!(a.contains(&b) && b.contains(&c)) || a.contains(&c));
        prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
    }

    #[test]
    fn a_parent_is_the_nearest_that_contains(text in resource_id(), other in resource_id()) {
        let id: ResourceId = text.parse().unwrap();
        let other: ResourceId = other.parse().unwrap();
        match id.parent() {
            Some(parent) => {
                prop_assert!(parent.contains(&id) && parent != id);
                prop_assert_eq!(parent.as_str().parse::<ResourceId>().unwrap(), parent.clone());
                // What contains the id, but isn't it, contains its parent.
                prop_assert_eq!(other.contains(&id) && other != id, other.contains(&parent));
            }
            None => prop_assert_eq!(id, ResourceId::root()),
        }
    }

    #[test]
    fn guids_round_trip(bytes: [u8; 16]) {
        let guid = Guid::from_bytes(bytes);
        prop_assert_eq!(guid.to_string().parse(), Ok(guid));
        prop_assert_eq!(guid.to_string().to_uppercase().parse(), Ok(guid));
    }

    #[test]
    fn any_text_that_parses_prints_the_same(
        text in "[a-z*/._-]{0,12}|.{0,12}",
    ) {
        if let Ok(pattern) = text.parse::<ActionPattern>() {
            prop_assert_eq!(pattern.to_string(), &*text);
        }
        if let Ok(id) = text.parse::<ResourceId>() {
            prop_assert!(id.as_str().eq_ignore_ascii_case(&text));
        }
        let _ = Condition::parse(&text);
    }

    #[test]
    fn filters_round_trip(texts in vec("[a' é]{0,4}", 1..4), spaces in " {1,2}") {
        let terms: Vec<_> = texts.iter().enumerate().map(|(i, text)| {
            let quoted = format!("'{}'", text.replace('\'', "''"));
            match i {
                0 => format!("roleName{spaces}eq{spaces}{quoted}"),
                1 => format!("startswith(displayName,{spaces}{quoted})"),
                _ => format!("assignedTo({quoted})"),
            }
        }).collect();
        let filter: Filter = terms.join(" and ").parse().unwrap();
        prop_assert_eq!(filter.terms().len(), texts.len());
        prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
    }

    #[test]
    fn no_text_makes_a_filter_stumble(text in "(eq|and|roleName|atScope|'|\\(|\\)| |é|[a-z]){0,12}") {
        match text.parse::<Filter>() {
            Ok(filter) => prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter)),
            Err(FilterError::Expected(_, at) | FilterError::Unterminated(at)) => {
                prop_assert!(at <= text.len());
            }
            Err(_) => {}
        }
    }
}

// === action patterns ===

/// The obvious matcher, which tries everything.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|at| wild(rest, &text[at..])),
        [first, rest @ ..] => {
            text.first().is_some_and(|b| b.eq_ignore_ascii_case(first)) && wild(rest, &text[1..])
        }
    }
}

proptest! {
    #[test]
    fn action_patterns_match_as_the_obvious_matcher(
        pattern in "[ab*/B]{1,8}", action in "[abA/]{0,10}",
    ) {
        let parsed: ActionPattern = pattern.parse().unwrap();
        prop_assert_eq!(
            parsed.matches(&action),
            wild(pattern.as_bytes(), action.as_bytes()),
            "{} on {}", pattern, action
        );
    }
}

// === sets of names ===

const NAMES: &str = "[ab][ab./_-]{0,3}";

fn ranges() -> impl Strategy<Value = NameRanges> {
    let one = (NAMES, any::<bool>(), any::<bool>()).prop_map(|(text, is_prefix, negate)| {
        let ranges = if is_prefix { NameRanges::prefix(&text) } else { NameRanges::exact(&text) };
        if negate { ranges.complement() } else { ranges }
    });
    vec((one, any::<bool>()), 0..5).prop_map(|parts| {
        parts.into_iter().fold(NameRanges::none(), |all, (part, join)| {
            if join { all.union(&part) } else { all.intersection(&part) }
        })
    })
}

proptest! {
    #[test]
    fn sets_of_names_are_an_algebra(a in ranges(), b in ranges(), name in NAMES) {
        let (in_a, in_b) = (a.contains(&name), b.contains(&name));
        prop_assert_eq!(a.union(&b).contains(&name), in_a || in_b);
        prop_assert_eq!(a.intersection(&b).contains(&name), in_a && in_b);
        prop_assert_eq!(a.complement().contains(&name), !in_a);
        prop_assert_eq!(a.complement().complement(), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(
            a.union(&b).complement(),
            a.complement().intersection(&b.complement())
        );
        prop_assert_eq!(a.iter().any(|range| range.contains(&name)), in_a);
    }

    #[test]
    fn ranges_are_in_order_and_apart(a in ranges(), b in ranges()) {
        for set in [a.union(&b), a.intersection(&b), a.complement()] {
            let ranges: Vec<_> = set.iter().collect();
            for range in &ranges {
                prop_assert!(range.until().is_none_or(|until| range.from() < until));
            }
            for pair in ranges.windows(2) {
                prop_assert!(pair[0].until().is_some_and(|until| until < pair[1].from()));
            }
        }
    }
}

// === conditions ===

const READ: &str = "Microsoft.ContainerRegistry/registries/repositories/content/read";

/// A condition as the test sees it: with its own printer and its own evaluator.
#[derive(Clone, Debug)]
enum Tree {
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Action(&'static str),
    Exists(Is),
    Compare {
        left: Is,
        quantifier: Option<&'static str>,
        operator: &'static str,
        right: Vec<String>,
    },
    Reversed {
        text: String,
        operator: &'static str,
    },
    SubOperation,
}

#[derive(Clone, Copy, Debug)]
enum Is {
    Name,
    Unknown,
}

const OPERATORS: [&str; 12] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringStartsWith",
    "StringNotStartsWith",
    "StringStartsWithIgnoreCase",
    "StringNotStartsWithIgnoreCase",
    "StringLike",
    "StringNotLike",
    "StringLikeIgnoreCase",
    "StringNotLikeIgnoreCase",
];
const QUANTIFIERS: [&str; 4] =
    ["ForAnyOfAnyValues", "ForAllOfAnyValues", "ForAnyOfAllValues", "ForAllOfAllValues"];

fn tree() -> impl Strategy<Value = Tree> {
    let is = || prop_oneof![4 => Just(Is::Name), 1 => Just(Is::Unknown)];
    let value = || r"[abAB/]{0,3}|[ab*?]{1,4}|[ab]{1,2}\*|a\\[*?'b\\]";
    let operator = || select(OPERATORS.to_vec());
    let one = (is(), operator(), value()).prop_map(|(left, operator, text)| Tree::Compare {
        left,
        quantifier: None,
        operator,
        right: vec![text],
    });
    let several = (is(), select(QUANTIFIERS.to_vec()), operator(), vec(value(), 1..4)).prop_map(
        |(left, quantifier, operator, right)| Tree::Compare {
            left,
            quantifier: Some(quantifier),
            operator,
            right,
        },
    );
    let action = select(vec![READ, "*/read", "*/write", "MICROSOFT.*", "x"]);
    let leaf = prop_oneof![
        6 => one,
        3 => several,
        2 => action.prop_map(Tree::Action),
        1 => is().prop_map(Tree::Exists),
        1 => (value(), operator()).prop_map(|(text, operator)| Tree::Reversed { text, operator }),
        1 => Just(Tree::SubOperation),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|a| Tree::Not(Box::new(a))),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::And(Box::new(a), Box::new(b))),
            1 => (inner.clone(), inner).prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
        ]
    })
}

/// Writes a tree with only the parentheses that precedence asks for; `around` is how close
/// what is around it binds.
fn write(tree: &Tree, around: u8) -> String {
    let is = |is: &Is| match is {
        Is::Name => "@Request[Microsoft.ContainerRegistry/registries/repositories:name]",
        Is::Unknown => "@Principal[Microsoft.Directory/x:y]",
    };
    let (own, text) = match tree {
        Tree::Not(a) => (2, format!("NOT {}", write(a, 2))),
        Tree::And(a, b) => (1, format!("{} && {}", write(a, 1), write(b, 1))),
        Tree::Or(a, b) => (0, format!("{}\nor {}", write(a, 0), write(b, 0))),
        Tree::Action(pattern) => (2, format!("ActionMatches{{'{pattern}'}}")),
        Tree::SubOperation => (2, "SubOperationMatches{'x'}".into()),
        Tree::Exists(attribute) => (2, format!("exists {}", is(attribute))),
        Tree::Reversed { text, operator } => (2, format!("'{text}' {operator} {}", is(&Is::Name))),
        Tree::Compare { left, quantifier: None, operator, right } => {
            (2, format!("{} {operator} '{}'", is(left), right[0]))
        }
        Tree::Compare { left, quantifier: Some(quantifier), operator, right } => {
            let texts: Vec<_> = right.iter().map(|text| format!("'{text}'")).collect();
            (2, format!("{} {quantifier}:{operator} {{{}}}", is(left), texts.join(",")))
        }
    };
    if own < around { format!("({text})") } else { text }
}

/// What a tree is: `None` if unknown.
fn meaning(tree: &Tree, name: &str) -> Option<bool> {
    match tree {
        Tree::Not(a) => meaning(a, name).map(|value| !value),
        Tree::And(a, b) => match (meaning(a, name), meaning(b, name)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Tree::Or(a, b) => match (meaning(a, name), meaning(b, name)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Tree::Action(pattern) => Some(wild(pattern.as_bytes(), READ.as_bytes())),
        Tree::SubOperation | Tree::Exists(Is::Unknown) => None,
        Tree::Exists(Is::Name) => Some(true),
        Tree::Compare { left: Is::Unknown, .. } => None,
        Tree::Reversed { text, operator } => Some(compare(operator, &unquote(text), name)),
        Tree::Compare { left: Is::Name, quantifier, operator, right } => {
            let mut values = right.iter().map(|text| compare(operator, name, &unquote(text)));
            Some(match quantifier {
                Some(quantifier) if quantifier.ends_with("AllValues") => values.all(|v| v),
                _ => values.any(|v| v),
            })
        }
    }
}

fn unquote(text: &str) -> String {
    text.replace(r"\'", "'")
}

fn compare(operator: &str, left: &str, right: &str) -> bool {
    if let Some(operator) = operator.strip_suffix("IgnoreCase") {
        return compare(operator, &left.to_ascii_lowercase(), &right.to_ascii_lowercase());
    }
    match operator {
        "StringEquals" => left == right,
        "StringStartsWith" => left.starts_with(right),
        "StringLike" => like(right, left),
        negated => !compare(&negated.replace("Not", ""), left, right),
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    let behind = |text: &str| text.chars().next().map(|c| text[c.len_utf8()..].to_owned());
    let is = |wanted: char, rest: &str| {
        text.starts_with(wanted) && like(rest, &text[wanted.len_utf8()..])
    };
    match first {
        '*' => like(rest, text) || behind(text).is_some_and(|text| like(pattern, &text)),
        '?' => behind(text).is_some_and(|text| like(rest, &text)),
        '\\' if rest.starts_with(['*', '?', '\\']) => {
            text.as_bytes().first() == rest.as_bytes().first() && like(&rest[1..], &text[1..])
        }
        literal => is(literal, rest),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2000)))]

    #[test]
    fn conditions_mean_what_the_obvious_evaluator_says(
        tree in tree(), name in "[ab](/?[ab]){0,3}",
    ) {
        let text = write(&tree, 0);
        let condition = Condition::parse(&text).unwrap();
        let holds = condition.holds(&Attributes { action: READ, repository: Some(&name) });
        prop_assert_eq!(holds, meaning(&tree, &name) == Some(true), "{} on {}", text, name);
    }

    #[test]
    fn conditions_round_trip(tree in tree()) {
        let condition = Condition::parse(&write(&tree, 0)).unwrap();
        let printed = condition.to_string();
        match Condition::parse(&printed) {
            Ok(again) => {
                prop_assert_eq!(&again, &condition);
                prop_assert_eq!(again.to_string(), printed);
            }
            Err(error) => prop_assert_eq!(error, ConditionError::TooLong),
        }
    }

    #[test]
    fn every_name_for_which_a_condition_holds_is_in_its_ranges(
        tree in tree(), names in vec("[ab](/?[ab]){0,3}", 1..8),
    ) {
        let condition = Condition::parse(&write(&tree, 0)).unwrap();
        let found = condition.names(READ);
        for name in &names {
            let holds = condition.holds(&Attributes { action: READ, repository: Some(name) });
            let within = found.ranges.contains(name);
            prop_assert!(within || !holds, "{} on {}", condition, name);
            if found.exactness == Exactness::Exact {
                prop_assert_eq!(within, holds, "{} on {}", condition, name);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_stumble(
        text in r"(\(|\)|!|NOT |AND | OR |@Request\[x\]|Exists |StringLike |\{|\}|'a'|'|,|\\|ActionMatches|ForAnyOfAnyValues:|é| ){0,16}",
    ) {
        if let Ok(condition) = Condition::parse(&text) {
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
        }
    }
}
