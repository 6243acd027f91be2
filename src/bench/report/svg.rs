//! A chart of bars as SVG that stands alone: no script, no font to be loaded, light and dark.

use crate::bench::results::CaseResult;
use crate::text;
use std::fmt::Write as _;

use super::figures::{about, seconds};

const WIDTH: f64 = 760.0;
const LABELS: f64 = 170.0;
const VALUES: f64 = 120.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
const HEAD: f64 = 52.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}\
.t{font-weight:600;font-size:15px}.s{fill:#59636e}.p{fill:#fff}\
.b{fill:#b6bfc9}.h{fill:#0a66c2}.w{stroke:#1f2328;stroke-width:1.2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.p{fill:#0d1117}\
.b{fill:#4d5763}.h{fill:#58a6ff}.w{stroke:#e6edf3}}";

/// The case as bars, fastest first: the bar is the median, the line on it from least to most. haul's
/// own are in colour. Rows without figures say why in place of a bar.
pub fn chart(case: &CaseResult) -> String {
    let rows = case.ranked();
    let medians = rows
        .iter()
        .filter_map(|row| row.seconds())
        .map(|told| told.median);
    // What was slow once must not squeeze everything else.
    let most = medians.fold(0.0, f64::max) * 1.1;
    let scale = |value: f64| {
        let share = if most > 0.0 {
            (value / most).min(1.0)
        } else {
            0.0
        };
        share * (WIDTH - LABELS - VALUES)
    };
    let height = HEAD + ROW * rows.len() as f64 + 10.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\"><title>{title}</title><style>{STYLE}</style>\
         <rect class=\"p\" width=\"{WIDTH}\" height=\"{height}\"/>\
         <text class=\"t\" x=\"10\" y=\"22\">{title}</text>\
         <text class=\"s\" x=\"10\" y=\"40\">{about}; seconds, less is better</text>",
        title = escaped(&format!("{} {}", case.suite.name(), case.name)),
        about = escaped(&about(case)),
    );
    for (number, row) in rows.iter().enumerate() {
        let top = HEAD + ROW * number as f64;
        let line = top + BAR / 2.0 + 4.5;
        let mut push = |part: std::fmt::Arguments<'_>| {
            // Writing to memory cannot fail.
            out.write_fmt(part).unwrap_or_default();
        };
        push(format_args!(
            "<text x=\"{x}\" y=\"{line}\" text-anchor=\"end\">{name}</text>",
            x = LABELS - 10.0,
            name = escaped(&text::cut_end(&row.name, 24, "…")),
        ));
        let Some(told) = row.seconds() else {
            let why = super::figures::cells(case, row);
            let why = format!("{}: {}", why[1], why[8]);
            push(format_args!(
                "<text class=\"s\" x=\"{LABELS}\" y=\"{line}\">{}</text>",
                escaped(&text::cut_end(&why, 80, "…"))
            ));
            continue;
        };
        let class = if row.peer { "b" } else { "h" };
        let long = scale(told.median).max(1.0);
        push(format_args!(
            "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{top}\" width=\"{long:.1}\" height=\"{BAR}\" rx=\"2\"/>"
        ));
        let (from, to) = (LABELS + scale(told.min), LABELS + scale(told.max));
        let middle = top + BAR / 2.0;
        push(format_args!(
            "<line class=\"w\" x1=\"{from:.1}\" y1=\"{middle}\" x2=\"{to:.1}\" y2=\"{middle}\"/>"
        ));
        push(format_args!(
            "<text x=\"{x:.1}\" y=\"{line}\">{value}</text>",
            x = to.max(LABELS + long) + 8.0,
            value = seconds(told.median),
        ));
    }
    out.push_str("</svg>\n");
    out
}

/// Text for SVG and HTML: nothing in it can be taken for markup, and nothing in it acts.
pub fn escaped(words: &str) -> String {
    let shown: String = words
        .split('\\')
        .map(|part| text::shown(part.as_bytes()).into_owned())
        .collect::<Vec<_>>()
        .join("\\");
    let mut out = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bench::results::Outcome;
    use crate::bench::results::tests::{results, row};

    /// Fails unless every tag is closed in its order, and attributes are quoted.
    pub fn assert_well_formed(text: &str) {
        let mut open: Vec<&str> = Vec::new();
        for part in text.split('<').skip(1) {
            let (tag, rest) = part.split_once('>').expect("a tag ends");
            assert!(!rest.contains('>'), "a bare '>' after <{tag}>: {rest}");
            assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
            if tag.starts_with('!') || tag.ends_with('/') || tag.starts_with("meta") {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "in {text}");
            } else {
                open.push(tag.split(' ').next().expect("a name"));
            }
        }
        assert!(open.is_empty(), "{open:?}");
        for (at, _) in text.match_indices('&') {
            let entity = &text[at..(at + 6).min(text.len())];
            assert!(entity.contains(';'), "{entity}");
        }
    }

    #[test]
    fn a_chart_is_well_formed_whatever_the_names_are() {
        let mut bad = row("<b>&\"'\x1b[2J", true, &[]);
        bad.outcome = Outcome::Failed("a < b & c\n</svg>".to_owned());
        let mut found = results(vec![row("haul", false, &[1.0, 2.0, 50.0]), bad]);
        found.cases[0].name = "x</text><script>".to_owned();
        let svg = chart(&found.cases[0]);
        assert_well_formed(&svg);
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"));
        assert!(svg.contains("&lt;b&gt;&amp;&quot;&#39;\\x1b[2J"), "{svg}");
        assert!(!svg.contains('\x1b'));
    }

    #[test]
    fn bars_are_as_long_as_their_medians() {
        let found = results(vec![row("haul", false, &[1.0]), row("cp", true, &[2.0])]);
        let svg = chart(&found.cases[0]);
        let width = |class: &str| -> f64 {
            let (_, after) = svg
                .split_once(&format!("<rect class=\"{class}\""))
                .expect("a bar");
            let (_, after) = after.split_once("width=\"").expect("a width");
            after
                .split('"')
                .next()
                .expect("it")
                .parse()
                .expect("a number")
        };
        assert!((width("b") / width("h") - 2.0).abs() < 0.01, "{svg}");
    }

    #[test]
    fn nothing_measured_is_still_a_chart() {
        assert_well_formed(&chart(&results(Vec::new()).cases[0]));
    }
}
