//! The options of `haul copy`, each from the command line to what lies at the destination.

use crate::support::scratch::Scratch;
use crate::support::tree::pipe;
use crate::support::{World, is_root, skip};
use rustix::fs::{XattrFlags, getxattr, setxattr};
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

fn good<'a>(world: &World, words: impl IntoIterator<Item = &'a str>) {
    let (code, out, err) = world.run(words);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
}

/// A file with a time and a mode nobody gives it by chance.
fn odd(world: &World, name: &str) {
    let path = world.path().join(name);
    fs::write(&path, "x").expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o757)).expect("set");
    let then = UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    let times = FileTimes::new().set_modified(then).set_accessed(then);
    let file = File::options().write(true).open(&path).expect("opens");
    file.set_times(times).expect("set");
}

fn mode_and_time(world: &World, name: &str) -> (u32, i64, i64) {
    let there = fs::metadata(world.path().join(name)).expect("copied");
    (there.mode() & 0o777, there.mtime(), there.mtime_nsec())
}

#[test]
fn mode_and_times_are_kept_unless_told_otherwise() {
    let world = World::new();
    odd(&world, "a");
    let kept = (0o757, 1_000_000_000, 123_456_789);
    good(&world, ["copy", "a", "b"]);
    assert_eq!(mode_and_time(&world, "b"), kept);
    good(&world, ["copy", "--no-preserve", "times", "a", "c"]);
    let (mode, secs, _) = mode_and_time(&world, "c");
    assert!(mode == kept.0 && secs > kept.1);
    good(&world, ["copy", "--no-preserve=mode", "a", "d"]);
    let (mode, secs, nanos) = mode_and_time(&world, "d");
    assert!(
        mode != kept.0 && (secs, nanos) == (kept.1, kept.2),
        "{mode:o}"
    );
    let words = ["copy", "--no-preserve=all", "--preserve=mode", "a", "e"];
    good(&world, words);
    let (mode, secs, _) = mode_and_time(&world, "e");
    assert!(mode == kept.0 && secs > kept.1);
    // The variable is where it starts from.
    let mut command = world.haul(["copy", "a", "f"]);
    command.env("HAUL_PRESERVE", "mode");
    command.assert().success();
    let (mode, secs, _) = mode_and_time(&world, "f");
    assert!(mode == kept.0 && secs > kept.1);
}

#[test]
fn attributes_are_kept_unless_told_otherwise() {
    let world = World::new();
    odd(&world, "a");
    let path = |name: &str| world.path().join(name);
    if let Err(errno) = setxattr(path("a"), "user.shot", b"0420", XattrFlags::empty()) {
        return skip(&format!("no extended attributes here: {errno}"));
    }
    let value = |name: &str| {
        let mut buffer = vec![0; 16];
        let length = getxattr(path(name), "user.shot", &mut buffer[..]).ok()?;
        buffer.truncate(length);
        Some(buffer)
    };
    good(&world, ["copy", "a", "b"]);
    assert_eq!(value("b").as_deref(), Some(&b"0420"[..]));
    good(&world, ["copy", "--no-preserve", "xattr", "a", "c"]);
    assert_eq!(value("c"), None);
}

