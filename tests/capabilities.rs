//! Restricted runs: hostile programs are denied what they try, on both engines, and nothing of it has happened; each attempt works
//! when it is allowed. What the walk to a file does step by step is tested in `runtime/door.rs`.

mod common;

use common::{Finished, ruff, run};
use ruff::runtime::builtins::{self, TABLE};
use ruff::runtime::capability::{Capability, GROUPS};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const ENGINES: [&str; 2] = ["--engine=vm", "--engine=tree"];
const SECRET: &str = "this must stay outside";

/// Where hostile programs run: the current directory, in which only `inside` is theirs.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for made in ["inside", "inside-not", "outside", "outside/empty", "inside/empty"] {
            fs::create_dir(at(made)).unwrap();
        }
        let module = format!("export secret := \"{SECRET}\"\n");
        for (name, text) in [
            ("outside/secret", SECRET),
            ("inside-not/secret", SECRET),
            (".ruff_kv.json", &format!("{{\"k\": \"{SECRET}\"}}")),
            ("inside/file", "mine"),
            ("outside/module.ruff", &module),
            ("beside.ruff", &module),
            ("inside/own.ruff", "export secret := \"mine\"\n"),
        ] {
            fs::write(at(name), text).unwrap();
        }
        for (link, target) in [
            ("inside/link", "../outside/secret"),
            ("inside/absolute", at("outside/secret").to_str().unwrap()),
            ("inside/chain", "hop"),
            ("inside/hop", "directory/secret"),
            ("inside/directory", "../outside"),
            ("inside/dangling", "../outside/new"),
            ("inside/linked.ruff", "../outside/module.ruff"),
            ("inside/good", "../inside/file"),
            ("outside/link", "secret"),
            ("to_inside", "inside"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        Place { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn command(&self, engine: &str, flags: &str, code: &str) -> Command {
        let file = self.at("program.ruff");
        fs::write(&file, code.replace("{here}", self.path().to_str().unwrap())).unwrap();
        let mut command = ruff();
        command.args(["run", engine]).args(flags.split_whitespace()).arg(file).arg("an argument");
        command.current_dir(self.path()).env("SECRET", SECRET).env("HOME", "/home/of/somebody");
        command
    }

    fn run(&self, engine: &str, flags: &str, code: &str) -> Finished {
        run(self.command(engine, flags, code), None)
    }

    /// All there is, but for the program, with contents.
    fn contents(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.path()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                let path = entry.path();
                let kind = entry.file_type().unwrap();
                let text = match () {
                    () if kind.is_symlink() => format!("-> {}", fs::read_link(&path).unwrap().display()),
                    () if kind.is_dir() => {
                        open.push(path.clone());
                        String::new()
                    }
                    () => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
                };
                found.insert(path, text);
            }
        }
        found.remove(&self.at("program.ruff"));
        found
    }
}

const INSIDE: &str = "--allow-fs-read=inside --allow-fs-write=inside --allow-fs-delete=inside";

/// What a hostile program tries: flags, an expression, the capability and the builtin that the denial names, and the flags that allow it.
type Attempt = (&'static str, &'static str, Capability, &'static str, &'static str);

