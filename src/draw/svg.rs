//! The graph as a picture that needs no other program: SVG 1.1, readable on light and on dark ground.

use std::fmt::Write as _;

use super::label::{card, clean, columns, cut, of};
use super::layout::{Area, Layout, Point, layout, level};
use super::{Edge, Load, Loads, edges, name};
use crate::train::graph::{Graph, Node};

/// Around the whole, and the rows for title and legend.
const MARGIN: f64 = 24.0;
const TITLE: f64 = 34.0;
const LEGEND: f64 = 34.0;

/// How wide a column of a fixed-width font is, as part of its size.
const LETTER: f64 = 0.602;

/// Sizes of letters: of a cog's kind, of what it is, of its options and load, of what stands upon links.
const KIND: f64 = 9.5;
const HEAD: f64 = 13.0;
const LINE: f64 = 10.5;

/// Columns of `1.2k waiting, 12.4k errors`, and of a rate.
const TROUBLES: usize = 26;
const RATE: usize = 7;

/// Colours: on light ground, and then on dark.
pub const STYLE: &str = r#"
.geartrain text{font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1f2733}
.geartrain .ground{fill:#ffffff}
.geartrain .card{fill:#f7f8fa;stroke:#b4bdc9}
.geartrain .mark{fill:#8a94a3}
.geartrain .supply .card{fill:#edf6ea;stroke:#84b073}
.geartrain .supply .mark{fill:#4f9a3a}
.geartrain .drain .card{fill:#eaf2fb;stroke:#7fa6d3}
.geartrain .drain .mark{fill:#2f6fb5}
.geartrain .parse .mark,.geartrain .marshal .mark{fill:#8e6bbf}
.geartrain .filter .mark{fill:#c78a1b}
.geartrain .enrich .mark{fill:#1f9a94}
.geartrain .window .mark{fill:#c2578f}
.geartrain .muted{fill:#5b6675}
.geartrain .head{font-weight:bold}
.geartrain .link{fill:none;stroke:#8792a2}
.geartrain .arrow{fill:#8792a2}
.geartrain .error.link{stroke:#c8574d;stroke-dasharray:5 4}
.geartrain .error.arrow{fill:#c8574d}
.geartrain .bottleneck .card{fill:#fde4dd;stroke:#c62d1f;stroke-width:2.5px}
.geartrain .bottleneck .load{fill:#a51d12;font-weight:bold}
@media (prefers-color-scheme:dark){
.geartrain text{fill:#e4e8ee}
.geartrain .ground{fill:#14181e}
.geartrain .card{fill:#1f252e;stroke:#4b5665}
.geartrain .supply .card{fill:#1b2a1c;stroke:#4f7a45}
.geartrain .drain .card{fill:#182839;stroke:#446d9b}
.geartrain .muted{fill:#a3aebd}
.geartrain .link{stroke:#707c8d}
.geartrain .arrow{fill:#707c8d}
.geartrain .error.link{stroke:#e0786e}
.geartrain .error.arrow{fill:#e0786e}
.geartrain .bottleneck .card{fill:#44201b;stroke:#ff6f5e}
.geartrain .bottleneck .load{fill:#ffa599}
}
"#;

/// A cog as it is written.
struct Card {
    kind: String,
    head: String,
    lines: Vec<String>,
    /// How much goes through, and what waits or failed; empty lines where there is nothing to tell.
    load: Vec<String>,
}

/// The graph as an SVG document: cards joined from left to right, error routes dashed. With loads, links are as wide as their share and bear
/// their rate, and the bottleneck is red. Each cog is a group with its name as `data-cog`, each link a path with `data-from` and `data-to`.
pub fn to_svg(graph: &Graph, title: &str, loads: Option<&Loads>) -> String {
    let cards: Vec<Card> = graph.nodes.iter().enumerate().map(|(number, node)| Card::new(node, number, loads)).collect();
    let sizes: Vec<(f64, f64)> = cards.iter().map(Card::size).collect();
    let links = edges(graph);
    let rates: Vec<String> = links.iter().map(|edge| words(graph, *edge, loads)).collect();
    let widest = rates.iter().map(|rate| columns(rate)).max().unwrap_or_default();
    let room = loads.map_or(0.0, |_| widest.max(RATE) as f64 * LINE * LETTER + 22.0);
    let layout = layout(&sizes, &links, room);
    let (legend, legend_width) = legend(graph, &links, loads);
    let title = cut(title, 80);
    let title_width = columns(&title) as f64 * HEAD * LETTER;
    let width = layout.width.max(legend_width).max(title_width) + 2.0 * MARGIN;
    let below = if legend.is_empty() { 0.0 } else { LEGEND };
    let height = layout.height + TITLE + below + 2.0 * MARGIN;

    let mut out = String::new();
    let (w, h) = (num(width), num(height));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"geartrain\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\">"
    );
    let _ = writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>", escaped(&title));
    let _ = writeln!(out, "<rect class=\"ground\" width=\"{w}\" height=\"{h}\"/>");
    let _ = writeln!(out, "{}", text("muted", MARGIN, MARGIN + 10.0, HEAD, &title));
    let _ = writeln!(out, "<g transform=\"translate({},{})\">", num(MARGIN), num(MARGIN + TITLE));
    for (edge, road) in links.iter().zip(&layout.roads) {
        out.push_str(&link(graph, *edge, road, loads));
    }
    for (number, (card, area)) in cards.iter().zip(&layout.boxes).enumerate() {
        out.push_str(&card.draw(&graph.nodes[number], area, loads.is_some_and(|loads| loads.is_bottleneck(number))));
    }
    // Above the links, so that no link runs through a rate.
    out.push_str(&written(&rates, &layout));
    out.push_str("</g>\n");
    if !legend.is_empty() {
        let _ = writeln!(out, "<g transform=\"translate({},{})\">\n{legend}</g>", num(MARGIN), num(height - MARGIN));
    }
    out.push_str("</svg>\n");
    out
}

impl Card {
    fn new(node: &Node, number: usize, loads: Option<&Loads>) -> Self {
        let (head, lines) = card(of(node));
        let own_name = !head.starts_with(&node.name);
        let kind = if own_name { format!("{} · {}", node.kind.word(), cut(&node.name, 30)) } else { node.kind.word().to_owned() };
        let load = loads.and_then(|loads| loads.node(number)).map(|load| vec![load.rate_text().unwrap_or_default(), load.troubles()]);
        Self { kind, head, lines, load: load.unwrap_or_default() }
    }

    fn size(&self) -> (f64, f64) {
        let wide = |text: &str, size: f64| columns(text) as f64 * size * LETTER;
        let lines = self.lines.iter().map(|line| wide(line, LINE)).fold(0.0, f64::max);
        // The same whatever the numbers are, so that a picture that is drawn anew every second stands still.
        let lines = if self.load.is_empty() { lines } else { lines.max(TROUBLES as f64 * LINE * LETTER) };
        let width = wide(&self.head, HEAD).max(wide(&self.kind, KIND)).max(lines) + 28.0;
        let rows = self.lines.len() + self.load.len();
        (width.round().max(96.0), 44.0 + rows as f64 * 14.0 + if rows > 0 { 4.0 } else { 0.0 })
    }

    fn draw(&self, node: &Node, area: &Area, bottleneck: bool) -> String {
        let class = if bottleneck { " bottleneck" } else { "" };
        // Browsers show the title when the mouse rests upon the card.
        let place = node.about.place.as_deref().map(|place| format!(" ({})", escaped(place))).unwrap_or_default();
        let mut out = format!(
            "<g class=\"{}{class}\" data-cog=\"{}\"><title>{}{place}</title>",
            node.kind.word(),
            escaped(&node.name),
            escaped(of(node))
        );
        let (x, y) = (area.x, area.y);
        let _ = write!(
            out,
            "<rect class=\"card\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            num(x),
            num(y),
            num(area.width),
            num(area.height)
        );
        let (bar, high) = (num(x + 5.0), num(area.height - 14.0));
        let _ = write!(out, "<rect class=\"mark\" x=\"{bar}\" y=\"{}\" width=\"3\" height=\"{high}\" rx=\"1.5\"/>", num(y + 7.0));
        out.push_str(&text("muted", x + 15.0, y + 16.0, KIND, &self.kind));
        out.push_str(&text("head", x + 15.0, y + 33.0, HEAD, &self.head));
        let mut line = y + 49.0;
        for option in &self.lines {
            out.push_str(&text("muted", x + 15.0, line, LINE, option));
            line += 14.0;
        }
        for words in self.load.iter().filter(|words| !words.is_empty()) {
            out.push_str(&text("load", x + 15.0, line, LINE, words));
            line += 14.0;
        }
        out.push_str("</g>\n");
        out
    }
}

/// The words upon a link. Errors that do not come are not worth them.
fn words(graph: &Graph, edge: Edge, loads: Option<&Loads>) -> String {
    let load = loads.and_then(|loads| loads.edge(edge)).filter(|load| !edge.error || load.rate.is_some_and(|rate| rate > 0.0));
    let rate = load.and_then(Load::rate_text);
    let name = if edge.error { String::new() } else { cut(&name(graph, edge), 30) };
    [name].into_iter().chain(rate).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A link with the head of its arrow.
fn link(graph: &Graph, edge: Edge, road: &[Point], loads: Option<&Loads>) -> String {
    let [.., before, end] = road else { return String::new() };
    let name = |node: u32| escaped(&graph.nodes[node as usize].name);
    let class = if edge.error { "error " } else { "" };
    let wide = loads.map_or(1.6, |loads| 1.2 + 5.0 * loads.edge(edge).map_or(0.0, Load::part));
    // The line ends within the head, which is level.
    let (long, high) = (8.0, 3.2 + wide * 0.7);
    let back = if before.0 <= end.0 { -long } else { long };
    let mut points = road.to_vec();
    if let Some(last) = points.last_mut() {
        last.0 += back * 0.7;
    }
    // From the target backwards, so that the dashes of error routes that run together fall upon each other.
    if edge.error {
        points.reverse();
    }
    let mut way = String::new();
    for (number, (x, y)) in points.iter().enumerate() {
        let _ = match number.checked_sub(1).map(|before| points[before]) {
            None => write!(way, "M{} {}", num(*x), num(*y)),
            Some((_, before)) if level(before, *y) => write!(way, "H{}", num(*x)),
            Some((from, before)) => {
                let middle = num(f64::midpoint(from, *x));
                write!(way, "C{middle} {} {middle} {} {} {}", num(before), num(*y), num(*x), num(*y))
            }
        };
    }
    let (x, y) = *end;
    let head = format!("M{} {}L{} {}L{} {}Z", num(x), num(y), num(x + back), num(y - high), num(x + back), num(y + high));
    format!(
        "<g data-from=\"{}\" data-to=\"{}\"><path class=\"{class}link\" stroke-width=\"{}\" d=\"{way}\"/><path class=\"{class}arrow\" d=\"{head}\"/></g>\n",
        name(edge.from),
        name(edge.to),
        num(wide)
    )
}

/// What stands upon the links, each where it covers no other.
fn written(rates: &[String], layout: &Layout) -> String {
    let mut out = String::new();
    let mut taken: Vec<(Point, f64)> = Vec::new();
    for ((rate, road), gap) in rates.iter().zip(&layout.roads).zip(&layout.gaps) {
        if rate.is_empty() || road.is_empty() {
            continue;
        }
        let wide = columns(rate) as f64 * LINE * LETTER;
        let (from, to) = (gap.0 + wide / 2.0 + 3.0, gap.1 - wide / 2.0 - 3.0);
        let at = |part: f64| {
            let x = if from < to { from + (to - from) * part } else { f64::midpoint(from, to) };
            (x, height_at(road, x))
        };
        let free = |point: Point| {
            taken.iter().all(|(other, width)| {
                (other.0 - point.0).abs() > f64::midpoint(*width, wide) + 4.0 || (other.1 - point.1).abs() > LINE + 3.0
            })
        };
        let point = [0.5, 0.3, 0.7, 0.1, 0.9, 0.0, 1.0].into_iter().map(at).find(|point| free(*point)).unwrap_or_else(|| at(0.5));
        taken.push((point, wide));
        // The line does not run through the words.
        let (x, y) = (num(point.0 - wide / 2.0 - 2.0), num(point.1 - 6.5));
        let _ = write!(out, "<rect class=\"ground\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"13\" rx=\"3\"/>", num(wide + 4.0));
        out.push_str(&text("rate", point.0 - wide / 2.0, point.1 + 3.6, LINE, rate));
        out.push('\n');
    }
    out
}

/// How high a road is there.
fn height_at(road: &[Point], x: f64) -> f64 {
    let piece = road.windows(2).find(|pair| (pair[0].0.min(pair[1].0)..=pair[0].0.max(pair[1].0)).contains(&x));
    let Some([a, b]) = piece else { return road.first().map_or(0.0, |point| point.1) };
    let (mut low, mut high) = (0.0, 1.0);
    // The curve's control points stand in the middle, at the heights of the ends.
    let bent = |t: f64, from: f64, first: f64, second: f64, to: f64| {
        let s = 1.0 - t;
        s * s * s * from + 3.0 * s * s * t * first + 3.0 * s * t * t * second + t * t * t * to
    };
    let middle = f64::midpoint(a.0, b.0);
    for _ in 0..24 {
        let t = f64::midpoint(low, high);
        if (bent(t, a.0, middle, middle, b.0) < x) == (a.0 <= b.0) {
            low = t;
        } else {
            high = t;
        }
    }
    bent(low, a.1, a.1, b.1, b.1)
}

/// What the marks mean, where there are any, and how wide that is.
fn legend(graph: &Graph, links: &[Edge], loads: Option<&Loads>) -> (String, f64) {
    let mut out = String::new();
    let mut x = 0.0;
    let mut add = |sign: &str, class: &str, words: &str| {
        let _ = write!(out, "<g class=\"{class}\" transform=\"translate({},0)\">{sign}", num(x));
        out.push_str(&text("muted", 34.0, 0.0, LINE, words));
        out.push_str("</g>\n");
        x += 34.0 + columns(words) as f64 * LINE * LETTER + 26.0;
    };
    if links.iter().any(|edge| edge.error) {
        add("<path class=\"error link\" stroke-width=\"1.6\" d=\"M0 -4H26\"/>", "", "what failed");
    }
    if loads.is_some_and(|loads| !loads.edges.is_empty()) {
        let sign = "<path class=\"link\" stroke-width=\"1.2\" d=\"M0 -4H12\"/><path class=\"link\" stroke-width=\"6.2\" d=\"M14 -4H26\"/>";
        add(sign, "", "share of the flow");
    }
    if let Some(node) = loads.and_then(|loads| loads.bottleneck).and_then(|node| graph.nodes.get(node as usize)) {
        let sign = "<rect class=\"card\" x=\"1\" y=\"-11\" width=\"24\" height=\"13\" rx=\"3\"/>";
        add(sign, "bottleneck", &format!("the bottleneck: {}", cut(&node.name, 40)));
    }
    (out, x)
}

fn text(class: &str, x: f64, y: f64, size: f64, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>", num(x), num(y), num(size), escaped(text))
}

/// At most one digit behind the dot, as no eye sees more.
fn num(number: f64) -> String {
    let text = format!("{number:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.into() }
}

/// `text` as content or attribute of XML; letters that no document may hold are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(clean(letter)),
        }
    }
    out
}
