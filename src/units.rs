//! Figures as people read them: sizes, rates, durations, counts, and sizes as people type them.
//!
//! Pure functions without state; any thread may call them. Powers of 1024 throughout, written with
//! the unit that says so, except in the narrow columns of a screen.

use crate::text;
use humansize::{BINARY, FormatSizeOptions};

const LETTERS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];

/// Bytes as "512 B", "11.2 GiB", "402 MiB".
pub fn size(bytes: u64) -> String {
    // A decimal says something below a hundred and only flickers above.
    let decimals = usize::from(scaled(bytes).0 < 100.0);
    humansize::format_size(
        bytes,
        FormatSizeOptions::from(BINARY).decimal_places(decimals),
    )
}

/// A count of files: "1 file", "40 files".
pub fn files(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        _ => format!("{count} files"),
    }
}

/// Bytes in at most 5 cells: "512", "999K", "11.2G".
pub fn size_short(bytes: u64) -> String {
    let (mut value, mut power) = scaled(bytes);
    if power == 0 {
        return bytes.to_string();
    }
    // What would round up to 1024 is one of the next unit.
    if value >= 1023.5 && power < LETTERS.len() {
        value = 1.0;
        power += 1;
    }
    let letter = LETTERS[power - 1];
    if value < 99.95 {
        format!("{value:.1}{letter}")
    } else {
        format!("{value:.0}{letter}")
    }
}

/// Bytes as they can be typed again, without a loss: "20M", "1500".
pub fn size_exact(bytes: u64) -> String {
    let powers = (1..=LETTERS.len()).rev();
    let found = powers
        .map(|power| (power, 1024_u64.pow(power as u32)))
        .find(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    match found {
        Some((power, factor)) => format!("{}{}", bytes / factor, LETTERS[power - 1]),
        None => bytes.to_string(),
    }
}

/// Bytes per second as "402 MiB/s".
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", size(bytes_per_second))
}

/// Seconds as "20s", "3m20s" (below ten minutes), "12m", "1h05m", "2d03h".
pub fn duration(secs: u64) -> String {
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86_400);
    if minutes == 0 {
        format!("{secs}s")
    } else if minutes < 10 && !secs.is_multiple_of(60) {
        format!("{minutes}m{:02}s", secs % 60)
    } else if hours == 0 {
        format!("{minutes}m")
    } else if days == 0 {
        format!("{hours}h{:02}m", minutes % 60)
    } else {
        format!("{days}d{:02}h", hours % 24)
    }
}

/// How long something took, from milliseconds: never "0s", which nothing takes.
pub fn took(millis: u64) -> String {
    match millis {
        ..1000 => "under 1 s".to_owned(),
        _ => duration(millis / 1000),
    }
}

/// A count as "147", "1.9k", "602k", "1.2M".
pub fn count(number: u64) -> String {
    const LETTERS: [char; 6] = ['k', 'M', 'G', 'T', 'P', 'E'];
    if number < 1000 {
        return number.to_string();
    }
    // Rounded down: a count that is shown was reached.
    let mut unit = 1000_u64;
    let mut power = 0;
    while power + 1 < LETTERS.len() && number / unit >= 1000 {
        unit *= 1000;
        power += 1;
    }
    let letter = LETTERS[power];
    if number / unit < 10 {
        format!("{}.{}{letter}", number / unit, number % unit * 10 / unit)
    } else {
        format!("{}{letter}", number / unit)
    }
}

fn scaled(bytes: u64) -> (f64, usize) {
    let power = bytes.checked_ilog2().map_or(0, |bits| bits as usize / 10);
    (bytes as f64 / 1024_f64.powi(power as i32), power)
}