fn attempts() -> Vec<Attempt> {
    use Capability::{
        Clock, EnvRead, EnvWrite, FilesystemDelete, FilesystemRead, FilesystemWrite, ProcessExec, Random, ShellExec,
    };
    const READ: &str = "--allow-fs-read";
    const OUT: &str = "--allow-fs-read=outside,inside";
    const WRITE: &str = "--allow-fs-write";
    const WRITE_OUT: &str = "--allow-fs-write=outside,inside";
    let read = |code, name, allow| (INSIDE, code, FilesystemRead, name, allow);
    let write = |code, name, allow| (INSIDE, code, FilesystemWrite, name, allow);
    let delete = |code, name, allow| (INSIDE, code, FilesystemDelete, name, allow);
    vec![
        // Out of the list by path.
        ("--untrusted", "read_file(\"inside/file\")", FilesystemRead, "read_file", READ),
        read("read_file(\"outside/secret\")", "read_file", OUT),
        read("read_file(\"inside/../outside/secret\")", "read_file", OUT),
        read("read_file(\"inside/./../inside/..//outside/secret\")", "read_file", OUT),
        read("read_file(\"{here}/outside/secret\")", "read_file", OUT),
        read("read_file(\"{here}/inside/empty/../../outside/secret\")", "read_file", OUT),
        read("read_file(\"/../../..{here}/outside/secret\")", "read_file", OUT),
        read("read_file(\"inside-not/secret\")", "read_file", "--allow-fs-read=inside-not"),
        read("read_file(\"program.ruff\")", "read_file", "--allow-fs-read=program.ruff"),
        // Out of it by links.
        read("read_file(\"inside/link\")", "read_file", OUT),
        read("read_file(\"inside/absolute\")", "read_file", OUT),
        read("read_file(\"inside/chain\")", "read_file", OUT),
        read("read_file(\"inside/directory/secret\")", "read_file", OUT),
        read("read_file(\"inside/directory/../outside/secret\")", "read_file", OUT),
        read("read_file(\"to_inside/link\")", "read_file", OUT),
        read("read_file_lossy(\"inside/link\")", "read_file_lossy", OUT),
        read("read_lines(\"inside/link\")", "read_lines", OUT),
        read("read_binary_file(\"inside/link\")", "read_binary_file", OUT),
        read("io_read_bytes(\"inside/link\", 4)", "io_read_bytes", OUT),
        read("io_read_at(\"inside/link\", 1, 4)", "io_read_at", OUT),
        read("io_seek_read(\"inside/link\", 1)", "io_seek_read", OUT),
        read("sha256_file(\"inside/link\")", "sha256_file", OUT),
        read("md5_file(\"inside/link\")", "md5_file", OUT),
        read("await async_read_file(\"inside/link\")", "async_read_file", OUT),
        read("await async_read_files([\"inside/file\", \"outside/secret\"])", "async_read_files", READ),
        // What is there, and where.
        read("list_dir(\".\")", "list_dir", "--allow-fs-read=."),
        read("list_dir(\"/\")", "list_dir", READ),
        read("list_dir(\"inside/directory\")", "list_dir", OUT),
        read("list_dir(\"inside/..\")", "list_dir", "--allow-fs-read=."),
        read("file_exists(\"outside/secret\")", "file_exists", OUT),
        read("file_exists(\"outside/nothing\")", "file_exists", OUT),
        read("file_exists(\"outside/nothing/../../inside/file\")", "file_exists", "--allow-fs-read=."),
        read("path_exists(\"outside/empty/../../inside/file\")", "path_exists", "--allow-fs-read=."),
        read("path_is_dir(\"outside/empty\")", "path_is_dir", OUT),
        read("path_is_file(\"inside/link\")", "path_is_file", OUT),
        read("path_is_symlink(\"outside/link\")", "path_is_symlink", OUT),
        read("path_absolute(\"inside/link\")", "path_absolute", OUT),
        read("file_size(\"inside/link\")", "file_size", OUT),
        read("io_file_metadata(\"inside/link\")", "io_file_metadata", OUT),
        read("os_getcwd()", "os_getcwd", "--allow-fs-read=."),
        read("kv_get(\"k\")", "kv_get", "--allow-fs-read=.ruff_kv.json"),
        // The processes' own files.
        (READ, "read_file(\"/proc/self/environ\")", FilesystemRead, "read_file", "--allow-fs-read=/proc"),
        (READ, "read_file(\"/proc/self/cmdline\")", FilesystemRead, "read_file", "--allow-fs-read=/proc"),
        (READ, "read_file(\"/proc/uptime\")", FilesystemRead, "read_file", "--allow-fs-read=/proc/uptime"),
        read("read_file(\"/proc/self/cwd/outside/secret\")", "read_file", "--allow-fs-read=/proc,outside"),
        (WRITE, "io_write_at(\"/proc/self/comm\", bytes([65]), 0)", FilesystemWrite, "io_write_at", "--allow-all"),
        // Writing.
        write("write_file(\"outside/new\", \"x\")", "write_file", WRITE_OUT),
        write("write_file(\"new\", \"x\")", "write_file", WRITE),
        write("write_file(\"inside/link\", \"x\", true)", "write_file", WRITE_OUT),
        write("write_file(\"inside/dangling\", \"x\", true)", "write_file", WRITE_OUT),
        write("write_file(\"inside/../outside/new\", \"x\")", "write_file", WRITE_OUT),
        write("write_binary_file(\"inside/link\", bytes([1]), true)", "write_binary_file", WRITE_OUT),
        write("append_file(\"inside/link\", \"x\")", "append_file", WRITE_OUT),
        write("io_write_bytes(\"inside/link\", bytes([1]))", "io_write_bytes", WRITE_OUT),
        write("io_append_bytes(\"inside/link\", bytes([1]))", "io_append_bytes", WRITE_OUT),
        write("io_write_at(\"inside/link\", bytes([1]), 0)", "io_write_at", WRITE_OUT),
        write("io_truncate(\"inside/link\", 0)", "io_truncate", WRITE_OUT),
        write("create_dir(\"outside/made\")", "create_dir", WRITE_OUT),
        write("create_dir(\"inside/directory/made/deep\")", "create_dir", WRITE_OUT),
        write("rename_file(\"inside/file\", \"outside/got\")", "rename_file", WRITE_OUT),
        write("rename_file(\"outside/secret\", \"inside/got\")", "rename_file", WRITE_OUT),
        write("copy_file(\"inside/file\", \"outside/got\")", "copy_file", "--allow-fs-read --allow-fs-write"),
        read("copy_file(\"outside/secret\", \"inside/got\")", "copy_file", "--allow-fs-read --allow-fs-write=inside"),
        read(
            "io_copy_range(\"inside/link\", \"inside/got\", 0, 9)",
            "io_copy_range",
            "--allow-fs-read --allow-fs-write",
        ),
        write(
            "io_copy_range(\"inside/file\", \"inside/link\", 0, 9)",
            "io_copy_range",
            "--allow-fs-read --allow-fs-write",
        ),
        (
            WRITE,
            "copy_file(\"outside/secret\", \"inside/got\")",
            FilesystemRead,
            "copy_file",
            "--allow-fs-read --allow-fs-write",
        ),
        write("await async_write_file(\"inside/link\", \"x\")", "async_write_file", WRITE_OUT),
        write(
            "await async_write_files([\"inside/new\", \"outside/new\"], [\"x\", \"y\"])",
            "async_write_files",
            WRITE_OUT,
        ),
        write("os_chdir(\"outside\")", "os_chdir", WRITE_OUT),
        write("os_chdir(\"inside/directory\")", "os_chdir", WRITE_OUT),
        write("kv_set(\"k\", \"x\")", "kv_set", "--allow-fs-write=."),
        // Removing.
        delete("delete_file(\"outside/secret\")", "delete_file", "--allow-fs-delete=outside"),
        delete("delete_file(\"inside/directory/secret\")", "delete_file", "--allow-fs-delete=inside/directory"),
        delete("delete_file(\"to_inside\")", "delete_file", "--allow-fs-delete=to_inside,."),
        delete("os_rmdir(\"inside/../outside/empty\")", "os_rmdir", "--allow-fs-delete=inside,outside"),
        (WRITE, "delete_file(\"inside/file\")", FilesystemDelete, "delete_file", "--allow-fs-delete"),
        // Other programs.
        ("--allow-process-exec", "execute(\"cat outside/secret\")", ShellExec, "execute", "--allow-shell-exec"),
        (INSIDE, "execute_status(\"cat outside/secret\")", ShellExec, "execute_status", "--allow-shell-exec"),
        (
            "--allow-shell-exec",
            "spawn_process([\"cat\", \"outside/secret\"])",
            ProcessExec,
            "spawn_process",
            "--allow-process-exec",
        ),
        (READ, "pipe_commands([[\"cat\", \"outside/secret\"]])", ProcessExec, "pipe_commands", "--allow-process-exec"),
        // Environment and arguments.
        (READ, "env(\"SECRET\")", EnvRead, "env", "--allow-env-read"),
        ("--allow-env-read=HOME", "env(\"SECRET\")", EnvRead, "env", "--allow-env-read=HOME,SECRET"),
        ("--allow-env-read=SECRET_", "env_or(\"SECRET\", \"\")", EnvRead, "env_or", "--allow-env-read=SECRET"),
        ("--allow-env-read=HOME", "env_required(\"SECRET\")", EnvRead, "env_required", "--allow-env-read=SECRET"),
        ("--untrusted", "env_list()", EnvRead, "env_list", "--allow-env-read"),
        ("--allow-env-read", "os_environ()", FilesystemRead, "os_environ", "--allow-fs-read --allow-env-read"),
        ("--allow-env-read", "env_set(\"SECRET\", \"x\")", EnvWrite, "env_set", "--allow-env-write"),
        ("--untrusted", "args()", EnvRead, "args", "--allow-env-read"),
        ("--untrusted", "arg_parser().parse()", EnvRead, "parse", "--allow-env-read=HOME"),
        // Time and chance.
        (READ, "now()", Clock, "now", "--allow-clock"),
        (READ, "current_timestamp()", Clock, "time", "--allow-clock"),
        ("--allow-random", "performance_now()", Clock, "performance_now", "--allow-clock"),
        ("--untrusted", "now_utc()", Clock, "now_utc", "--allow-clock"),
        ("--allow-clock", "random()", Random, "random", "--allow-random"),
        ("--allow-net", "uuid_v4()", Random, "uuid_v4", "--allow-random"),
        ("--allow-database", "random_choice([1, 2])", Random, "random_choice", "--allow-random"),
    ]
}

