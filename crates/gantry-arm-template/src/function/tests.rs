//! What "ARM template functions" says each function yields, and what it refuses.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Context, DeploymentScope, Known, Problem, Subscription, Template, Unsettled};

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg";

fn context() -> Context {
    Context {
        scope: DeploymentScope::ResourceGroup {
            name: "rg".into(),
            location: "westus".into(),
            tags: json!({ "env": "test" }),
        },
        subscription: Subscription { id: Uuid::from_u128(10), display_name: "Dev".into() },
        tenant_id: Uuid::from_u128(11),
        deployment_name: "main".into(),
        environment: json!({ "name": "Gantry", "suffixes": { "acrLoginServer": ".test" } }),
        new_guid: Uuid::from_u128(12),
        utc_now: "2026-01-02T03:04:05Z".parse().unwrap(),
    }
}

/// What an expression yields as an output.
fn evaluated(expression: &str) -> Result<Value, Problem> {
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "config": { "type": "object", "defaultValue": { "a": { "B": [1, 2] }, "n": null } },
            "guid": { "type": "string", "defaultValue": "[newGuid()]" },
            "other": { "type": "string", "defaultValue": "[newGuid()]" },
            "now": { "type": "string", "defaultValue": "[utcNow('yyyy-MM-dd')]" },
        },
        "variables": { "name": "myreg", "list": ["one", "two"] },
        "resources": [],
        "outputs": { "x": { "type": "array", "value": [expression] } },
    });
    let template = Template::parse(&template).map_err(|error| error.problem().clone())?;
    let deployment = template.deploy(&Value::Null, context()).unwrap();
    match deployment.outputs(&Known::new()) {
        Ok(outputs) => Ok(outputs["x"]["value"][0].clone()),
        Err(Unsettled::Error(error)) => Err(error.problem().clone()),
        Err(Unsettled::Needed(needed)) => panic!("{needed:?}"),
    }
}

fn yields(examples: &[(&str, Value)]) {
    for (expression, value) in examples {
        let yielded = evaluated(&format!("[{expression}]"));
        assert_eq!(yielded.as_ref(), Ok(value), "{expression}");
    }
}

#[test]
fn string_functions_yield_what_is_documented() {
    yields(&[
        ("concat('prefix', '-', 5, true())", json!("prefix-5True")),
        ("concat(createArray('1-1', '1-2'), createArray('2-1'))", json!(["1-1", "1-2", "2-1"])),
        ("toLower('One Two Three')", json!("one two three")),
        ("toUpper('One Two Three')", json!("ONE TWO THREE")),
        ("trim('    one two three   ')", json!("one two three")),
        ("startsWith('abcdef', 'AB')", json!(true)),
        ("startsWith('abcdef', 'e')", json!(false)),
        ("endsWith('abcdef', 'EF')", json!(true)),
        ("replace('123-123-1234', '-', '')", json!("1231231234")),
        ("replace('123-123-1234', '1234', 'xxxx')", json!("123-123-xxxx")),
        ("substring('one two three', 4, 3)", json!("two")),
        ("substring('abc', 1)", json!("bc")),
        ("substring('abc', 3)", json!("")),
        ("split('one,two,three', ',')", json!(["one", "two", "three"])),
        ("split('one;two,three', createArray(',', ';'))", json!(["one", "two", "three"])),
        ("split('', ',')", json!([""])),
        ("split('a,', ',')", json!(["a", ""])),
        ("join(createArray('one', 'two'), ', ')", json!("one, two")),
        ("padLeft('123', 10, '0')", json!("0000000123")),
        ("padLeft(7, 3)", json!("  7")),
        ("padLeft('12345', 3)", json!("12345")),
        ("indexOf('abcdef', 'CD')", json!(2)),
        ("indexOf('abcdef', 'z')", json!(-1)),
        ("indexOf(createArray('a', 'b'), 'b')", json!(1)),
        ("base64('one, two, three')", json!("b25lLCB0d28sIHRocmVl")),
        ("base64ToString('b25lLCB0d28sIHRocmVl')", json!("one, two, three")),
        (
            "uriComponent('http://contoso.com/a b.json')",
            json!("http%3A%2F%2Fcontoso.com%2Fa%20b.json"),
        ),
        (
            "uri('http://contoso.org/firstpath', 'myscript.sh')",
            json!("http://contoso.org/myscript.sh"),
        ),
        (
            "uri('http://contoso.org/firstpath/', 'myscript.sh')",
            json!("http://contoso.org/firstpath/myscript.sh"),
        ),
        (
            "uri('http://contoso.org/first/deploy.json', '/my.sh')",
            json!("http://contoso.org/first/my.sh"),
        ),
        ("uri('http://contoso.org', '/my.sh')", json!("http://contoso.org/my.sh")),
        ("string(createObject('valueA', 10))", json!("{\"valueA\":10}")),
        ("string(createArray('a', 'b'))", json!("[\"a\",\"b\"]")),
        ("string(5)", json!("5")),
        ("string(false())", json!("False")),
    ]);
}