/// Reads a size in bytes: a whole number and, as GNU's tools take it, `K`, `M`, `G`, `T`, `P`, `E`
/// or `KiB`… for powers of 1024 and `kB`, `MB`… for powers of 1000, in either case.
///
/// # Errors
/// Says what is wrong and repeats the text, made safe to show.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let digits = trimmed
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let shown = || text::shown(text.as_bytes()).into_owned();
    if number.is_empty() {
        return Err(format!(
            "'{}' is not a size: a whole number is expected, with a unit such as KiB, MiB or GiB",
            shown()
        ));
    }
    let Some(factor) = factor(unit.trim_start()) else {
        return Err(format!(
            "'{}' is not a size: the unit is none of B, K, M, G, T, P, E, KiB, MiB …, kB, MB …",
            shown()
        ));
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| format!("'{}' is too large a size", shown()))
}

fn factor(unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_uppercase();
    let mut characters = unit.chars();
    let Some(letter) = characters.next() else {
        return Some(1);
    };
    let rest = characters.as_str();
    if letter == 'B' && rest.is_empty() {
        return Some(1);
    }
    let power = LETTERS.iter().position(|known| *known == letter)? as u32 + 1;
    match rest {
        "" | "IB" => Some(1024_u64.pow(power)),
        "B" => Some(1000_u64.pow(power)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_exact_size_can_be_typed_again() {
        for (bytes, text) in [(0, "0"), (1500, "1500"), (20 << 20, "20M"), (1 << 60, "1E")] {
            assert_eq!(size_exact(bytes), text);
            assert_eq!(parse_size(text), Ok(bytes));
        }
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, long, short) in [
            (0, "0 B", "0"),
            (512, "512 B", "512"),
            (1023, "1023 B", "1023"),
            (1024, "1 KiB", "1.0K"),
            (999 * 1024, "999 KiB", "999K"),
            (1024 * 1024 - 1, "1024 KiB", "1.0M"),
            (12_025_908_428, "11.2 GiB", "11.2G"),
            (402 << 20, "402 MiB", "402M"),
            (u64::MAX, "16 EiB", "16.0E"),
        ] {
            assert_eq!(size(bytes), long);
            assert_eq!(size_short(bytes), short);
        }
        assert_eq!(rate(402 << 20), "402 MiB/s");
    }

    #[test]
    fn durations_and_counts_read_well() {
        for (secs, text) in [
            (0, "0s"),
            (20, "20s"),
            (180, "3m"),
            (200, "3m20s"),
            (599, "9m59s"),
            (754, "12m"),
            (3900, "1h05m"),
            (183_600, "2d03h"),
        ] {
            assert_eq!(duration(secs), text);
        }
        for (number, text) in [
            (147, "147"),
            (999, "999"),
            (1_999, "1.9k"),
            (9_999, "9.9k"),
            (602_000, "602k"),
            (999_999, "999k"),
            (1_250_000, "1.2M"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512k", 512 << 10),
            ("4MiB", 4 << 20),
            ("4 mib", 4 << 20),
            ("8M", 8 << 20),
            ("1MB", 1_000_000),
            ("1kb", 1000),
            ("7b", 7),
            ("2G", 2 << 30),
            ("15E", 15 << 60),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_by_name() {
        for text in [
            "",
            "M",
            "-1",
            "1.5G",
            "4Mib/s",
            "4Q",
            "4MM",
            "16E",
            "99999999999999999999",
        ] {
            let message = parse_size(text).expect_err(text);
            assert!(message.contains(&format!("'{text}'")), "{message}");
        }
        let message = parse_size("\x1b[2J").expect_err("no size");
        assert!(!message.contains('\x1b'), "{message}");
    }

    proptest! {
        #[test]
        fn short_sizes_fit(bytes in any::<u64>()) {
            prop_assert!(size_short(bytes).len() <= 5);
            prop_assert!(count(bytes).len() <= 5);
        }

        #[test]
        fn a_plain_number_is_itself(bytes in any::<u64>()) {
            prop_assert_eq!(parse_size(&bytes.to_string()), Ok(bytes));
        }
    }
}