fn denial(capability: Capability, name: &str) -> String {
    format!("Capability denied: {capability} required for {name}; rerun with --{}", capability.flag())
}

#[test]
fn attempts_are_denied_and_nothing_is_done() {
    let attempts = attempts();
    assert!(attempts.len() >= 40);
    let place = Place::new();
    let before = place.contents();
    for engine in ENGINES {
        for (flags, code, capability, name, allow) in &attempts {
            let program = format!("try {{ print(\"done\", {code}) }} except e {{ print(e.message) }}");
            let got = place.run(engine, flags, &program);
            assert_eq!(
                (got.out.trim_end(), got.code),
                (&*denial(*capability, name), Some(0)),
                "{engine} {flags}: {code}"
            );
            assert!(!got.err.contains(SECRET), "{engine} {flags}: {code}");
            assert!(place.contents() == before, "{engine} {flags}: {code} has changed something");

            let place = Place::new();
            let got = place.run(engine, allow, &program);
            assert!(
                got.out.starts_with("done") && got.code == Some(0),
                "{engine} {allow}: {code}: {}{}",
                got.out,
                got.err
            );
        }
    }
}

/// An import reads a file, and is denied before anything of it is read.
#[test]
fn imports_stay_inside() {
    let cases = [
        ("--untrusted", "beside", "--allow-fs-read=beside.ruff"),
        ("--allow-fs-write", "inside.own", "--allow-fs-read=inside"),
        (INSIDE, "outside.module", "--allow-fs-read=outside"),
        (INSIDE, "beside", "--allow-fs-read"),
        (INSIDE, "inside.linked", "--allow-fs-read=outside,inside"),
        (INSIDE, "inside.directory.module", "--allow-fs-read=inside/directory"),
        (INSIDE, "nothing_at_all", ""),
    ];
    let place = Place::new();
    for engine in ENGINES {
        for (flags, module, allow) in cases {
            let code = format!(
                "try {{ from {module} import secret print(\"done\", secret) }} except e {{ print(e.message) }}"
            );
            let got = place.run(engine, flags, &code);
            assert_eq!(got.out.trim_end(), denial(Capability::FilesystemRead, "import"), "{engine} {flags}: {module}");
            if !allow.is_empty() {
                let got = place.run(engine, allow, &code);
                assert!(got.out.starts_with("done"), "{engine} {allow}: {module}: {}{}", got.out, got.err);
            }
        }
        let got = place.run(engine, INSIDE, "from inside.own import secret\nprint(secret)");
        assert_eq!((got.out.as_str(), got.code), ("mine\n", Some(0)), "{engine}: {}", got.err);
        let got = place.run(engine, "--untrusted", "import beside\nprint(1)");
        assert_eq!((got.out.as_str(), got.code), ("", Some(4)), "{engine}");
        assert!(
            got.err.contains("Runtime Error: Capability denied: filesystem-read required for import"),
            "{}",
            got.err
        );
    }
}