#[test]
fn format_yields_what_is_documented() {
    yields(&[
        (
            "format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
            json!("Hello, User. Formatted number: 8,175,133"),
        ),
        ("format('{0}-{0:D3}-{0:000}-{0:X}-{0:x4}', 12)", json!("12-012-012-C-000c")),
        ("format('{0:N}|{1:D2}', 1234, -5)", json!("1,234.00|-05")),
        ("format('{{{0}}}', true())", json!("{True}")),
        ("format('[{0,4}][{0,-4}]', 'ab')", json!("[  ab][ab  ]")),
        ("format('plain')", json!("plain")),
    ]);
    for wrong in ["'{1}', 1", "'{', 1", "'}', 1", "'{x}', 1", "'{0:Q}', 1", "'{0:D999}', 1", "1"] {
        let problem = evaluated(&format!("[format({wrong})]")).unwrap_err();
        assert!(matches!(problem, Problem::Argument { .. }), "{wrong}: {problem}");
    }
}

#[test]
fn logical_and_comparison_functions_yield_what_is_documented() {
    yields(&[
        ("and(true(), false())", json!(false)),
        ("or(true(), false())", json!(true)),
        ("not(true())", json!(false)),
        ("bool('true')", json!(true)),
        ("bool(0)", json!(false)),
        ("equals(1, 1)", json!(true)),
        ("equals('abc', 'ABC')", json!(false)),
        ("equals(createArray(1, 2), createArray(1, 2))", json!(true)),
        ("less(1, 2)", json!(true)),
        ("less('A', 'a')", json!(false)),
        ("lessOrEquals('A', 'a')", json!(false)),
        ("greater('A', 'a')", json!(true)),
        ("greater('b', 'A')", json!(true)),
        ("greaterOrEquals(2, 2)", json!(true)),
        ("coalesce(null(), 'default')", json!("default")),
        ("coalesce(null(), null())", json!(null)),
        ("if(true(), 'yes', variables('none'))", json!("yes")),
        ("if(empty(''), 1, div(1, 0))", json!(1)),
    ]);
}

#[test]
fn numeric_functions_yield_what_is_documented() {
    yields(&[
        ("add(5, 3)", json!(8)),
        ("sub(7, 3)", json!(4)),
        ("mul(5, -3)", json!(-15)),
        ("div(8, 3)", json!(2)),
        ("mod(7, 3)", json!(1)),
        ("min(createArray(0, 3, 2))", json!(0)),
        ("max(0, 3, 2)", json!(3)),
        ("range(5, 3)", json!([5, 6, 7])),
        ("range(5, 0)", json!([])),
        ("int('4')", json!(4)),
    ]);
    for wrong in [
        "div(1, 0)",
        "mod(1, 0)",
        "mul(9223372036854775807, 2)",
        "div(-9223372036854775808, -1)",
        "range(0, 10001)",
        "range(0, -1)",
        "range(2147483647, 1)",
        "int('four')",
        "min(createArray())",
    ] {
        let problem = evaluated(&format!("[{wrong}]")).unwrap_err();
        assert!(matches!(problem, Problem::Argument { .. }), "{wrong}: {problem}");
    }
}

