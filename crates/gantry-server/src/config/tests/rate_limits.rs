//! `[[rate_limit]]`

use super::*;

#[test]
fn rate_limits_are_off_or_acrs_or_the_operators() {
    assert!(from_file("").unwrap().rate_limits.are_empty());
    let acr = from_file("rate_limits = 'acr'").unwrap().rate_limits;
    assert_eq!(acr, Rules { preset: Preset::Acr, own: vec![] });
    assert_eq!(from_environment(&[("GANTRY_RATE_LIMITS", "acr")]).unwrap().rate_limits, acr);

    let config = from_file(EVERY_SETTING).unwrap();
    let rules = [
        Rule {
            registry: Some("teamone".parse().unwrap()),
            of: Requester::One("token:ci".to_owned()),
            category: Category::DataplaneWrite,
            rate: Some(Rate::per_minute(6).with_burst(2)),
        },
        Rule {
            registry: None,
            of: Requester::Class("token:".to_owned()),
            category: Category::DataplaneRead,
            rate: None,
        },
    ];
    assert_eq!(config.rate_limits, Rules { preset: Preset::Acr, own: rules.to_vec() });

    let whole = r#"[{"category": "oauth", "per_minute": 1}]"#;
    let environment = [("GANTRY_RATE_LIMITS", "own"), ("GANTRY_RATE_LIMIT", whole)];
    let rules = from_environment(&environment).unwrap().rate_limits;
    assert_eq!((rules.preset, &rules.own[0].of), (Preset::Unlimited, &Requester::Registry));
}

#[test]
fn mistakes_in_rate_limits_are_explained() {
    let errors = from_file(
        r#"
rate_limits = "azure"

[[rate_limit]]
registry = "x"
identity = "token*"
category = "pull"
per_minute = 0

[[rate_limit]]
identity = "*"
category = "oauth"
per_minute = "many"
burst = "unlimited"

[[rate_limit]]
category = "read"
per_minute = 10

[[rate_limit]]
registry = "*"
category = "read"
per_minute = 2000000
minute = 1

[[rate_limit]]
registry = "*"
category = "read"
per_minute = 20
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    12 mistakes in the configuration:
      rate_limits (gantry.toml:2): "azure": write off, acr or own
      rate_limit[1].registry (gantry.toml:5): "x": a registry's name is 5 to 50 letters and digits
      rate_limit[1].identity (gantry.toml:6): "token*": an identity is like anonymous, admin or token:NAME, all of a kind like token:*, and each one *
      rate_limit[1].category (gantry.toml:7): "pull": a category is read, write, delete, referrers or oauth
      rate_limit[1].per_minute (gantry.toml:8): 0 is not between 1 and 1000000
      rate_limit[2].per_minute (gantry.toml:13): "many" is neither a number nor unlimited
      rate_limit[2].burst (gantry.toml:14): a text, where a whole number is wanted
      rate_limit[2].identity (gantry.toml:10): requests for tokens are counted for the registry as a whole: they are made before anyone knows by whom
      rate_limit[4].per_minute (gantry.toml:23): 2000000 is not between 1 and 1000000
      rate_limit[4].minute (gantry.toml:24): no such setting
      rate_limit[5].category (gantry.toml:26): another has the same registry, identity and category
      rate_limits: no [[rate_limit]] counts unless this is own, or acr for its figures besides
    "#);
}