/// A directory whose name is no text is one like others.
#[test]
fn imports_need_no_text_for_a_path() {
    let place = Place::new();
    let odd = place.path().join(std::ffi::OsStr::from_bytes(b"odd\xFF"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("m.ruff"), "export x := 1").unwrap();
    fs::write(odd.join("program.ruff"), "import m\nprint(m.x)").unwrap();
    for flags in [&[][..], &["--allow-fs-read"], &["--allow-fs-read=m.ruff"]] {
        let mut command = ruff();
        command.arg("run").args(flags).arg("program.ruff").current_dir(&odd);
        let got = run(command, None);
        assert_eq!((got.out.as_str(), got.code), ("1\n", Some(0)), "{flags:?}: {}", got.err);
    }
}

/// What is inside can be used in every way, through links and dots as well.
#[test]
fn a_list_allows_what_is_on_it() {
    let code = r#"
        func t(name, f) { try { print(name, f()) } except e { print(name, e.message) } }
        t("read", func() { return read_file("inside/../inside/good") })
        t("link", func() { return read_file("to_inside/file") })
        t("absolute", func() { return read_file("{here}/inside/./file") })
        t("size", func() { return file_size("inside/file") })
        t("make", func() { return create_dir("inside/a/b/c/") })
        t("again", func() { return create_dir("inside/a/b/c") })
        t("write", func() { return write_file("inside/a/b/c/new", "x") })
        t("over", func() { return write_file("inside/a/b/c/new", "y") })
        t("overwrite", func() { return write_file("inside/good", "written", true) })
        t("read", func() { return read_file("inside/file") })
        t("append", func() { return append_file("inside/file", "!") })
        t("rename", func() { return rename_file("inside/a/b/c/new", "inside/renamed") })
        t("copy", func() { return copy_file("inside/file", "inside/copied") })
        t("read", func() { return read_file("inside/copied") })
        t("is_symlink", func() { return path_is_symlink("inside/link") })
        t("is_dir", func() { return path_is_dir("inside/a/") })
        t("exists", func() { return path_exists("inside/a/none") })
        t("missing", func() { return read_file("inside/none") })
        t("not a directory", func() { return read_file("inside/file/") })
        t("not a directory", func() { return delete_file("inside/file/") })
        t("long", func() { return read_file("inside/" + repeat("x", 5000)) })
        t("empty", func() { return read_file("") })
        t("rmdir", func() { return os_rmdir("inside/a/b/c/") })
        t("delete", func() { return delete_file("inside/link") })
        t("delete", func() { return delete_file("inside/renamed") })
        t("async", func() { return await async_write_file("inside/late", "1") })
        t("async", func() { return await async_read_file("inside/late") })
        t("chdir", func() { return os_chdir("inside") })
        t("list", func() { return list_dir(".") })
        t("kv", func() { return kv_set("a", "b") })
        t("kv", func() { return kv_get("a") })
    "#;
    let unrestricted: Vec<String> = ENGINES.iter().map(|engine| Place::new().run(engine, "", code).out).collect();
    let restricted: Vec<String> = ENGINES.iter().map(|engine| Place::new().run(engine, INSIDE, code).out).collect();
    assert_eq!(unrestricted[0], unrestricted[1]);
    assert_eq!(unrestricted[0], restricted[0]);
    assert_eq!(unrestricted[0], restricted[1]);
    assert!(!restricted[0].contains("denied") && restricted[0].contains("\nread written!\n"), "{}", restricted[0]);
    assert_eq!(restricted[0].lines().count(), code.matches(" t(\"").count());
}

/// A program that may write exchanges its own file for a link, then reads it.
#[test]
fn a_file_that_has_become_a_link_is_not_followed() {
    let code = "print(read_file(\"inside/file\"))
        rename_file(\"inside/link\", \"inside/file\")
        rename_file(\"inside/directory\", \"inside/renamed\")
        for path in [\"inside/file\", \"inside/renamed/secret\"] {
            try { print(read_file(path)) } except e { print(e.message) }
            try { print(write_file(path, \"x\", true)) } except e { print(e.message) }
        }";
    for engine in ENGINES {
        let place = Place::new();
        let got = place.run(engine, INSIDE, code);
        let (read, write) =
            (denial(Capability::FilesystemRead, "read_file"), denial(Capability::FilesystemWrite, "write_file"));
        assert_eq!(got.out, format!("mine\n{read}\n{write}\n{read}\n{write}\n"), "{engine}: {}", got.err);
        assert_eq!(fs::read_to_string(place.at("outside/secret")).unwrap(), SECRET);
    }
}

/// Someone else exchanges files and directories for links all the while a program uses them.
#[test]
fn no_exchange_leads_out() {
    let place = Place::new();
    let at = |name: &str| place.at(name);
    fs::create_dir(at("inside/turn")).unwrap();
    fs::write(at("inside/turn/secret"), "mine").unwrap();
    let over = AtomicBool::new(false);
    let turns = AtomicU64::new(0);
    let exchange = || {
        while !over.load(Ordering::Relaxed) {
            symlink("../outside/secret", at("inside/draft")).unwrap();
            fs::rename(at("inside/draft"), at("inside/file")).unwrap();
            fs::rename(at("inside/turn"), at("inside/away")).unwrap();
            symlink("../outside", at("inside/turn")).unwrap();
            fs::write(at("inside/draft"), "mine").unwrap();
            fs::rename(at("inside/draft"), at("inside/file")).unwrap();
            fs::remove_file(at("inside/turn")).unwrap();
            fs::rename(at("inside/away"), at("inside/turn")).unwrap();
            turns.fetch_add(1, Ordering::Relaxed);
        }
    };
    let code = "mut seen := {}
        for i in range(400) {
            for path in [\"inside/file\", \"inside/turn/secret\"] {
                try { seen[read_file(path)] := true } except e { seen[\"no\"] := true }
                try { write_file(path, \"mine\", true) } except e { seen[\"no\"] := true }
                try { append_file(path, \"\") io_truncate(path, 4) } except e { seen[\"no\"] := true }
                try { seen[await async_read_file(path)] := true } except e { seen[\"no\"] := true }
            }
        }
        print(keys(seen))";
    std::thread::scope(|scope| {
        scope.spawn(exchange);
        for engine in ENGINES {
            let got = place.run(engine, INSIDE, code);
            assert!(got.code == Some(0) && !got.out.contains(SECRET), "{engine}: {}{}", got.out, got.err);
        }
        // Both have run at the same time.
        while turns.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_to_string(at("outside/secret")).unwrap(), SECRET);
    let names = fs::read_dir(at("outside")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["empty", "link", "module.ruff", "secret"]);
}

/// Only what may be read is in a dict of the environment.
#[test]
fn dicts_of_the_environment_are_narrowed() {
    let place = Place::new();
    for engine in ENGINES {
        for (flags, expected) in [
            ("--allow-fs-read --allow-env-read=HOME,NO_SUCH", "[HOME] [HOME]\n"),
            ("--allow-fs-read --allow-env-read=NO_SUCH", "[] []\n"),
        ] {
            let got = place.run(engine, flags, "print(keys(os_environ()), keys(env_list()))");
            assert_eq!(got.out, expected, "{engine} {flags}: {}", got.err);
        }
        let got = place.run(engine, "--allow-fs-read", "print(os_environ())");
        assert_eq!(got.out, "{}\n", "{engine}: {}", got.err);
    }
}

/// Every name of every builtin that reaches outside is denied, with the message of the reference.
#[test]
fn every_host_builtin_is_denied() {
    let mut code = String::from("func t(f) { try { print(f()) } except e { print(e.message) } }\n");
    let mut expected = String::new();
    let rows: Vec<_> =
        TABLE.iter().filter(|row| builtins::is_function(row) && row.capability != Capability::Nothing).collect();
    assert!(rows.len() > 70, "{}", rows.len());
    for row in rows {
        let count = (0..5).find(|&count| row.arity.allows(count)).unwrap();
        let arguments = vec!["\"denied\""; count].join(", ");
        for name in std::iter::once(&row.name).chain(row.aliases) {
            code += &format!("t(func() {{ return {name}({arguments}) }})\n");
            expected += &format!("{}\n", denial(row.capability, row.name));
        }
    }
    // Also as a function value, as a method, and in an async function.
    code += "async func later() { return read_file(\"denied\") }\n";
    for call in ["map([\"denied\"], read_file)", "\"denied\".read_file()", "await later()"] {
        code += &format!("t(func() {{ return {call} }})\n");
        expected += &format!("{}\n", denial(Capability::FilesystemRead, "read_file"));
    }
    let place = Place::new();
    let before = place.contents();
    for engine in ENGINES {
        for flags in ["--untrusted", "--untrusted -O0", "--untrusted -O1"] {
            let got = place.run(engine, flags, &code);
            assert_eq!((got.out.as_str(), got.code), (expected.as_str(), Some(0)), "{engine} {flags}: {}", got.err);
        }
    }
    assert!(place.contents() == before);
}

/// A flag alone denies everything but what it allows, for every command that runs programs.
#[test]
fn every_flag_restricts_and_is_in_the_help() {
    let help = |command: &str| {
        let mut help = ruff();
        help.args([command, "--help"]);
        run(help, None).out
    };
    let helps = ["run", "test", "test-run", "profile", "bench"].map(help);
    let flags = Capability::ALL.iter().map(|capability| capability.flag()).chain(GROUPS.iter().map(|group| group.flag));
    let place = Place::new();
    let mut restricting = 0;
    for flag in flags {
        assert!(helps.iter().all(|help| help.contains(&format!("--{flag}"))), "{flag}");
        let got = place.run(ENGINES[0], &format!("--{flag}"), "print(now())\nprint(random())");
        restricting += usize::from(got.code == Some(4) && got.err.contains("Capability denied: "));
        let whole = flag == "allow-all";
        assert_eq!(got.code == Some(0), whole, "{flag}: {}", got.err);
    }
    assert_eq!(restricting, Capability::ALL.len() + GROUPS.len() - 1);
    for wrong in ["--allow-fs-read=", "--allow-env-read=A,,,,,", "--allow-clock=x", "--allow-fs"] {
        assert_eq!(place.run(ENGINES[0], wrong, "").code, Some(2), "{wrong}");
    }
    // After the file they are the program's.
    let mut plain = ruff();
    plain.args(["-e", "print(args())", "--", "--untrusted"]);
    assert_eq!(run(plain, None).out, "[--untrusted]\n");
}

/// An uncaught denial: its code, and what else helps.
#[test]
fn an_uncaught_denial_ends_the_program() {
    let place = Place::new();
    for engine in ENGINES {
        let got = place.run(engine, "--untrusted", "print(1)\nread_file(\"x\")\nprint(2)");
        assert_eq!((got.out.as_str(), got.code), ("1\n", Some(4)), "{engine}");
        let denied = denial(Capability::FilesystemRead, "read_file");
        let first = format!("[RUFVM001] [vm] Runtime Error: {denied}\n  --> ");
        assert!(got.err.starts_with(&first) && !got.err.contains("help"), "{engine}: {}", got.err);
        let got = place.run(engine, INSIDE, "read_file(\"inside/link\")");
        assert!(got.err.contains("  = help: `--allow-fs-read` is given, but not for `inside/link`"), "{}", got.err);
        assert!(!got.err.contains("outside/secret"), "{engine}: {}", got.err);
        let got = place.run(engine, INSIDE, "let p := async_read_file(\"outside/secret\")");
        assert_eq!((got.out.as_str(), got.code), ("", Some(4)), "{engine}");
    }
}

/// The other commands that run programs.
#[test]
fn commands_that_run_programs_restrict_them() {
    let place = Place::new();
    fs::write(place.at("golden.ruff"), "try { print(read_file(\"outside/secret\")) } except e { print(e.message) }")
        .unwrap();
    fs::write(place.at("golden.out"), format!("{}\n", denial(Capability::FilesystemRead, "read_file"))).unwrap();
    fs::write(place.at("blocks.ruff"), "test \"reads\" { assert_equal(read_file(\"inside/file\"), \"mine\") }")
        .unwrap();
    let command = |words: &[&str]| {
        let mut command = ruff();
        command.args(words).current_dir(place.path());
        run(command, None)
    };
    for engine in ENGINES {
        let got = command(&["test", engine, "--allow-fs-read=inside", "."]);
        assert_eq!((got.out.trim(), got.code), ("2 passed, 0 failed", Some(0)), "{}", got.err);
        let got = command(&["test", engine, "--untrusted", "."]);
        assert!(got.out.ends_with("1 passed, 1 failed\n"), "{}", got.out);
        let got = command(&["test-run", engine, "--untrusted", "blocks.ruff"]);
        assert!(got.out.contains("Capability denied: filesystem-read") && got.code == Some(1), "{}", got.out);
        let got = command(&["test-run", engine, "--allow-fs-read=inside", "blocks.ruff"]);
        assert_eq!(got.code, Some(0), "{}", got.out);
        let got = command(&["bench", engine, "--untrusted", "--rounds=1", "golden.ruff"]);
        assert_eq!(got.code, Some(0), "{}", got.err);
        fs::write(place.at("uncaught.ruff"), "import beside\nread_file(\"inside/file\")").unwrap();
        let got = command(&["bench", engine, "--untrusted", "--rounds=1", "uncaught.ruff"]);
        assert!(got.code == Some(4) && got.err.contains("Capability denied"), "{}", got.err);
    }
    let got = command(&["profile", "--untrusted", "golden.ruff"]);
    assert!(got.out.contains("Capability denied: filesystem-read") && got.code == Some(0), "{}", got.err);
}

/// A list may hold a comma, and what is not there yet.
#[test]
fn lists_hold_any_path() {
    let place = Place::new();
    fs::create_dir(place.at("a,b")).unwrap();
    fs::write(place.at("a,b/c"), "comma").unwrap();
    let path = Path::new("a,,b");
    for engine in ENGINES {
        let got = place.run(engine, &format!("--allow-fs-read={}", path.display()), "print(read_file(\"a,b/c\"))");
        assert_eq!(got.out, "comma\n", "{}", got.err);
        let code = "print(create_dir(\"later\"), write_file(\"later/x\", \"y\", true))";
        let got = place.run(engine, "--allow-fs-write=later", code);
        assert_eq!(got.out, "true true\n", "{}", got.err);
        fs::remove_dir_all(place.at("later")).unwrap();
        // What was not there when the program started is no way out when it has become a link.
        let code = "rename_file(\"inside/directory\", \"later\")\nread_file(\"later/secret\")";
        let got = Place::new().run(engine, "--allow-fs-write=inside,later --allow-fs-read=later", code);
        assert!(got.err.contains(&denial(Capability::FilesystemRead, "read_file")), "{}", got.err);
    }
}