#[test]
fn array_and_object_functions_yield_what_is_documented() {
    yields(&[
        ("array('a')", json!(["a"])),
        ("array(createArray(1))", json!([1])),
        ("createArray()", json!([])),
        (
            "createObject('intProp', 1, 'nullProp', null())",
            json!({ "intProp": 1, "nullProp": null }),
        ),
        ("contains('OneTwoThree', 'e')", json!(true)),
        ("contains('OneTwoThree', 'z')", json!(false)),
        ("contains(createObject('one', 'a'), 'ONE')", json!(true)),
        ("contains(createArray('one', 'two'), 'two')", json!(true)),
        ("empty(createArray())", json!(true)),
        ("empty(createObject('a', 1))", json!(false)),
        ("first('One Two Three')", json!("O")),
        ("first(variables('list'))", json!("one")),
        ("last('One Two Three')", json!("e")),
        ("last(createArray())", json!(null)),
        ("length('One Two Three')", json!(13)),
        ("length(parameters('config'))", json!(2)),
        ("skip(createArray('one', 'two', 'three'), 2)", json!(["three"])),
        ("skip('one two three', 4)", json!("two three")),
        ("take(createArray('one', 'two', 'three'), 2)", json!(["one", "two"])),
        ("take('abc', -1)", json!("")),
        ("take('abc', 9)", json!("abc")),
        (
            "union(createArray('one', 'two'), createArray('two', 'three'))",
            json!(["one", "two", "three"]),
        ),
        (
            "union(createObject('a', createObject('x', 1, 'y', 1)), createObject('a', createObject('y', 2)))",
            json!({ "a": { "x": 1, "y": 2 } }),
        ),
        (
            "intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))",
            json!(["two", "three"]),
        ),
        (
            "intersection(createObject('one', 'a', 'two', 'b'), createObject('one', 'a', 'two', 'c'))",
            json!({ "one": "a" }),
        ),
        ("json('{\"a\": [1, null]}').a[0]", json!(1)),
        ("json('null')", json!(null)),
        ("tryGet(parameters('config'), 'a', 'b', 1)", json!(2)),
        ("tryGet(parameters('config'), 'a', 'b', 7)", json!(null)),
        ("tryGet(parameters('config'), 'z', 'b')", json!(null)),
        ("parameters('config').a.b[1]", json!(2)),
        ("parameters('config')['a']['B'][0]", json!(1)),
        ("sys.length(variables('list')[add(0, 1)])", json!(3)),
    ]);
}

