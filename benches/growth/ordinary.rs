//! A long program of ordinary functions, and what compiling it costs a line.
//!
//! Where the shapes of `shapes.rs` have much of one thing, this program has a little of everything that people write: it is
//! repeated units of a struct and eight functions with loops, arithmetic, texts, arrays, dicts, matches, errors and calls of
//! each other, told apart by names and constants. At [`UNITS`] units it has 35,000 lines and 1 MiB.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::{self, CompileOptions};
use ruff::passes::Level;
use ruff::passes::manager::PassOptions;
use std::process::Command;
use std::time::{Duration, Instant};

/// As many units as make 35,000 lines.
const UNITS: usize = 229;

/// Unit `i`; `@` stands for `i`, `~` for a constant that differs among units.
const UNIT: &str = r#"
struct CatalogueItem@ {
    name: string,
    price: int,
    count: int,
    func total(self) { return self.price * self.count }
    func add(self, more) {
        self.count += more
        if self.count > ~ { self.count := ~ }
        return self
    }
}

# Makes some articles from a start_value.
func make_catalogue@(n, start_value) {
    mut articles := []
    mut generator := start_value
    for i in range(n) {
        generator := (generator * 16807 + ~) % 2147483647
        price := generator % 100 + 1
        article := CatalogueItem@ {
            name: "article ${i}",
            price: price,
            count: i % 7,
        }
        articles := push(articles, article)
    }
    return articles
}

# What all articles cost, with a discount for many.
func sum_of_catalogue@(articles, discount) {
    mut total_cost := 0
    mut many := 0
    for article in articles {
        cost := article.total()
        if article.count > 3 {
            many := many + 1
            total_cost := total_cost + cost - discount
        } else {
            total_cost := total_cost + cost
        }
    }
    if many > ~ / 2 {
        return total_cost * 9 / 10
    }
    return total_cost
}

# How often each word stands in a text.
func frequent_words@(text, least) {
    mut frequencies := {}
    for word in split(text, " ") {
        if len(word) == 0 { continue }
        key := to_lower(word)
        frequencies[key] := get(frequencies, key, 0) + 1
    }
    mut selected := []
    for key in keys(frequencies) {
        if frequencies[key] >= least {
            selected := push(selected, "${key}=${frequencies[key]}")
        }
    }
    return join(sort(selected), ",")
}

# The largest prime factor, by trial.
func largest_factor@(number) {
    mut remaining := number
    mut factor := 2
    mut last := 1
    while factor * factor <= remaining {
        if remaining % factor == 0 {
            last := factor
            remaining := remaining / factor
        } else {
            factor := factor + 1
        }
    }
    if remaining > 1 && remaining > last {
        last := remaining
    }
    return last
}

# A table of products, row_index by row_index.
func product_table@(rows, columns) {
    mut lines := []
    for row_index in range(rows) {
        mut row_cells := []
        for column_index in range(columns) {
            value := (row_index + 1) * (column_index + ~)
            row_cells := push(row_cells, value)
        }
        lines := push(lines, row_cells)
    }
    mut total := 0
    for row_index in range(rows) {
        total := total + lines[row_index][row_index % columns]
        lines[row_index][0] := total
    }
    return lines
}

# A name for each kind of result.
func describe_result@(result, unit) {
    match result {
        case Ok(value): {
            if value < 0 {
                return "less than nothing"
            }
            return "${value} ${unit}"
        }
        case Err(reason): {
            return "failed: " + reason
        }
        default: {
            return "unknown ~"
        }
    }
}

# A quotient that may fail.
func checked_quotient@(a, b) {
    if b == 0 || a == null {
        return Err("division of ${a} by zero")
    }
    try {
        check := parse_int(to_string(a))
        return Ok(check / b)
    } except error {
        return Err(error.message)
    }
}

func write_report@(start_value) {
    articles := make_catalogue@(12, start_value)
    config := {"title": "unit @", "width": 40, "start_value": start_value}
    mut text := config["title"] + ":"
    for article in articles {
        text := text + " " + article.name
    }
    best := largest_factor@(start_value + ~)
    even := articles.filter(func(article) {
        return article.price % 2 == 0
    })
    rows := product_table@(4, 3 + start_value % 3)
    words := frequent_words@(text, 1)
    total_cost := sum_of_catalogue@(even, best % 5)
    result := checked_quotient@(total_cost, len(rows) - 2)
    label := describe_result@(result, "coins")
    return "${label}, ${len(words)}, ${best}"
}
"#;

/// The program of so many units.
fn program(units: usize) -> String {
    let mut text: String =
        (0..units).map(|i| UNIT.replace('@', &i.to_string()).replace('~', &(i * 37 % 91 + 3).to_string())).collect();
    text += "print(write_report0(1))\n";
    text
}

/// Writes the program to a file.
pub fn write(path: &str) {
    std::fs::write(path, program(UNITS)).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Machine instructions of `ruff` with these arguments, as callgrind counts them; none without valgrind.
fn instructions(arguments: &[&str]) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_ruff")])
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, collected) = text.split_once("Collected : ")?;
    collected.split_whitespace().next()?.parse().ok()
}

/// The least time to compile `text` of some compilations.
fn time(text: &str, level: Level) -> Duration {
    let compile = || {
        let mut sources = SourceMap::new();
        let main = sources.add("ordinary.ruff", text).expect("an empty map takes a source");
        let options = CompileOptions { passes: PassOptions::at(level), ..CompileOptions::default() };
        let begin = Instant::now();
        let compiled = pipeline::compile(&mut sources, main, &options, &mut |_, _| {});
        let time = begin.elapsed();
        assert!(compiled.is_ok(), "the program compiles");
        time
    };
    (0..8).map(|_| compile()).min().expect("some compilations")
}

/// Prints for each level the time, and the machine instructions a line of the whole process less those of an empty program; the same
/// as a table.
pub fn report() -> String {
    let text = program(UNITS);
    let lines = text.lines().count();
    println!("ordinary: {lines} lines, {} KiB", text.len() / 1024);
    let path = std::env::temp_dir().join(format!("ruff-ordinary-{}.ruff", std::process::id()));
    let file = path.to_string_lossy().into_owned();
    write(&file);
    let nothing = instructions(&["-e", ""]);
    let mut table = "| level | ms | machine instructions a line | millions in all |\n|---|---|---|---|\n".to_owned();
    for &level in Level::ALL {
        let flag = format!("-{}", level.name());
        let all = instructions(&["run", &flag, &file]);
        let counted = all
            .zip(nothing)
            .map(|(all, nothing)| (all.saturating_sub(nothing) as f64 / lines as f64, all as f64 / 1e6));
        let milliseconds = time(&text, level).as_secs_f64() * 1e3;
        let (line, all) = counted.map_or(("no valgrind".to_owned(), String::new()), |(line, all)| {
            (format!("{line:.0}"), format!("{all:.1}"))
        });
        println!("  {}{milliseconds:>8.1} ms  {line:>9} instructions a line, {all:>7} M", level.name());
        table += &format!("| `{flag}` | {milliseconds:.1} | {line} | {all} |\n");
    }
    let _ = std::fs::remove_file(path);
    table
}
