use ruff::base::source::SourceMap;
use ruff::engine::pipeline::*;
use ruff::runtime::host::Host;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let mut map = SourceMap::new();
    let id = map.add(&args[1], text).unwrap();
    let opts = CompileOptions { verify: args.iter().any(|a| a == "--verify"), ..Default::default() };
    match compile(&mut map, id, &opts, &mut |_, _| ()) {
        Err(ds) => {
            eprint!("{}", ruff::base::render::diagnostics(&map, &ds, ruff::base::render::Colour::Never));
            std::process::exit(3)
        }
        Ok(c) => {
            if args.iter().any(|a| a == "--dis") {
                print!("{}", c.disassembly());
                return;
            }
            let mut host = Host::process(vec![]);
            let (o, s) = run(&c, &mut host, &RunOptions { stats: args.iter().any(|a| a == "--stats") });
            if let Some(s) = s {
                eprintln!("{s}");
            }
            match o {
                Outcome::Error(e) => {
                    eprint!(
                        "{}",
                        ruff::base::render::runtime_error(
                            &map,
                            &e.message,
                            Some(e.span),
                            &e.stack,
                            ruff::base::render::Colour::Never
                        )
                    );
                    std::process::exit(4)
                }
                Outcome::Exit(c) => std::process::exit(c),
                _ => {}
            }
        }
    }
}