#[test]
fn deployment_and_resource_functions_yield_ids_and_the_context() {
    yields(&[
        ("resourceGroup().location", json!("westus")),
        ("resourceGroup().id", json!(GROUP)),
        ("resourceGroup().tags.env", json!("test")),
        ("subscription().subscriptionId", json!("00000000-0000-0000-0000-00000000000a")),
        ("tenant().tenantId", json!("00000000-0000-0000-0000-00000000000b")),
        ("deployment().name", json!("main")),
        ("environment().suffixes.acrLoginServer", json!(".test")),
        ("parameters('guid')", json!("00000000-0000-0000-0000-00000000000c")),
        ("equals(parameters('guid'), parameters('other'))", json!(false)),
        ("parameters('now')", json!("2026-01-02")),
        ("resourceId('A.B/c', 'x')", json!(format!("{GROUP}/providers/A.B/c/x"))),
        ("resourceId('A.B/c/d', 'x', 'y')", json!(format!("{GROUP}/providers/A.B/c/x/d/y"))),
        (
            "resourceId('otherGroup', 'A.B/c', 'x')",
            json!(GROUP.replace("/rg", "/otherGroup") + "/providers/A.B/c/x"),
        ),
        (
            "resourceId('00000000-0000-0000-0000-0000000000ff', 'g', 'A.B/c', 'x')",
            json!(
                "/subscriptions/00000000-0000-0000-0000-0000000000ff/resourceGroups/g/providers/A.B/c/x"
            ),
        ),
        (
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            json!(
                "/subscriptions/00000000-0000-0000-0000-00000000000a/providers/Microsoft.Authorization/roleDefinitions/r"
            ),
        ),
        ("subscriptionResourceId('s', 'A.B/c', 'x')", json!("/subscriptions/s/providers/A.B/c/x")),
        ("tenantResourceId('A.B/c', 'x')", json!("/providers/A.B/c/x")),
        (
            "extensionResourceId(resourceId('A.B/c', 'x'), 'D.E/f', 'y')",
            json!(format!("{GROUP}/providers/A.B/c/x/providers/D.E/f/y")),
        ),
        ("length(uniqueString(resourceGroup().id))", json!(13)),
        (
            "uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000', 'resource-id')",
            json!("cwvxuqg24sifi"),
        ),
        ("equals(guid('a', 'b'), guid('a-b'))", json!(true)),
    ]);
    for wrong in [
        "resourceId('A.B/c', 'x', 'y')",
        "resourceId('a', 'b')",
        "tenantResourceId('A.B/c/d', 'x')",
    ] {
        let problem = evaluated(&format!("[{wrong}]")).unwrap_err();
        assert!(matches!(problem, Problem::Argument { .. }), "{wrong}: {problem}");
    }
}

#[test]
fn texts_that_are_no_expressions_stay() {
    for (text, value) in [
        ("plain", json!("plain")),
        ("[[test value]", json!("[test value]")),
        ("[test] value", json!("[test] value")),
        ("[", json!("[")),
        ("['it''s']", json!("it's")),
        ("[  concat( 'a' , 'b' )  ]", json!("ab")),
        ("", json!("")),
    ] {
        assert_eq!(evaluated(text).as_ref(), Ok(&value), "{text}");
    }
}

#[test]
fn errors_name_the_function_and_what_it_wants() {
    for (expression, message) in [
        ("frobnicate()", "The template function 'frobnicate' is not valid"),
        ("newGuid()", "The template function 'newGuid' is not expected at this location"),
        ("utcNow()", "The template function 'utcNow' is not expected at this location"),
        ("copyIndex()", "The template function 'copyIndex' is not expected at this location"),
        ("variables('none')", "The template variable 'none' is not found"),
        ("parameters('none')", "The template parameter 'none' is not found"),
        (
            "parameters('config').none",
            "The language expression property 'none' doesn't exist, available properties are 'a, n'",
        ),
        (
            "variables('list')[2]",
            "The language expression property array index '2' is out of bounds: there are 2 elements",
        ),
        (
            "variables('name').x",
            "The language expression property 'x' can't be evaluated on a value of type String",
        ),
        (
            "toLower(1)",
            "The template language function 'toLower' expects its parameter 1 to be a string",
        ),
        (
            "toLower()",
            "Unable to evaluate template language function 'toLower': it can't be called with 0 arguments",
        ),
        (
            "if('yes', 1, 2)",
            "The value of 'the condition of if' must be a boolean, but it is of type String",
        ),
        ("reference('none')", "The resource 'none' is not defined in the template"),
        (
            "reference('/providers/A.B/c/x')",
            "The template function 'reference' needs an API version for '/providers/A.B/c/x', which the template doesn't define",
        ),
    ] {
        let problem = evaluated(&format!("[{expression}]")).unwrap_err();
        assert_eq!(problem.to_string(), message, "{expression}");
    }
}
