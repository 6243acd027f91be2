//! What a shell's pattern may say between brackets and globset's may not: classes of characters
//! (`[[:upper:]_]`). They are spelled out as ranges before a pattern is compiled. A leaf: settings, copies
//! and marks are to mean the same by one pattern.

use std::borrow::Cow;

/// The classes of POSIX and the ASCII characters in each, as ranges. Names are bytes: what is no ASCII
/// is in none of them, as in the C locale. None begins with what would turn the set round.
const CLASSES: [(&str, &str); 12] = [
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("blank", " \t"),
    ("cntrl", "\u{0}-\u{1f}\u{7f}"),
    ("digit", "0-9"),
    ("graph", "\"-~!"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", "\"-/:-@[-`{-~!"),
    ("space", " \t-\r"),
    ("upper", "A-Z"),
    ("xdigit", "0-9A-Fa-f"),
];

/// The pattern with its classes as ranges. The message names a class that does not exist: as letters
/// of a set it would leave out something else than was meant.
pub fn spelled_out(pattern: &str) -> Result<Cow<'_, str>, String> {
    if !pattern.contains("[:") {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find(['\\', '[']) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let taken = if from.starts_with('[') {
            bracket(from, &mut out)?
        } else {
            // What a backslash makes plain begins nothing.
            let taken = 1 + from[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&from[..taken]);
            taken
        };
        rest = &from[taken..];
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// Spells out one pair of brackets, with which `from` begins; how long it is.
fn bracket(from: &str, out: &mut String) -> Result<usize, String> {
    let mut at = 1;
    if from[at..].starts_with(['!', '^']) {
        at += 1;
    }
    // A bracket that closes is plain where it is the first.
    if from[at..].starts_with(']') {
        at += 1;
    }
    out.push_str(&from[..at]);
    while let Some(next) = from[at..].chars().next() {
        let class = from[at..]
            .strip_prefix("[:")
            .and_then(|class| class.split_once(":]"))
            .filter(|(word, _)| word.bytes().all(|byte| byte.is_ascii_lowercase()));
        if let Some((word, _)) = class {
            let known = CLASSES.iter().find(|(name, _)| *name == word);
            let (_, ranges) = known.ok_or_else(|| format!("there is no class [:{word}:]"))?;
            out.push_str(ranges);
            at += word.len() + "[::]".len();
            continue;
        }
        out.push(next);
        at += next.len_utf8();
        if next == ']' {
            break;
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::spelled_out;
    use globset::GlobBuilder;

    #[test]
    fn classes_are_what_they_are_in_a_shell() {
        let matches = |pattern: &str, name: &str| {
            GlobBuilder::new(&spelled_out(pattern).expect("classes"))
                .backslash_escape(true)
                .build()
                .expect("a pattern")
                .compile_matcher()
                .is_match(name)
        };
        for (pattern, yes, no) in [
            ("[[:upper:]].c", "A.c", "p.c"),
            ("[![:upper:]].c", "p.c", "A.c"),
            ("[^[:digit:]]x", "ax", "1x"),
            ("v[[:digit:]_-]*", "v-1", "vd"),
            ("[[:punct:]]", "[", "a"),
            ("[[:punct:]]", "]", "1"),
            ("[[:punct:]]", "\\", "1"),
            ("[[:space:]]", "\t", "s"),
            ("[[:cntrl:]]", "\u{7f}", "c"),
            ("[[:graph:]]", "~", " "),
            ("[][:digit:]]", "]", ":"),
            ("\\[[:digit:]", "[d", "1"),
            ("a[:b]", "a:", "a["),
            ("{[[:xdigit:]],zz}", "F", "g"),
        ] {
            assert!(matches(pattern, yes), "{pattern} is to match {yes:?}");
            assert!(!matches(pattern, no), "{pattern} is not to match {no:?}");
        }
    }

    #[test]
    fn a_class_that_does_not_exist_is_named() {
        let error = spelled_out("[[:uper:]]").expect_err("no class");
        assert!(error.contains("[:uper:]"), "{error}");
    }
}
