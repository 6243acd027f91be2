//! The table of settings: names, words for people, and how each is read and written.

use super::paint::paint;
use super::values::{
    Value, automatic, exact_size, flag, frame_types, kept, limit, number, patterns, quoted,
    quoted_list, size, word, workers,
};
use super::{
    Colours, Config, Hangup, Level, MAX_BUFFER_SIZE, MAX_RETRIES, MIN_BUFFER_BUDGET,
    MIN_BUFFER_SIZE, Paint, Role, Sort, ThemeName, When,
};
use crate::proto::{Conflict, Durability, Preserve, Sparse, Strategy};

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// The table of the file it is in.
    pub section: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// What it does, a sentence a line.
    pub doc: &'static str,
    /// Takes a value over, or says in words what is wrong with it.
    pub set: fn(&mut Config, &Value) -> Result<(), String>,
    /// The value as the file would hold it.
    pub get: fn(&Config) -> String,
}

/// A setting that is one of the words of a type.
macro_rules! choice {
    ($section:literal, $name:literal, $variable:literal, $kind:ty, $($field:ident).+, $doc:literal) => {
        Key {
            section: $section,
            name: $name,
            variable: $variable,
            doc: $doc,
            set: |config, value| {
                word(value, <$kind>::from_name, &<$kind>::ALL.map(<$kind>::name))
                    .map(|choice| config.$($field).+ = choice)
            },
            get: |config| quoted(config.$($field).+.name()),
        }
    };
}

/// The setting of one role of the theme.
macro_rules! role {
    ($role:ident, $variable:literal, $doc:literal) => {
        Key {
            section: "theme",
            name: Role::$role.name(),
            variable: $variable,
            doc: $doc,
            set: |config, value| {
                paint(value).map(|paint| config.theme.paints[Role::$role as usize] = paint)
            },
            get: |config| painted(config.theme.paints[Role::$role as usize]),
        }
    };
}

