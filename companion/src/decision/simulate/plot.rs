//! What a simulation gave, as a picture.

use std::fmt::Write as _;

use super::{HEALTHY, Outcome, Record};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 380.0;
const TOP: f64 = 54.0;
const BOTTOM: f64 = 320.0;
const PANEL: f64 = 330.0;

/// The picture paints its own ground, so that it can be read on any page, and follows the reader's colour scheme.
const STYLE: &str = "
  .ground { fill: #ffffff } .grid { stroke: #d8dee4 } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .small { font-size: 12px; fill: #59636e } .limit { stroke: #59636e; stroke-dasharray: 4 4 }
  .line { fill: none; stroke-width: 2 } .late { stroke-width: 1; stroke-dasharray: 2 3 }
  .a { stroke: #0a6bc9 } .b { stroke: #b35900 } .c { stroke: #1a7f37 }
  .dot.a { fill: #0a6bc9 } .dot.b { fill: #b35900 } .dot.c { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .grid { stroke: #30363d } text { fill: #e6edf3 }
    .small { fill: #9198a1 } .limit { stroke: #9198a1 }
    .a { stroke: #58a6ff } .b { stroke: #f0883e } .c { stroke: #3fb950 }
    .dot.a { fill: #58a6ff } .dot.b { fill: #f0883e } .dot.c { fill: #3fb950 }
  }
";

/// How surely and how soon true error rates are found, as SVG.
pub fn plot(record: &Record) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title\">\n<title id=\"title\">Share of breaks that are rolled back within an hour, and time until \
         they are, by true error rate</title>\n<style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\"/>\n"
    );
    let shares = Panel { left: 60.0, title: "rolled back within an hour", y: |percent| percent / 100.0 };
    shares.axes(
        &mut svg,
        &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0].map(|percent| (percent, format!("{percent} %"))),
    );
    // From 3 s to an hour, a doubling as high as any other.
    let times = Panel {
        left: 490.0,
        title: "time until then",
        y: |seconds| (seconds / 3.0).log2() / 1200_f64.log2(),
    };
    let marks = [
        (3.0, "3 s"),
        (5.0, "5 s"),
        (15.0, "15 s"),
        (60.0, "1 min"),
        (300.0, "5 min"),
        (900.0, "15 min"),
        (3600.0, "1 h"),
    ];
    times.axes(&mut svg, &marks.map(|(seconds, text)| (seconds, text.to_owned())));
    let mut traffic: Vec<u32> = record.breaks.iter().map(|outcome| outcome.runs_per_s).collect();
    traffic.sort_unstable();
    traffic.dedup();
    for (i, (runs, class)) in traffic.iter().zip(["a", "b", "c"]).enumerate() {
        let of = |value: fn(&Outcome) -> Option<f64>| -> Vec<(f64, f64)> {
            let errors =
                record.breaks.iter().filter(|o| o.runs_per_s == *runs && o.health.p95_ms == HEALTHY.p95_ms);
            errors.filter_map(|o| Some((f64::from(o.health.errors) / 100.0, value(o)?))).collect()
        };
        shares.line(&mut svg, class, &of(|o| Some(o.rolled_back as f64 * 100.0 / o.simulations as f64)));
        times.line(&mut svg, class, &of(|o| o.median_s));
        times.line(&mut svg, &format!("{class} late"), &of(|o| o.p95_s));
        let x = 60.0 + 150.0 * i as f64;
        let _ = writeln!(
            svg,
            "<path class=\"line {class}\" d=\"M{x} 366h24\"/><text x=\"{}\" y=\"370\">{runs} runs a second</text>",
            x + 30.0
        );
    }
    svg.push_str(
        "<text class=\"small\" x=\"520\" y=\"370\">solid: half of all; dotted: 95 % of all</text>\n</svg>\n",
    );
    svg
}

struct Panel {
    left: f64,
    title: &'static str,
    /// Height of a value, from 0 at the bottom to 1 at the top.
    y: fn(f64) -> f64,
}

impl Panel {
    /// Of a rate in percent, from 1 to 10.
    fn x(&self, percent: f64) -> f64 {
        self.left + (percent - 1.0) / 9.0 * PANEL
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (self.y)(value) * (BOTTOM - TOP)
    }

    fn axes(&self, svg: &mut String, marks: &[(f64, String)]) {
        let _ = writeln!(svg, "<text x=\"{}\" y=\"30\">{}</text>", self.left, self.title);
        for (value, text) in marks {
            let (y, left) = (self.y(*value), self.left);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{left} {y:.1}h{PANEL}\"/><text class=\"small\" text-anchor=\"end\" x=\"{}\" \
                 y=\"{:.1}\">{text}</text>",
                left - 8.0,
                y + 4.0
            );
        }
        for percent in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
            let x = self.x(f64::from(percent));
            let unit = if percent == 10 { " %" } else { "" };
            let _ = writeln!(
                svg,
                "<text class=\"small\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{percent}{unit}</text>",
                BOTTOM + 18.0
            );
        }
        let (x, height) = (self.x(2.0), BOTTOM - TOP);
        let _ = writeln!(
            svg,
            "<path class=\"limit\" d=\"M{x:.1} {TOP}v{height}\"/><text class=\"small\" x=\"{:.1}\" y=\"{}\">limit</text>",
            x + 4.0,
            TOP - 6.0
        );
    }

    fn line(&self, svg: &mut String, class: &str, points: &[(f64, f64)]) {
        for (i, (rate, value)) in points.iter().enumerate() {
            let verb = if i == 0 { "<path class=\"line " } else { "L" };
            let start = if i == 0 { format!("{class}\" d=\"M") } else { String::new() };
            let _ = write!(svg, "{verb}{start}{:.1} {:.1}", self.x(*rate), self.y(*value));
        }
        if points.is_empty() {
            return;
        }
        svg.push_str("\"/>\n");
        for (rate, value) in points {
            let _ = writeln!(
                svg,
                "<circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>",
                self.x(*rate),
                self.y(*value)
            );
        }
    }
}