#[test]
fn links_are_followed_when_asked_and_a_circle_is_refused() {
    let world = World::new();
    let root = world.path();
    fs::create_dir_all(root.join("a/sub")).expect("made");
    fs::write(root.join("target"), "bytes").expect("written");
    symlink("../target", root.join("a/link")).expect("linked");
    pipe(&root.join("pipe"));
    symlink("../pipe", root.join("a/to-pipe")).expect("linked");
    good(&world, ["copy", "a", "b"]);
    assert!(root.join("b/link").is_symlink());
    good(&world, ["copy", "-L", "a", "c"]);
    let there = root.join("c/link");
    assert!(!there.is_symlink(), "the link was copied");
    assert_eq!(fs::read(there).expect("read"), b"bytes");
    let there = fs::symlink_metadata(root.join("c/to-pipe")).expect("there");
    assert!(there.file_type().is_fifo(), "what the link leads to");

    symlink("..", root.join("a/sub/circle")).expect("linked");
    let (code, _, err) = world.run(["copy", "-L", "a", "d"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("a/sub/circle'"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert_eq!(fs::read(root.join("d/link")).expect("read"), b"bytes");
}

#[test]
fn one_file_system_leaves_a_mount_out() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    scratch.dir("a");
    scratch.file("a/near", "1");
    let Some(_) = scratch.mount("a/far", 256) else {
        return;
    };
    scratch.file("a/far/file", "2");
    let world = World::new();
    let (from, stays, all) = (scratch.text("a"), scratch.text("b"), scratch.text("c"));
    let (code, _, err) = world.run(["copy", "-x", &from, &stays]);
    assert_eq!(code, 0, "{err}");
    assert!(Path::new(&stays).join("near").exists());
    assert!(!Path::new(&stays).join("far/file").exists());
    let (code, _, err) = world.run(["copy", &from, &all]);
    assert_eq!(code, 0, "{err}");
    assert!(Path::new(&all).join("far/file").exists());
}

#[test]
fn what_is_included_stays_although_it_is_excluded() {
    let world = World::new();
    let root = world.path();
    fs::create_dir(root.join("a")).expect("made");
    for name in ["hero.exr", "other.exr", "notes"] {
        fs::write(root.join("a").join(name), name).expect("written");
    }
    let words = [
        "copy",
        "-q",
        "--exclude=*.exr",
        "--include",
        "hero.*",
        "a",
        "b",
    ];
    good(&world, words);
    let there = |dest: &str, name: &str| root.join(dest).join(name).exists();
    assert!(there("b", "hero.exr") && there("b", "notes"));
    assert!(!there("b", "other.exr"));
    let mut command = world.haul(["copy", "--exclude=*", "a", "c"]);
    command
        .env("HAUL_INCLUDE", "notes:other.*")
        .assert()
        .success();
    assert!(there("c", "other.exr") && there("c", "notes"));
    assert!(!there("c", "hero.exr"));
}

/// The rules that the manual and the help tell, one by one.
#[test]
fn patterns_are_what_the_manual_says() {
    let world = World::new();
    let root = world.path();
    let all = [
        "1.exr",
        "a/1.exr",
        "a/b/2.exr",
        "a/b/note",
        "c/b",
        "tmp/x",
        "[z]",
        "y",
    ];
    for name in all {
        let path = root.join("from").join(name);
        fs::create_dir_all(path.parent().expect("in a directory")).expect("made");
        fs::write(path, name).expect("written");
    }
    for (number, (words, left_out)) in [
        // A name, at any depth; a path, from the source on; a directory.
        (
            &["--exclude=*.exr"][..],
            &["1.exr", "a/1.exr", "a/b/2.exr"][..],
        ),
        (&["--exclude=/*.exr"], &["1.exr"]),
        (&["--exclude=a/b"], &["a/b/2.exr", "a/b/note"]),
        (&["--exclude=b/note"], &[]),
        (&["--exclude=b/"], &["a/b/2.exr", "a/b/note"]),
        (&["--exclude=b"], &["a/b/2.exr", "a/b/note", "c/b"]),
        // What stops at a slash and what does not.
        (&["--exclude=a/*.exr"], &["a/1.exr"]),
        (&["--exclude=a/**/*.exr"], &["a/1.exr", "a/b/2.exr"]),
        (&["--exclude=**/note"], &["a/b/note"]),
        // As in a shell.
        (
            &["--exclude=[!z]"],
            &["a/1.exr", "a/b/2.exr", "a/b/note", "c/b", "tmp/x", "y"],
        ),
        (&["--exclude=[x-y]"], &["tmp/x", "y"]),
        (
            &["--exclude=[[:digit:]z].exr"],
            &["1.exr", "a/1.exr", "a/b/2.exr"],
        ),
        (
            &["--exclude=[[:lower:]]"],
            &["a/1.exr", "a/b/2.exr", "a/b/note", "c/b", "tmp/x", "y"],
        ),
        (&["--exclude={note,y}"], &["a/b/note", "y"]),
        (&["--exclude=\\[z\\]"], &["[z]"]),
        // What is left out is not entered; a source is never left out; nothing begins with '!'.
        (&["--exclude=tmp", "--include=x"], &["tmp/x"]),
        (&["--exclude=tmp/*", "--include=x"], &[]),
        (&["--exclude=from"], &[]),
        (&["--exclude=!y"], &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("to-{number}");
        let mut line = vec!["copy", "-q", "from", &to];
        line.extend(words);
        good(&world, line);
        for name in all {
            let there = root.join(&to).join(name).exists();
            assert_eq!(there, !left_out.contains(&name), "{words:?}: {name}");
        }
    }
}

#[test]
fn a_limit_takes_the_time_it_must() {
    let world = World::new();
    fs::write(world.path().join("a"), vec![7; 3 << 19]).expect("written");
    for strategy in ["copy-file-range", "buffered"] {
        let begun = Instant::now();
        let dest = format!("to-{strategy}");
        good(
            &world,
            [
                "copy",
                "--limit",
                "1MiB",
                "--strategy",
                strategy,
                "a",
                &dest,
            ],
        );
        let took = begun.elapsed().as_secs_f64();
        assert!(took >= 0.8 * 1.5, "{strategy}: {took}");
        assert_eq!(
            fs::metadata(world.path().join(&dest))
                .expect("copied")
                .len(),
            3 << 19
        );
    }
}

#[test]
fn holes_are_kept_made_and_filled() {
    const SIZE: u64 = 4 << 20;
    let world = World::new();
    let root = world.path();
    let holes = File::create(root.join("holes")).expect("made");
    holes.set_len(SIZE).expect("set");
    holes.write_all_at(b"end", SIZE - 3).expect("written");
    fs::write(root.join("zeros"), vec![0; SIZE as usize]).expect("written");
    let blocks = |name: &str| fs::metadata(root.join(name)).expect("there").blocks() * 512;
    if blocks("holes") >= SIZE {
        return skip("no holes on this file system");
    }
    for (from, how, filled) in [
        ("holes", "auto", false),
        ("holes", "never", true),
        ("zeros", "always", false),
    ] {
        let dest = format!("{from}-{how}");
        good(&world, ["copy", "--sparse", how, from, &dest]);
        let used = blocks(&dest);
        assert_eq!(used >= SIZE, filled, "{dest}: {used} of {SIZE} bytes");
        let read = |name: &str| fs::read(root.join(name)).expect("read");
        assert!(read(from) == read(&dest), "{dest} differs");
    }
}

#[test]
fn retries_may_be_none() {
    let world = World::new();
    odd(&world, "a");
    good(&world, ["copy", "--retries", "0", "a", "b"]);
    let (code, _, err) = world.run(["copy", "--retries", "100", "missing", "c"]);
    assert_eq!((code, err.lines().count()), (1, 1), "{err}");
}

/// A directory that is left out is not entered; a pattern for directories only keeps them.
#[test]
fn what_is_below_a_directory_left_out_is_kept_only_with_it() {
    let world = World::new();
    fs::create_dir_all(world.path().join("a/sub/deep")).expect("made");
    for name in ["sub/deep/x.exr", "sub/y.tmp", "z.exr"] {
        fs::write(world.path().join("a").join(name), "x").expect("written");
    }
    let exr = ["-q", "--exclude", "*", "--include", "*.exr"];
    good(&world, ["copy", "a", "b"].iter().chain(&exr).copied());
    assert!(world.path().join("b/z.exr").exists() && !world.path().join("b/sub").exists());
    let dirs = ["copy", "a", "c", "--include", "*/"];
    good(&world, dirs.iter().chain(&exr).copied());
    assert!(world.path().join("c/sub/deep/x.exr").exists());
    assert!(!world.path().join("c/sub/y.tmp").exists());
}