/// Every setting, in the order of the example file; those of a section stand together.
pub const KEYS: &[Key] = &[
    choice!(
        "copy",
        "strategy",
        "HAUL_STRATEGY",
        Strategy,
        copy.strategy,
        "How bytes are moved: auto, baseline, buffered, sendfile, copy-file-range, reflink, io-uring, direct, parallel."
    ),
    choice!(
        "copy",
        "conflict",
        "HAUL_CONFLICT",
        Conflict,
        copy.conflict,
        "What happens to an existing name with other content: ask, refuse, skip, overwrite, newer, rename.\n`ask` parks it until you answer in the interactive program; without a screen it is `refuse`."
    ),
    choice!(
        "copy",
        "sync",
        "HAUL_SYNC",
        Durability,
        copy.sync,
        "What must be on the device at the end: none, job (many files by one flush, then their names), file (each file)."
    ),
    Key {
        section: "copy",
        name: "preserve",
        variable: "HAUL_PRESERVE",
        doc: "What is kept besides the bytes: all, none, or some of mode, owner, times, xattr, acl, links.\nThe variable separates them with commas; --preserve and --no-preserve start from it.",
        set: |config, value| kept(value).map(|keep| config.copy.preserve = keep),
        get: |config| quoted_list(&kept_names(config.copy.preserve)),
    },
    choice!(
        "copy",
        "sparse",
        "HAUL_SPARSE",
        Sparse,
        copy.sparse,
        "What becomes of holes: auto (they stay holes), always (zeros become holes too), never (they are filled)."
    ),
    Key {
        section: "copy",
        name: "limit",
        variable: "HAUL_LIMIT",
        doc: "Bytes per second at most, such as \"20MiB\", or none.",
        set: |config, value| limit(value).map(|rate| config.copy.limit = rate),
        get: |config| config.copy.limit.map_or_else(|| quoted("none"), exact_size),
    },
    Key {
        section: "copy",
        name: "retries",
        variable: "HAUL_RETRIES",
        doc: "Times a file is begun again after trouble that may pass, 0 to 100.",
        set: |config, value| {
            number(value, 0, i64::from(MAX_RETRIES)).map(|times| config.copy.retries = times as u8)
        },
        get: |config| config.copy.retries.to_string(),
    },
    Key {
        section: "copy",
        name: "file_workers",
        variable: "HAUL_FILE_WORKERS",
        doc: "Files in flight at a time, or auto.",
        set: |config, value| workers(value).map(|count| config.copy.tuning.file_workers = count),
        get: |config| automatic(config.copy.tuning.file_workers, |count| count.to_string()),
    },
    Key {
        section: "copy",
        name: "chunk_workers",
        variable: "HAUL_CHUNK_WORKERS",
        doc: "Ranges of one large file in flight at a time, or auto.",
        set: |config, value| workers(value).map(|count| config.copy.tuning.chunk_workers = count),
        get: |config| automatic(config.copy.tuning.chunk_workers, |count| count.to_string()),
    },
    Key {
        section: "copy",
        name: "chunk_size",
        variable: "HAUL_CHUNK_SIZE",
        doc: "Size of one range of a large file, such as \"64MiB\", or auto. Rounded up to 2 MiB.",
        set: |config, value| {
            size(value, 1, u64::MAX).map(|size| config.copy.tuning.chunk_size = size)
        },
        get: |config| automatic(config.copy.tuning.chunk_size, exact_size),
    },
    Key {
        section: "copy",
        name: "buffer_size",
        variable: "HAUL_BUFFER_SIZE",
        doc: "Size of one buffer, 4 KiB to 1 GiB, such as \"1MiB\", or auto (256 KiB, growing to 4 MiB where calls take long; 1 MiB where several are in flight).",
        set: |config, value| {
            size(value, MIN_BUFFER_SIZE, MAX_BUFFER_SIZE)
                .map(|size| config.copy.tuning.buffer_size = size)
        },
        get: |config| automatic(config.copy.tuning.buffer_size, exact_size),
    },
    Key {
        section: "copy",
        name: "buffer_budget",
        variable: "HAUL_BUFFER_BUDGET",
        doc: "All buffers of a job together, at least 1 MiB, or auto (64 MiB). Buffers are made smaller to fit.",
        set: |config, value| {
            size(value, MIN_BUFFER_BUDGET, u64::MAX)
                .map(|size| config.copy.tuning.buffer_budget = size)
        },
        get: |config| automatic(config.copy.tuning.buffer_budget, exact_size),
    },
    Key {
        section: "copy",
        name: "parallel_min_size",
        variable: "HAUL_PARALLEL_MIN_SIZE",
        doc: "Size from which a file is copied in ranges by several workers, or auto (128 MiB).",
        set: |config, value| {
            size(value, 0, u64::MAX).map(|size| config.copy.tuning.parallel_min_size = size)
        },
        get: |config| automatic(config.copy.tuning.parallel_min_size, exact_size),
    },
    Key {
        section: "copy",
        name: "exclude",
        variable: "HAUL_EXCLUDE",
        doc: "Patterns of what to leave out; one with a `/` is matched against the whole path below the source.\nA directory that is left out is not entered, whatever in it is to stay.\nThe variable separates them with colons; --exclude adds to them.",
        set: |config, value| patterns(value).map(|list| config.copy.filters.exclude = list),
        get: |config| quoted_list(&config.copy.filters.exclude),
    },
    Key {
        section: "copy",
        name: "include",
        variable: "HAUL_INCLUDE",
        doc: "Patterns of what stays although it matches a pattern of what to leave out.\nThe variable separates them with colons; --include adds to them.",
        set: |config, value| patterns(value).map(|list| config.copy.filters.include = list),
        get: |config| quoted_list(&config.copy.filters.include),
    },
    Key {
        section: "copy",
        name: "exclude_vcs",
        variable: "HAUL_EXCLUDE_VCS",
        doc: "Whether version control's own data (.git, .hg, .svn and kin) is left out.",
        set: |config, value| flag(value).map(|on| config.copy.filters.exclude_vcs = on),
        get: |config| config.copy.filters.exclude_vcs.to_string(),
    },
    Key {
        section: "copy",
        name: "frame_types",
        variable: "HAUL_FRAME_TYPES",
        doc: "Types of files, without the dot, that are frames: numbered names of one of them are one row and one sequence.\nThe list replaces the one below; the variable separates them with colons.",
        set: |config, value| frame_types(value).map(|types| config.copy.frame_types = types),
        get: |config| {
            let words: Vec<String> = config.copy.frame_types.words().map(str::to_owned).collect();
            quoted_list(&words)
        },
    },
    Key {
        section: "screen",
        name: "frames_per_second",
        variable: "HAUL_FRAMES_PER_SECOND",
        doc: "Frames drawn in a second at most, 1 to 20; fewer spare a slow connection.",
        set: |config, value| {
            number(value, 1, 20).map(|frames| config.screen.frames_per_second = frames as u16)
        },
        get: |config| config.screen.frames_per_second.to_string(),
    },
    Key {
        section: "screen",
        name: "show_hidden",
        variable: "HAUL_SHOW_HIDDEN",
        doc: "Whether the panes begin with hidden files shown. They are copied either way.",
        set: |config, value| flag(value).map(|on| config.screen.show_hidden = on),
        get: |config| config.screen.show_hidden.to_string(),
    },
    choice!(
        "screen",
        "sort",
        "HAUL_SORT",
        Sort,
        screen.sort,
        "What the panes begin sorted by: name, size, date, extension."
    ),
    choice!(
        "screen",
        "ascii",
        "HAUL_ASCII",
        When,
        screen.ascii,
        "Whether plain ASCII is drawn in place of lines and blocks: auto, always, never."
    ),
    Key {
        section: "screen",
        name: "colour",
        variable: "HAUL_COLOUR",
        doc: "How many colours are used: auto (as many as the terminal says it has; none with NO_COLOR), always (NO_COLOR or not), never, 16, 256, true.\nOver SSH a terminal's name may say less than it can; then say it here.",
        set: |config, value| colours(value).map(|colours| config.screen.colour = colours),
        get: |config| quoted(config.screen.colour.name()),
    },
    choice!(
        "screen",
        "slow_line",
        "HAUL_SLOW_LINE",
        When,
        screen.slow_line,
        "Whether the line is taken for a slow one, with 2 frames a second unless a key was pressed: auto (over SSH), always, never."
    ),
    choice!(
        "screen",
        "title",
        "HAUL_TITLE",
        When,
        screen.title,
        "Whether the window's title shows the progress, and the taskbar of terminals known to have one: auto, always, never."
    ),
    choice!(
        "screen",
        "mouse",
        "HAUL_MOUSE",
        When,
        screen.mouse,
        "Whether the mouse is listened to: auto (unless over SSH), always, never.\nThe terminal's own selecting then wants Shift held, as in most programs that take the mouse."
    ),
    choice!(
        "screen",
        "hangup",
        "HAUL_HANGUP",
        Hangup,
        screen.hangup,
        "What becomes of copies when the terminal goes away: stop (cancelled, no partial file is left), finish."
    ),
    choice!(
        "theme",
        "name",
        "HAUL_THEME",
        ThemeName,
        theme.name,
        "The theme: auto (dark or light where COLORFGBG says which, else terminal), terminal (its own sixteen colours), dark, light, mono.\nEach role below may be drawn otherwise: bold, dim, italic, underlined, reversed, a colour, `on` another; plain is none of them.\nColours: default, black, red, green, yellow, blue, magenta, cyan, white, these with bright- before them, 0 to 255, #rrggbb."
    ),
    role!(
        Text,
        "HAUL_THEME_TEXT",
        "Ordinary text, such as \"#d0d0d0 on #101010\", or theme: as the theme has it."
    ),
    role!(Dim, "HAUL_THEME_DIM", "Less important text."),
    role!(
        Strong,
        "HAUL_THEME_STRONG",
        "Headings, keys, and what has the keys."
    ),
    role!(Selected, "HAUL_THEME_SELECTED", "The row under the cursor."),
    role!(Marked, "HAUL_THEME_MARKED", "A marked entry."),
    role!(Directory, "HAUL_THEME_DIRECTORY", "A directory."),
    role!(Link, "HAUL_THEME_LINK", "A symbolic link."),
    role!(Good, "HAUL_THEME_GOOD", "What goes well."),
    role!(Warn, "HAUL_THEME_WARN", "What waits for somebody."),
    role!(Bad, "HAUL_THEME_BAD", "What went wrong."),
    role!(Line, "HAUL_THEME_LINE", "Lines between regions."),
    role!(Graph, "HAUL_THEME_GRAPH", "Charts of throughput."),
    choice!(
        "log",
        "level",
        "HAUL_LOG",
        Level,
        log.level,
        "How much goes into the log: off, error, warn, info, debug, trace."
    ),
];

