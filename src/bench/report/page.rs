//! Results as one HTML page that stands alone.

use super::figures::{HEADINGS, about, cells, machine};
use super::svg::{chart, escaped};
use crate::bench::results::{CaseResult, Results};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;\
color:#1f2328;background:#fff}table{border-collapse:collapse;margin:1rem 0 2.5rem;display:block;overflow-x:auto}\
td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #d1d9e0;white-space:nowrap}\
td:first-child,td:last-child,th:first-child,th:last-child{text-align:left}tr.h td:first-child{font-weight:600}\
p.s{color:#59636e}svg{max-width:100%;height:auto}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#3d444d}\
p.s{color:#9198a1}}";

/// The page.
pub fn page(results: &Results) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>haul bench</title>\
         <style>{STYLE}</style></head><body>\n<h1>haul bench</h1>\n<p class=\"s\">{}</p>\n",
        escaped(&machine(results))
    );
    for case in &results.cases {
        out.push_str(&section(case));
    }
    let advice = super::advice(results);
    if !advice.is_empty() {
        let lines: Vec<_> = advice
            .iter()
            .map(|line| format!("<li>{}</li>", escaped(line)))
            .collect();
        out.push_str(&["<h2>Advice</h2>\n<ul>", &lines.concat(), "</ul>\n"].concat());
    }
    out.push_str("</body></html>\n");
    out
}

fn section(case: &CaseResult) -> String {
    let heading = HEADINGS.map(|heading| format!("<th>{}</th>", escaped(heading)));
    let heading = heading.concat();
    let rows: Vec<String> = case
        .ranked()
        .into_iter()
        .map(|row| {
            let class = if row.peer { "p" } else { "h" };
            let title = escaped(&row.command);
            let cells = cells(case, row).map(|cell| format!("<td>{}</td>", escaped(&cell)));
            let cells = cells.concat();
            format!("<tr class=\"{class}\" title=\"{title}\">{cells}</tr>\n")
        })
        .collect();
    format!(
        "<h2>{} {}</h2>\n<p class=\"s\">{}</p>\n{}<table><thead><tr>{heading}</tr></thead>\n\
         <tbody>{rows}</tbody></table>\n",
        case.suite.name(),
        escaped(&case.name),
        escaped(&about(case)),
        chart(case),
        rows = rows.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::super::svg::tests::assert_well_formed;
    use super::*;
    use crate::bench::results::tests::{results, row};

    #[test]
    fn a_page_is_well_formed_and_needs_nothing_from_elsewhere() {
        let mut found = results(vec![row("haul", false, &[1.0]), row("<cp>", true, &[2.0])]);
        found.cases[0].rows[1].command = "cp \"a\" <b>".to_owned();
        let html = page(&found);
        assert_well_formed(&html);
        for outside in ["src=", "href=", "url(", "@import", "<script"] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("&lt;cp&gt;") && html.contains("cp &quot;a&quot; &lt;b&gt;"));
    }
}
