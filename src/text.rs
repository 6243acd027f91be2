//! How names become text for a person: the one place where bytes turn into something shown.
//!
//! A name is any bytes. Shown as they are they could move the cursor, recolour the screen, reverse
//! the reading order or look like another name; every name therefore passes [`shown`] on its way to
//! a screen, a log or a message. The cutting functions keep text inside a number of terminal cells.
//! Nothing here does input or output; any thread may call it.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The name as text in which nothing is hidden and nothing acts on a terminal.
///
/// Control characters (C0, DEL, C1), bytes that are no UTF-8, characters that steer the direction
/// of reading, that have no width or one that terminals disagree about, that look like a plain space,
/// or that this program's Unicode tables do not know become `\n`, `\x1b`, `\u{202e}` and the like. A backslash becomes `\\`, so
/// an escape can always be told from a name that spells one. Plain names are borrowed.
pub fn shown(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && is_plain(text)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_shown(&mut out, character);
        }
        for byte in chunk.invalid() {
            push_hex(&mut out, u32::from(*byte));
        }
    }
    Cow::Owned(out)
}

/// JSON that is as safe to show as it is: what acts on a terminal or hides becomes the escape that
/// JSON has for it, so that it reads as the same value.
pub fn safe_json(json: String) -> String {
    if json.is_ascii() && !json.contains('\x7f') {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        // Outside of strings there is only ASCII, and white space.
        if character.is_ascii_control() && character != '\x7f' || is_visible(character, false) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            if write!(out, "\\u{unit:04x}").is_err() {
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    out
}

fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte) && *byte != b'\\')
    {
        return true;
    }
    let mut first = true;
    text.chars().all(|character| {
        let plain = character != '\\' && is_visible(character, first);
        first = false;
        plain
    })
}

fn push_shown(out: &mut String, character: char) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\0'..='\x1f' | '\x7f' => push_hex(out, u32::from(character)),
        _ if is_visible(character, out.is_empty()) => out.push(character),
        _ => push_spelt(out, character),
    }
}

fn push_spelt(out: &mut String, character: char) {
    // Writing to a string cannot fail.
    if write!(out, "\\u{{{:x}}}", u32::from(character)).is_err() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
}

fn push_hex(out: &mut String, byte: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\x");
    out.push(char::from(DIGITS[(byte >> 4 & 15) as usize]));
    out.push(char::from(DIGITS[(byte & 15) as usize]));
}

/// True for a character that shows, does nothing else, and cannot be taken for a plain space.
fn is_visible(character: char, first: bool) -> bool {
    if character.is_ascii() {
        return (' '..='~').contains(&character);
    }
    if is_blank(character) || is_disputed(character) {
        return false;
    }
    // The standard library's own table of what is printable: controls, format characters,
    // surrogates, private use, unassigned, and every separator but the plain space are not. It is
    // reached through the escape of a string, where a mark that combines with a letter before it is
    // left alone; as the first character of a name such a mark is escaped, as it would sit on
    // whatever is printed in front of it.
    if first {
        return character.escape_debug().len() == 1;
    }
    let mut pair = [b'a'; 5];
    let end = 1 + character.encode_utf8(&mut pair[1..]).len();
    std::str::from_utf8(&pair[..end]).is_ok_and(|pair| pair.escape_debug().count() == 2)
}

/// The name with every character spelt that is drawn onto the one before it, where there is such a
/// one: a letter and its accent, and the accented letter, are two names that look alike.
pub fn parts(name: &[u8]) -> Option<String> {
    let text = shown(name);
    let mut parts = String::with_capacity(text.len() + 8);
    for drawn in text.graphemes(true) {
        let mut characters = drawn.chars();
        parts.extend(characters.next());
        for other in characters {
            push_spelt(&mut parts, other);
        }
    }
    (parts != text).then_some(parts)
}

/// Characters that Unicode calls letters, marks or symbols and that leave no trace on a screen.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{1d159}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Characters of which terminals make one cell or two, whatever the tables say: the halves of flags,
/// and the halfwidth sound marks of katakana. What was drawn for them is not what is wiped away.
fn is_disputed(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}' | '\u{ff9e}'..='\u{ff9f}')
}

/// Terminal cells the text takes, laid out grapheme by grapheme as the screen does it.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.width();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The text, or as much of its beginning as fits into `max` cells with `ellipsis` after it.
pub fn cut_end<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mark = width(ellipsis);
    if mark > max {
        return Cow::Borrowed(head(text, max));
    }
    Cow::Owned(format!("{}{ellipsis}", head(text, max - mark)))
}

/// The text, or its beginning and its end around `ellipsis` in at most `max` cells.
///
/// The end gets the larger share: it holds the frame number and the extension.
pub fn cut_middle<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mark = width(ellipsis);
    if mark > max {
        return Cow::Borrowed(tail(text, max));
    }
    let room = max - mark;
    let end = tail(text, (room * 3).div_ceil(5));
    let start = head(text, room - width(end));
    Cow::Owned(format!("{start}{ellipsis}{end}"))
}

fn head(text: &str, max: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > max {
            return &text[..at];
        }
    }
    text
}

