//! What `haul bench` found on a route and kept is what `auto` begins with there, and only there.

use crate::support::World;
use serde_json::Value;
use std::fs;

/// What moved the one file of a copy, and why.
fn moved_by(world: &World, words: &[&str]) -> (String, String) {
    let words = ["copy", "--json"].iter().chain(words).copied();
    let (code, out, err) = world.run(words);
    assert_eq!(code, 0, "{err}");
    let last: Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
    let used = &last["strategies"][0];
    let text = |key: &str| used[key].as_str().unwrap_or_default().to_owned();
    (text("strategy"), text("reason"))
}

#[test]
fn a_route_that_was_measured_is_begun_with() {
    let world = World::new();
    fs::write(world.path().join("shot"), vec![7; 1 << 20]).expect("written");
    let here = world.path().display().to_string();
    // The first names another device.
    let config = format!(
        "[[route]]\nfrom = \"/proc\"\nto = \"{here}\"\nstrategy = \"baseline\"\n\
         [[route]]\nfrom = \"{here}\"\nto = \"{here}\"\nstrategy = \"sendfile\"\nfile_workers = 5\n\
         [[route]]\nfrom = \"{here}\"\nto = \"{here}\"\nstrategy = \"buffered\"\n"
    );
    fs::write(world.path().join("c.toml"), config).expect("written");
    let with = ["--config", "c.toml"];
    let (strategy, reason) = moved_by(&world, &[&with[..], &["shot", "a"]].concat());
    assert_eq!(strategy, "sendfile");
    assert_eq!(reason, "measured to be best on this route");
    let asked = ["--strategy", "buffered", "shot", "b"];
    let (strategy, reason) = moved_by(&world, &[&with[..], &asked].concat());
    assert_eq!(
        (strategy.as_str(), reason.as_str()),
        ("buffered", "asked for")
    );
    let (strategy, _) = moved_by(&world, &["shot", "c"]);
    assert_ne!(strategy, "sendfile", "without a profile");
    for name in ["a", "b", "c"] {
        assert_eq!(
            fs::read(world.path().join(name)).expect("there").len(),
            1 << 20
        );
    }
    // The plan and the doctor say the same.
    let (_, out, _) = world.run(["--config", "c.toml", "doctor", ".", "."]);
    assert!(out.contains("measured to be best on this route"), "{out}");
}

#[test]
fn what_is_wrong_with_a_route_is_named_with_its_line() {
    let world = World::new();
    fs::write(
        world.path().join("c.toml"),
        "\n[[route]]\nfrom = \"/a\"\nto = \"b\"\n",
    )
    .expect("written");
    let (code, _, err) = world.run(["--config", "c.toml", "copy", "x", "y"]);
    assert_eq!(code, 2);
    assert!(err.contains("c.toml:4: 'route.to': a path from /"), "{err}");
}