/// `config.example.toml`: every setting with its words and its default, commented out.
pub fn example() -> String {
    let mut lines: Vec<String> = [
        "# Configuration of haul. Every line that is commented out shows a default.",
        "# `haul config --path` says where the file belongs, `haul config` what is in force and why.",
        "# An environment variable beats the file, an option on the command line beats both.",
    ]
    .map(str::to_owned)
    .to_vec();
    let config = Config::default();
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            lines.extend([String::new(), format!("[{section}]")]);
        }
        lines.push(String::new());
        lines.extend(key.doc.lines().map(|line| format!("# {line}")));
        lines.push(format!("# Environment: {}", key.variable));
        lines.push(format!("#{} = {}", key.name, (key.get)(&config)));
    }
    lines.extend(super::routes::example());
    lines.push(String::new());
    lines.join("\n")
}

/// How many colours; a number may be written as one.
fn colours(value: &Value) -> Result<Colours, String> {
    let spelled = match value {
        Value::Number(number) => Value::Text(number.to_string()),
        other => other.clone(),
    };
    word(
        &spelled,
        Colours::from_name,
        &Colours::ALL.map(Colours::name),
    )
}

fn painted(paint: Option<Paint>) -> String {
    quoted(&paint.map_or_else(|| "theme".to_owned(), |paint| paint.to_string()))
}