fn tail(text: &str, max: usize) -> &str {
    let mut used = 0;
    let mut from = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > max {
            break;
        }
        from = at;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_hides_nothing_and_means_the_same() {
        let name = "a\u{9b}2J\u{202e}\u{7f}\u{e0041}é\n\\u{1f600}";
        let json = format!(
            "{{\"path\":{}}}\n",
            serde_json::to_string(name).expect("JSON")
        );
        let safe = safe_json(json.clone());
        let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
        assert_eq!(value(&safe), value(&json));
        assert!(
            safe.contains("\\u009b2J\\u202e\\u007f\\udb40\\udc41é"),
            "{safe}"
        );
        assert_eq!(safe_json("{\"a\":1}\n".to_owned()), "{\"a\":1}\n");
    }

    #[test]
    fn plain_names_are_borrowed() {
        for name in [
            "shot_010.1001.exr",
            "",
            "with space",
            "né 東京",
            "cafe\u{301}",
        ] {
            assert!(
                matches!(shown(name.as_bytes()), Cow::Borrowed(text) if text == name),
                "{name}"
            );
        }
    }

    #[test]
    fn what_acts_or_hides_is_made_visible() {
        for (name, text) in [
            (&b"a\x1b]0;x\x07"[..], "a\\x1b]0;x\\x07"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"\x7f", "\\x7f"),
            (b"a\xffb", "a\\xffb"),
            (b"\xe2\x82", "\\xe2\\x82"),
            (b"a\\x1b", "a\\\\x1b"),
            ("\u{9b}2J".as_bytes(), "\\u{9b}2J"),
            ("a\u{202e}gnp.exe".as_bytes(), "a\\u{202e}gnp.exe"),
            ("a\u{a0}b".as_bytes(), "a\\u{a0}b"),
            ("\u{301}a".as_bytes(), "\\u{301}a"),
        ] {
            assert_eq!(shown(name), text);
        }
    }

    #[test]
    fn every_named_invisible_is_escaped_in_any_place() {
        let mut invisible: Vec<char> =
            "\u{61c}\u{34f}\u{feff}\u{ad}\u{e0041}\u{fe0f}\u{3164}\u{2800}"
                .chars()
                .collect();
        for range in [
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
        ] {
            invisible.extend(range);
        }
        invisible.extend('\u{80}'..='\u{a0}');
        for character in invisible {
            for name in [format!("a{character}b"), format!("{character}")] {
                let expected = format!("\\u{{{:x}}}", u32::from(character));
                assert!(shown(name.as_bytes()).contains(&expected), "{expected}");
            }
        }
    }

    #[test]
    fn what_terminals_measure_differently_is_spelt() {
        assert_eq!(shown("f🇩🇪".as_bytes()), "f\\u{1f1e9}\\u{1f1ea}");
        assert_eq!(shown("ｶﾞ.txt".as_bytes()), "ｶ\\u{ff9e}.txt");
        // What they agree about stays.
        for name in ["ﾃｽﾄ.txt", "が.txt", "😀.txt"] {
            assert_eq!(shown(name.as_bytes()), name);
        }
    }

    #[test]
    fn names_that_look_alike_are_told_apart_by_their_parts() {
        assert_eq!(
            parts("e\u{301}.txt".as_bytes()).as_deref(),
            Some("e\\u{301}.txt")
        );
        for whole in ["\u{e9}.txt", "plain", "東京.exr", "\x1b[2J"] {
            assert_eq!(parts(whole.as_bytes()), None, "{whole}");
        }
    }

    #[test]
    fn cuts_keep_the_end_of_a_frame() {
        let name = "beauty_left_v012.1001.exr";
        assert_eq!(cut_middle(name, 15, "…"), "beaut….1001.exr");
        assert_eq!(cut_end(name, 8, "…"), "beauty_…");
        assert_eq!(cut_end(name, 8, "..."), "beaut...");
        assert_eq!(cut_end("東京都", 4, "…"), "東…");
        assert_eq!(cut_middle("abc", 0, "…"), "");
        assert!(matches!(cut_end("abc", 3, "…"), Cow::Borrowed("abc")));
    }

    proptest! {
        #[test]
        fn nothing_that_acts_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let text = shown(&bytes);
            prop_assert!(!text.chars().any(char::is_control));
        }

        #[test]
        fn nothing_that_hides_comes_out(name in any::<String>()) {
            let text = shown(name.as_bytes());
            let hides = |c: char| c.is_control() || is_blank(c) || matches!(
                c,
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{61c}' | '\u{feff}'
            );
            prop_assert!(!text.chars().any(hides), "{:?}", text);
        }

        #[test]
        fn two_names_never_look_the_same(
            a in proptest::collection::vec(proptest::sample::select(&b"\\x1b\x1bn\n\xff9a{u\xc2\x9b"[..]), 0..8),
            b in proptest::collection::vec(proptest::sample::select(&b"\\x1b\x1bn\n\xff9a{u\xc2\x9b"[..]), 0..8),
        ) {
            prop_assert_eq!(shown(&a) == shown(&b), a == b);
        }

        #[test]
        fn cuts_stay_inside(name in any::<String>(), max in 0_usize..40) {
            for mark in ["…", "...", "~"] {
                prop_assert!(width(&cut_end(&name, max, mark)) <= max);
                prop_assert!(width(&cut_middle(&name, max, mark)) <= max);
            }
        }
    }
}
