//! Laws over generated input: literals round trip, nothing makes a parser stumble, the same
//! template yields the same, what it yields is bounded, and the order respects dependencies.

mod support;

use gantry_arm_template::{Known, Problem, Resource, Template, TemplateError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use support::{context, template};

/// What a text of a template yields as an output.
fn yielded(text: &str) -> Result<Value, TemplateError> {
    let members = json!({ "variables": { "v": text }, "outputs": {
        "o": { "type": "array", "value": ["[variables('v')]"] },
    } });
    let deployment = template(members)?.deploy(&Value::Null, context())?;
    let outputs = deployment.outputs(&Known::new()).expect("nothing is asked for");
    Ok(outputs["o"]["value"][0].clone())
}

proptest! {
    #[test]
    fn literals_round_trip(text in "['\\[\\]a é{}()]{0,12}|.{0,20}", int: i64) {
        let quoted = format!("['{}']", text.replace('\'', "''"));
        prop_assert_eq!(yielded(&quoted), Ok(text.as_str().into()));
        let is_bracketed = text.len() > 1 && text.starts_with('[') && text.ends_with(']');
        let plain = if is_bracketed { format!("[{text}") } else { text.clone() };
        prop_assert_eq!(yielded(&plain), Ok(text.into()));
        prop_assert_eq!(yielded(&format!("[{int}]")), Ok(int.into()));
    }

    #[test]
    fn no_text_makes_the_parser_stumble(
        text in "\\[(concat|if|variables|reference|listX|format|'|\\(|\\)|\\[|\\]|,|\\.| |é|[a-z0-9-]){0,24}\\]|.{0,20}",
    ) {
        let _ = yielded(&text);
    }

    #[test]
    fn no_json_makes_a_template_stumble(template in template_like(), given in any_json()) {
        if let Ok(template) = Template::parse(&template)
            && let Ok(deployment) = template.deploy(&given, context())
        {
            for resource in deployment.resources() {
                let _ = deployment.body(resource, &Known::new());
            }
            let _ = deployment.outputs(&Known::new());
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..900).prop_map(Value::from),
        select(vec![
            "",
            "a",
            "a/b",
            "A.B/c",
            "string",
            "int",
            "2.0",
            "[copyIndex()]",
            "[variables('a')]",
            "[reference('a')]",
            "[parameters('a')]",
            "[resourceGroup().id]",
            "[concat('a', 1)]",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = select(vec![
            "a",
            "name",
            "type",
            "apiVersion",
            "copy",
            "count",
            "input",
            "value",
            "defaultValue",
            "resources",
            "dependsOn",
            "condition",
            "scope",
            "properties",
            "existing",
            "mode",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..5).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

/// Often near enough to a template that more than its reading is tried.
fn template_like() -> impl Strategy<Value = Value> {
    let resource = (any_json(), any_json(), select(vec!["a", "b", "[copyIndex()]", "a/b"]))
        .prop_map(|(body, depends_on, name)| {
            let mut resource = json!({ "type": "A.B/c", "apiVersion": "1", "name": name });
            if let Value::Object(body) = body {
                resource.as_object_mut().expect("an object").extend(body);
            }
            if depends_on.is_array() {
                resource["dependsOn"] = depends_on;
            }
            resource
        });
    (any_json(), vec(resource, 0..4), any_json(), any_json()).prop_map(
        |(variables, resources, output, extra)| {
            let mut template = json!({
                "$schema": "deploymentTemplate.json#",
                "contentVersion": "1",
                "resources": resources,
                "outputs": { "o": { "type": "object", "value": output } },
                "parameters": { "a": { "type": "int", "defaultValue": 1 } },
            });
            if variables.is_object() {
                template["variables"] = variables;
            }
            if let Value::Object(extra) = extra {
                template["metadata"] = extra.into();
            }
            template
        },
    )
}

/// Expressions of the variable before, `@`.
const GROWING: [&str; 12] = [
    "concat(@, @)",
    "createArray(@, @, @)",
    "string(createArray(@))",
    "format('{0}{0}{0}', string(@))",
    "replace(string(@), 'a', 'aaaa')",
    "union(createArray(@), range(0, 900))",
    "padLeft(string(@), 100000, 'a')",
    "createObject('a', @, 'b', @)",
    "base64(string(@))",
    "split(string(@), 'a')",
    "join(array(@), string(@))",
    "toUpper(string(@))",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_made_is_bounded_and_the_same_each_time(steps in vec(select(&GROWING[..]), 1..24)) {
        let mut variables = json!({ "v00": "a" });
        for (n, step) in steps.iter().enumerate() {
            let before = format!("variables('v{n:02}')");
            variables[format!("v{:02}", n + 1)] = format!("[{}]", step.replace('@', &before)).into();
        }
        let last = format!("[array(variables('v{:02}'))]", steps.len());
        let members = json!({
            "variables": variables,
            "outputs": { "o": { "type": "array", "value": last } },
        });
        let template = template(members).unwrap();
        let outputs = || {
            let deployment = template.deploy(&Value::Null, context())?;
            Ok::<_, TemplateError>(deployment.outputs(&Known::new()).map(|o| o.to_string()))
        };
        let made = outputs();
        prop_assert_eq!(&made, &outputs());
        if let Ok(Ok(text)) = made {
            // A character is a byte of the budget, and at most two where JSON escapes it here.
            prop_assert!(text.len() < 32 << 20);
        }
    }
}

/// Whether something can be reached from itself.
fn has_circle(depends_on: &[Vec<usize>]) -> bool {
    let mut reached: Vec<Vec<bool>> = vec![vec![false; depends_on.len()]; depends_on.len()];
    for (from, to) in
        depends_on.iter().enumerate().flat_map(|(n, to)| to.iter().map(move |t| (n, *t)))
    {
        reached[from][to] = true;
    }
    for via in 0..depends_on.len() {
        for from in 0..depends_on.len() {
            for to in 0..depends_on.len() {
                reached[from][to] |= reached[from][via] && reached[via][to];
            }
        }
    }
    (0..depends_on.len()).any(|n| reached[n][n])
}

proptest! {
    #[test]
    fn the_order_respects_every_dependency(
        edges in vec((0_usize..8, 0_usize..8, any::<bool>()), 0..12),
        left_out in vec(any::<bool>(), 8),
    ) {
        let mut depends_on = vec![Vec::new(); 8];
        let mut resources: Vec<Value> = left_out.iter().enumerate().map(|(n, left_out)| json!({
            "type": "A.B/c", "apiVersion": "1", "name": format!("r{n}"),
            "condition": !left_out, "dependsOn": [], "properties": {},
        })).collect();
        for (from, to, by_name) in edges {
            depends_on[from].push(to);
            if by_name {
                resources[from]["dependsOn"].as_array_mut().unwrap().push(format!("R{to}").into());
            } else {
                resources[from]["properties"][format!("p{to}")] = format!("[reference('r{to}')]").into();
            }
        }
        let template = template(json!({ "resources": resources })).unwrap();
        match template.deploy(&Value::Null, context()) {
            Ok(deployment) => {
                prop_assert!(!has_circle(&depends_on));
                let ids: Vec<_> = deployment.resources().iter().map(Resource::id).collect();
                prop_assert_eq!(ids.len() + deployment.left_out().len(), 8);
                for (place, resource) in deployment.resources().iter().enumerate() {
                    for needed in resource.depends_on() {
                        prop_assert!(ids[..place].contains(&needed.as_str()));
                    }
                    // What is not left out is a dependency as it was written.
                    let n: usize = resource.name()[1..].parse().unwrap();
                    for &to in depends_on[n].iter().filter(|&&to| !left_out[to]) {
                        let name = format!("/r{to}");
                        prop_assert!(resource.depends_on().iter().any(|id| id.ends_with(&name)));
                    }
                }
            }
            Err(error) => {
                let is_circle = matches!(error.problem(), Problem::ResourcesCircular(names) if names.first() == names.last());
                prop_assert!(is_circle && has_circle(&depends_on), "{}", error);
            }
        }
    }
}