/// The words for what is kept; one for everything and one for nothing.
fn kept_names(keep: Preserve) -> Vec<String> {
    match keep.names() {
        all if all.len() == Preserve::NAMES.len() => vec!["all".to_owned()],
        none if none.is_empty() => vec!["none".to_owned()],
        some => some.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{DEFAULT_BUFFER_BUDGET, DEFAULT_BUFFER_SIZE, DEFAULT_PARALLEL_MIN_SIZE};
    use crate::units;

    #[test]
    fn the_table_is_sound() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(key.variable.starts_with("HAUL_"), "{}", key.name);
            assert!(
                !key.doc.is_empty() && key.doc.ends_with('.'),
                "{}",
                key.name
            );
            for other in &KEYS[at + 1..] {
                assert_ne!(key.variable, other.variable);
                assert_ne!((key.section, key.name), (other.section, other.name));
            }
        }
    }

    #[test]
    fn the_docs_of_a_choice_name_every_word() {
        for key in KEYS {
            let refused = (key.set)(&mut Config::default(), &Value::Text("\u{1}".to_owned()));
            let Err(reason) = refused else {
                continue;
            };
            let Some((_, words)) = reason.split_once(" is none of ") else {
                continue;
            };
            for word in words.split(", ") {
                let named = key
                    .doc
                    .split(|character: char| !(character.is_alphanumeric() || character == '-'));
                assert!(
                    named.into_iter().any(|known| known == word),
                    "{}: {word}",
                    key.name
                );
            }
        }
    }

    #[test]
    fn every_role_is_set_by_its_own_name() {
        for (at, role) in Role::ALL.iter().enumerate() {
            assert_eq!(*role as usize, at);
            let key = KEYS
                .iter()
                .find(|key| key.section == "theme" && key.name == role.name())
                .expect("a setting");
            let mut config = Config::default();
            assert_eq!((key.get)(&config), "\"theme\"");
            (key.set)(&mut config, &Value::Text("bold 99".to_owned())).expect("set");
            assert!(config.theme.paints[at].is_some(), "{}", role.name());
            assert_eq!((key.get)(&config), "\"bold 99\"");
            assert_eq!(config.theme.paints.iter().flatten().count(), 1);
        }
        let mut config = Config::default();
        assert_eq!(colours(&Value::Number(256)), Ok(Colours::TwoFiftySix));
        assert!(colours(&Value::Number(8)).is_err());
        let theme = KEYS.iter().find(|key| key.variable == "HAUL_THEME");
        (theme.expect("a setting").set)(&mut config, &Value::Text("light".to_owned()))
            .expect("set");
        assert_eq!(config.theme.name, ThemeName::Light);
    }

    #[test]
    fn the_words_in_the_docs_are_the_defaults() {
        assert_eq!(units::size(DEFAULT_BUFFER_SIZE), "256 KiB");
        assert_eq!(units::size(DEFAULT_BUFFER_BUDGET), "64 MiB");
        assert_eq!(units::size(DEFAULT_PARALLEL_MIN_SIZE), "128 MiB");
    }
}
