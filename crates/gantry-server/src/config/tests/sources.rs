//! Flags, environment and file: which counts, and what is shown of them.

use super::*;

#[test]
fn nothing_given_is_a_working_configuration() {
    let config = Case::default().load().unwrap();
    assert_eq!(config.data, Path::new("./data"));
    assert_eq!(config.network.listen, ListenAddress::loopback(5000));
    assert_eq!(config.names.suffix.as_str(), "acr.localhost");
    assert_eq!(config.network.drain, Duration::from_secs(30));
    assert_eq!(config.limits.blob_bytes, 200 << 30);
    assert_eq!(config.collection.grace, Duration::from_secs(24 * 3600));
    assert_eq!(config.secrets.master_key, MasterKeySource::DataDirectory);
    assert!(config.secrets.admin_password.is_none());
    assert!(config.registries.is_empty());
}

#[test]
fn flags_beat_environment_beats_file_beats_default() {
    let file = "data = 'from-file'\nlocation = 'here'\nlisten = ['127.0.0.1:1']\n[limits]\nconnections = 100\n";
    let environment = [("GANTRY_DATA", "from-env"), ("GANTRY_LISTEN", "[::1]:2, 127.0.0.1:2")];
    let config = Case { file, ..Case::default() }.load().unwrap();
    assert_eq!((config.data.to_str(), config.limits.connections), (Some("from-file"), 100));
    assert_eq!(config.network.listen, [required("127.0.0.1:1")]);

    let config = Case { file, environment: &environment, ..Case::default() }.load().unwrap();
    assert_eq!(config.data, Path::new("from-env"));
    assert_eq!(config.location, "here");
    assert_eq!(config.network.listen, [required("[::1]:2"), required("127.0.0.1:2")]);

    let flags = Flags {
        data: Some("from-flag".into()),
        listen: vec!["127.0.0.1:3".into(), "localhost:4".into()],
        config: None,
        ..Flags::default()
    };
    let config = Case { flags, file, environment: &environment }.load().unwrap();
    assert_eq!(config.data, Path::new("from-flag"));
    let mut expected = vec![required("127.0.0.1:3")];
    expected.extend(ListenAddress::loopback(4));
    assert_eq!(config.network.listen, expected);
}

#[test]
fn environment_takes_tables_in_json_and_toml() {
    for registries in [
        r#"[{"name": "teamone", "tier": "basic", "hosts": ["images.example.com"]}]"#,
        r#"[{ name = "teamone", tier = "basic", hosts = ["images.example.com"] }]"#,
    ] {
        let config = from_environment(&[("GANTRY_REGISTRY", registries)]).unwrap();
        let team = &config.registries[0];
        assert_eq!(
            (team.name.as_str(), settings_of(&team.settings).tier),
            ("teamone", Tier::Basic)
        );
        assert_eq!(team.hosts[0].as_str(), "images.example.com");
    }
}

#[test]
fn empty_variables_count_as_absent() {
    let config = from_environment(&[("GANTRY_ADMIN_PASSWORD", ""), ("GANTRY_LISTEN", "")]).unwrap();
    assert!(config.secrets.admin_password.is_none());
    assert_eq!(config.network.listen, ListenAddress::loopback(5000));
}

#[test]
fn file_is_named_by_the_environment_too() {
    let environment = [("GANTRY_CONFIG".to_owned(), "/etc/gantry.toml".to_owned())];
    let config = Config::load(Flags::default(), environment, |path| {
        assert_eq!(path, Path::new("/etc/gantry.toml"));
        Ok("location = 'westeurope'".to_owned())
    });
    assert_eq!(config.unwrap().location, "westeurope");
}

#[test]
fn secrets_are_never_shown() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let config =
        from_environment(&[("GANTRY_MASTER_KEY", key), ("GANTRY_ADMIN_PASSWORD", "s3cret")])
            .unwrap();
    let password = config.secrets.admin_password.as_ref().unwrap();
    assert_eq!(password.expose(), "s3cret");
    let MasterKeySource::Given(bytes) = &config.secrets.master_key else {
        panic!("the key was given")
    };
    assert_eq!(bytes.expose()[31], 31);
    let shown = format!("{config:?}");
    assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");

    let errors = from_environment(&[
        ("GANTRY_MASTER_KEY", "tooshort"),
        ("GANTRY_ADMIN_PASSWORD", "with\ncontrol"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    2 mistakes in the configuration:
      master_key (GANTRY_MASTER_KEY): not the base64 text of 32 bytes; make one with: openssl rand -base64 32
      admin_password (GANTRY_ADMIN_PASSWORD): a password has 1 to 256 characters and no control characters
    "#);

    let both = [("GANTRY_MASTER_KEY", key), ("GANTRY_MASTER_KEY_FILE", "master-key")];
    insta::assert_snapshot!(from_environment(&both).unwrap_err(), @r#"
    a mistake in the configuration:
      master_key: give master_key or master_key_file, not both
    "#);
}

#[test]
fn syntax_errors_have_their_line_and_hide_no_other_mistake() {
    let errors =
        from_file("location = \n[limits]\nconnections = 1\nconnections = 2\n").unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    4 mistakes in the configuration:
      gantry.toml:1: string values must be quoted, expected literal string
      gantry.toml:4: duplicate key
      location (gantry.toml:1): a location is up to 64 lower-case letters and digits
      limits.connections (gantry.toml:3): 1 is not between 16 and 1000000
    "#);
}

#[test]
fn unreadable_file_is_a_mistake_of_its_setting() {
    let flags = Flags { config: Some("gantry.toml".into()), ..Flags::default() };
    let absent = |_: &Path| Err(io::Error::from_raw_os_error(2));
    let errors = Config::load(flags, [], absent).unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    a mistake in the configuration:
      config (--config): gantry.toml: No such file or directory (os error 2)
    "#);
}
