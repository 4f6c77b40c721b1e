//! Bar charts as SVG.

use std::fmt::Write;

/// Bars that belong together.
pub struct Group {
    /// What stands beside them.
    pub name: String,
    /// A bar for each series.
    pub values: Vec<f64>,
}

/// A chart of horizontal bars in groups.
pub struct Bars {
    /// What stands above it.
    pub title: String,
    /// The names of the series, each with a colour of its own.
    pub series: Vec<&'static str>,
    /// The groups, from above.
    pub groups: Vec<Group>,
}

const COLOURS: [&str; 8] = ["#444444", "#1b6ca8", "#d1495b", "#edae49", "#66a182", "#7d5ba6", "#8d6a4f", "#00798c"];

const LEFT: f64 = 150.0;
const WIDTH: f64 = 640.0;
const TOP: f64 = 64.0;
const BAR: f64 = 7.0;
const GAP: f64 = 8.0;

impl Bars {
    /// The picture. Bars too short to be seen are left out, and their groups are as high as what is left.
    pub fn svg(&self) -> String {
        let values = self.groups.iter().flat_map(|group| &group.values).copied();
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let scale = WIDTH / (high - low).max(1e-9);
        let x = |value: f64| LEFT + (value - low) * scale;
        let seen = |value: f64| value.abs() * scale >= 0.5;

        let mut body = String::new();
        let mut y = TOP;
        for group in &self.groups {
            let bars: Vec<(usize, f64)> = group.values.iter().copied().enumerate().filter(|bar| seen(bar.1)).collect();
            let height = (bars.len() as f64 * BAR).max(12.0);
            let (middle, name) = (y + height / 2.0 + 4.0, escaped(&group.name));
            let _ = writeln!(body, r#"<text x="{}" y="{middle:.1}" text-anchor="end">{name}</text>"#, LEFT - 8.0);
            for (at, (series, value)) in bars.into_iter().enumerate() {
                let (from, to) = (x(value.min(0.0)), x(value.max(0.0)));
                let (top, wide, colour) = (y + at as f64 * BAR, to - from, COLOURS[series % COLOURS.len()]);
                let label = escaped(self.series[series]);
                let _ = writeln!(
                    body,
                    r#"<rect x="{from:.1}" y="{top:.1}" width="{wide:.1}" height="{}" fill="{colour}"><title>{name}, {label}: {value:.2}</title></rect>"#,
                    BAR - 1.0
                );
            }
            y += height + GAP;
        }

        let (total_width, total_height) = (LEFT + WIDTH + 40.0, y + 32.0);
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="20" font-size="14">{}</text>
"#,
            escaped(&self.title)
        );
        let mut at = 12.0;
        for (series, name) in self.series.iter().enumerate() {
            let colour = COLOURS[series % COLOURS.len()];
            let _ = writeln!(
                out,
                r#"<rect x="{at}" y="34" width="10" height="10" fill="{colour}"/><text x="{}" y="43">{}</text>"#,
                at + 14.0,
                escaped(name)
            );
            at += 26.0 + 7.0 * name.len() as f64;
        }
        let step = tick(high - low);
        let mut value = (low / step).ceil() * step;
        while value <= high {
            let (place, stroke) = (x(value), if value.abs() < step / 2.0 { "#444" } else { "#ddd" });
            let _ = writeln!(
                out,
                r#"<line x1="{place:.1}" y1="{}" x2="{place:.1}" y2="{y:.1}" stroke="{stroke}"/><text x="{place:.1}" y="{:.1}" text-anchor="middle">{value:.0}</text>"#,
                TOP - 8.0,
                y + 16.0
            );
            value += step;
        }
        out + &body + "</svg>\n"
    }
}

/// A round distance between the marks of an axis of this length.
fn tick(length: f64) -> f64 {
    let rough = (length / 8.0).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
    (factor * power).max(1.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_both_sides_of_zero_and_small_ones_are_left_out() {
        let groups = vec![Group { name: "a<b".to_owned(), values: vec![50.0, -25.0, 0.0] }];
        let svg = Bars { title: "t".to_owned(), series: vec!["x", "y", "z"], groups }.svg();
        assert!(svg.contains("a&lt;b, x: 50.00") && svg.contains("y: -25.00") && !svg.contains("z: 0.00"), "{svg}");
        assert_eq!(svg.matches("<title>").count(), 2);
    }

    #[test]
    fn marks_are_round() {
        assert_eq!([tick(75.0), tick(8.0), tick(3.0), tick(160.0)], [10.0, 1.0, 1.0, 20.0]);
    }
}
