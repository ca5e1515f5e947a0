//! What the command does to files and streams, where a terminal session shows too little.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// A policy that needs no project file.
const POLICY: &str = "\
fwc 1

service checkout from 10.10.64.0/24 {
  allow api.stripe.com because PAY-812 \"card payments\"
}
";

/// Runs fwc in a folder.
fn fwc(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::cargo_bin("fwc").unwrap();
    command.current_dir(folder).env_remove("FWC_PROJECT").env("NO_COLOR", "1");
    command.args(arguments).write_stdin(stdin).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A folder with a policy in it.
fn folder(policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prod.fw"), policy).unwrap();
    folder
}

/// Every file below a folder with what it holds, sorted.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_policy_without_a_project_compiles() {
    let folder = folder(POLICY);
    let output = fwc(folder.path(), &["compile", "prod.fw"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no firewall-policy.json for region `default`"));
    let files = contents(&folder.path().join("build"));
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["default/ir.json", "default/rule-group-1.json", "default/suricata.rules"]);
}

#[test]
fn a_policy_without_anything_to_compile_for_says_what_is_missing() {
    let folder = folder(POLICY);
    let output = fwc(folder.path(), &["compile"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no policy: name one"), "{}", text(&output.stderr));
}

#[test]
fn an_output_folder_is_replaced_whole_or_not_at_all() {
    let folder = folder(POLICY);
    let build = folder.path().join("build");
    assert_eq!(fwc(folder.path(), &["compile", "prod.fw"], "").status.code(), Some(0));
    let first = contents(&build);

    fs::write(folder.path().join("prod.fw"), POLICY.replace("api.stripe.com", "api..com")).unwrap();
    assert_eq!(fwc(folder.path(), &["compile", "prod.fw"], "").status.code(), Some(1));
    assert_eq!(contents(&build), first, "a refused policy writes nothing");

    fs::write(folder.path().join("prod.fw"), POLICY).unwrap();
    let one = ["compile", "prod.fw", "--target", "suricata"];
    assert_eq!(fwc(folder.path(), &one, "").status.code(), Some(0));
    assert_eq!(contents(&build).len(), 1, "what is no longer written is gone");

    fs::write(build.join("default/notes.txt"), "mine").unwrap();
    let refused = fwc(folder.path(), &["compile", "prod.fw"], "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("`default/notes.txt`, which fwc did not write"));
    assert_eq!(contents(&build).len(), 2, "and nothing was removed");

    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "no folder in between stays behind");
}

#[test]
fn the_same_input_gives_the_same_bytes_wherever_it_lies() {
    let (here, there) = (folder(POLICY), folder(POLICY));
    assert_eq!(fwc(here.path(), &["compile", "prod.fw"], "").status.code(), Some(0));
    let policy = there.path().join("prod.fw").display().to_string();
    let output = here.path().join("elsewhere").display().to_string();
    let far = fwc(Path::new("/"), &["compile", &policy, "-o", &output], "");
    assert_eq!(far.status.code(), Some(0), "{}", text(&far.stderr));
    assert_eq!(contents(&here.path().join("build")), contents(&here.path().join("elsewhere")));
}

#[test]
fn the_project_lies_above_the_policy_not_above_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fwc(folder.path(), &["init", "shop"], "").status.code(), Some(0));
    let (shop, other) = (folder.path().join("shop"), folder.path().join("other"));
    assert_eq!(fwc(&shop, &["compile"], "").status.code(), Some(0));
    fs::create_dir(&other).unwrap();
    fs::write(other.join("fwc.yaml"), "name: other\n").unwrap();
    let far = fwc(&other, &["compile", "../shop/policies/prod.fw"], "");
    assert_eq!(far.status.code(), Some(0), "{}", text(&far.stderr));
    assert_eq!(contents(&shop.join("build")), contents(&other.join("build")));
}

#[test]
fn includes_are_found_beside_the_policy() {
    let folder = folder("fwc 1\ninclude \"vendors/*.fw\"\n");
    fs::create_dir(folder.path().join("vendors")).unwrap();
    fs::write(folder.path().join("vendors/all.fw"), POLICY).unwrap();
    let output = fwc(folder.path(), &["compile", "prod.fw", "-o", "-", "--target", "suricata"], "");
    assert!(text(&output.stdout).contains("api.stripe.com"), "{}", text(&output.stderr));
}

#[test]
fn one_artifact_can_be_printed() {
    let folder = folder(POLICY);
    let output = fwc(folder.path(), &["compile", "prod.fw", "--target", "ir", "-o", "-"], "");
    assert_eq!(output.status.code(), Some(0));
    let ir: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ir["schema"], 1);
    assert!(output.stderr.is_empty());
    assert!(!folder.path().join("build").exists());
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let folder = folder("");
    fs::write(folder.path().join("prod.fw"), b"fwc 1\n\xff\n").unwrap();
    let output = fwc(folder.path(), &["compile", "prod.fw"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("not UTF-8 text (byte 6)"), "{}", text(&output.stderr));
}

#[test]
fn formatting_keeps_permissions_and_leaves_mistakes_alone() {
    let folder = folder("fwc 1\nservice a from 10.0.0.0/24 {\nallow   a.example # why\n}\n");
    let file = folder.path().join("prod.fw");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let output = fwc(folder.path(), &["fmt", "prod.fw"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let formatted = fs::read_to_string(&file).unwrap();
    assert_eq!(formatted, "fwc 1\nservice a from 10.0.0.0/24 {\n  allow a.example   # why\n}\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fwc(folder.path(), &["fmt", "--check", "prod.fw"], "").status.code(), Some(0));

    fs::write(&file, "fwc 1\nservise x\n").unwrap();
    assert_eq!(fwc(folder.path(), &["fmt", "."], "").status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "fwc 1\nservise x\n");
}

#[test]
fn formatting_reads_standard_input() {
    let folder = folder("");
    let output = fwc(folder.path(), &["fmt", "-"], "fwc   1\r\n");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "fwc 1\n"));
    let output = fwc(folder.path(), &["fmt", "--check", "-"], "fwc   1\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_new_project_compiles_and_is_canonical() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fwc(folder.path(), &["init", "shop"], "").status.code(), Some(0));
    let shop = folder.path().join("shop");
    let compiled = fwc(&shop, &["compile"], "");
    assert_eq!(compiled.status.code(), Some(0), "{}", text(&compiled.stderr));
    assert_eq!(fwc(&shop, &["fmt", "--check"], "").status.code(), Some(0));
    assert_eq!(contents(&shop.join("build")).len(), 8);
}

#[test]
fn a_new_project_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/prod.fw"), "mine").unwrap();
    let output = fwc(folder.path(), &["init"], "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(contents(folder.path()), [("policies/prod.fw".to_owned(), "mine".to_owned())]);
}

#[test]
fn completions_and_man_pages_are_written() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = fwc(folder.path(), &["generate", "completions", shell], "");
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("compile"), "{shell}");
    }
    assert_eq!(fwc(folder.path(), &["generate", "man", "-o", "man"], "").status.code(), Some(0));
    let pages = contents(&folder.path().join("man"));
    assert!(pages.iter().any(|(name, page)| name == "fwc-compile.1" && page.contains("fwc fmt")
        || page.contains("compile")));
}

/// Runs git in a folder, as nobody in particular.
fn git(folder: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@b.example"]);
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
        git.env_remove(variable);
    }
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_policy_is_compared_with_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("policies/vendors")).unwrap();
    let write = |path: &str, text: &str| fs::write(here.join(path), text).unwrap();
    let project = "name: shop\npolicy: policies/prod.fw\nregions:\n  primary: { aws: us-east-1, \
                   networks: { web: [10.0.0.0/24] } }\n";
    write("fwc.yaml", project);
    write("policies/prod.fw", "fwc 1\ninclude \"vendors/*.fw\"\nservice a from web { use b }\n");
    write("policies/vendors/b.fw", "fwc 1\nset b {\n  b.example\n}\n");
    git(here, &["init", "-q"]);
    let unborn = fwc(here, &["diff", "--base", "HEAD"], "");
    assert_eq!(unborn.status.code(), Some(2));
    assert!(text(&unborn.stderr).contains("no revision `HEAD` here"), "{}", text(&unborn.stderr));
    git(here, &["add", "."]);
    git(here, &["commit", "-qm", "one"]);
    let same = fwc(here, &["diff", "--base", "HEAD", "--fail-on-widening"], "");
    assert_eq!(text(&same.stdout), "opens nothing, closes nothing\n", "{}", text(&same.stderr));
    assert_eq!(same.status.code(), Some(0));

    // In an included file, in the project file, and in a file that moved.
    write("policies/vendors/b.fw", "fwc 1\nset b {\n  *.b.example\n}\n");
    write("fwc.yaml", &project.replace("10.0.0.0/24", "10.0.0.0/23"));
    let expected = "\
opens 1, closes 1

opens for a
+ *.b.example  443/tls
      for example a.b.example:443/tls
      allowed by policies/vendors/b.fw:3: *.b.example

closes for a
- b.example  443/tls
      no longer allowed by policies/vendors/b.fw:3: b.example

also
! `a` is also 10.0.1.0/24 in primary
";
    let changed = fwc(here, &["diff", "--base", "HEAD", "--fail-on-widening"], "");
    assert_eq!(text(&changed.stdout), expected, "{}", text(&changed.stderr));
    assert_eq!(changed.status.code(), Some(1));
    let below = fwc(&here.join("policies"), &["diff", "--base", "HEAD", "prod.fw"], "");
    assert!(text(&below.stdout).starts_with("opens 1, closes 1\n"), "{}", text(&below.stderr));
    let afar = here.join("policies/prod.fw").display().to_string();
    let afar = fwc(Path::new("/"), &["diff", "--base", "HEAD", &afar], "");
    assert!(text(&afar.stdout).starts_with("opens 1, closes 1\n"), "{}", text(&afar.stderr));

    write("policies/new.fw", "fwc 1\nservice a from web { allow c.example }\n");
    let new = fwc(here, &["diff", "--base", "HEAD", "policies/new.fw"], "");
    assert!(text(&new.stdout).contains("+ c.example  443/tls"), "{}", text(&new.stdout));
    assert!(text(&new.stderr).contains("`policies/new.fw` is not in `HEAD`: all of it is new"));

    let option = fwc(here, &["diff", "--base=--output=x", "policies/new.fw"], "");
    assert_eq!(option.status.code(), Some(2));
    assert!(!here.join("x").exists(), "a revision is never an option of git");
}

#[test]
fn without_a_repository_there_is_no_revision() {
    let folder = folder(POLICY);
    let output = fwc(folder.path(), &["diff", "--base", "HEAD", "prod.fw"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("git: not a git repository"), "{}", text(&output.stderr));
    let mut command = Command::cargo_bin("fwc").unwrap();
    let command = command.current_dir(folder.path()).env("PATH", "").env("NO_COLOR", "1");
    let output = command.args(["diff", "--base", "HEAD", "prod.fw"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("git: not installed"), "{}", text(&output.stderr));
}

#[test]
fn folders_are_compared_by_their_projects() {
    let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (folder, network) in [(&before, "10.0.0.0/24"), (&after, "10.0.0.0/25")] {
        let project = format!(
            "name: shop\npolicy: p.fw\nregions:\n  primary: {{ networks: {{ web: [{network}] }} }}\n"
        );
        fs::write(folder.path().join("fwc.yaml"), project).unwrap();
        let policy = "fwc 1\nservice a from web { allow a.example }\n";
        fs::write(folder.path().join("p.fw"), policy).unwrap();
    }
    let paths = [&before, &after].map(|folder| folder.path().display().to_string());
    let output = fwc(before.path(), &["diff", &paths[0], &paths[1], "--fail-on-widening"], "");
    let expected =
        "opens nothing, closes nothing\n\nalso\n  `a` is no longer 10.0.0.128/25 in primary\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn flows_are_read_from_standard_input_and_need_no_region_where_there_is_one() {
    let folder = folder(POLICY);
    let flow = |name: &str| {
        format!(
            r#"{{"id":7,"service":"checkout","dst":"192.0.2.1","port":443,"protocol":"tls","name":"{name}"}}"#
        )
    };
    let lines = format!("{}\n{}", flow("api.stripe.com"), flow("evil.example"));
    let output = fwc(folder.path(), &["test", "flows", "-", "--policy", "prod.fw"], &lines);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answers: Vec<_> = text(&output.stdout).lines().collect();
    assert!(
        answers[0].starts_with(r#"{"schema":1,"id":7,"action":"allow","service":["checkout"]"#)
    );
    assert!(answers[1].contains(r#""action":"deny""#), "{}", answers[1]);
}

#[test]
fn a_line_that_is_no_text_or_too_long_is_answered_and_the_rest_goes_on() {
    let folder = folder(POLICY);
    let mut lines = b"\xff\n".to_vec();
    lines.extend(vec![b' '; 3 << 20]);
    lines.extend(b"\n{}");
    fs::write(folder.path().join("flows.jsonl"), lines).unwrap();
    let output = fwc(folder.path(), &["test", "flows", "flows.jsonl", "--policy", "prod.fw"], "");
    assert_eq!(output.status.code(), Some(2));
    let expected = r#"{"schema":1,"line":1,"error":"not UTF-8 text (byte 1); see `name_hex`"}
{"schema":1,"line":2,"error":"the line is longer than 1048576 bytes"}
{"schema":1,"line":3,"error":"`src` is missing"}
"#;
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn a_reader_that_goes_away_ends_the_answers() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};
    let folder = folder(POLICY);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("fwc"))
        .current_dir(folder.path())
        .args(["test", "flows", "-", "--policy", "prod.fw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    // It reads as long as this writes: only the closed pipe can end it.
    let writer = std::thread::spawn(move || while input.write_all(b"{}\n").is_ok() {});
    output.read_exact(&mut [0; 20]).unwrap();
    drop(output);
    writer.join().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "its lines were no flows");
}

#[test]
fn lint_mends_what_is_safe_and_only_once() {
    let policy = POLICY.replace(
        "}\n",
        "  allow API.stripe.com because PAY-812 \"card payments\"\n  allow **.github.io\n}\n",
    );
    let folder = folder(&policy);
    let path = folder.path().join("prod.fw");
    let arguments = ["lint", "prod.fw", "--fix", "--today", "2026-11-24", "--format", "concise"];
    let first = fwc(folder.path(), &arguments, "");
    assert_eq!(first.status.code(), Some(1), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("FW001") && !text(&first.stdout).contains("FW021"));
    assert!(
        text(&first.stderr).starts_with("mended 1; 1 error, 3 warnings"),
        "{}",
        text(&first.stderr)
    );
    let mended = fs::read_to_string(&path).unwrap();
    assert_eq!(mended, POLICY.replace("}\n", "  allow **.github.io\n}\n"));
    let second = fwc(folder.path(), &arguments, "");
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(fs::read_to_string(&path).unwrap(), mended);
}

#[test]
fn lint_decides_assertions() {
    let policy = format!("{POLICY}\nassert any never reaches **.stripe.com\n");
    let folder = folder(&policy);
    let arguments = ["lint", "prod.fw", "--today", "2026-11-24", "--format", "concise"];
    let output = fwc(folder.path(), &arguments, "");
    assert_eq!(output.status.code(), Some(1));
    let found = "error[FW502]: `checkout` may reach api.stripe.com:443/tls";
    assert!(text(&output.stdout).contains(found), "{}", text(&output.stdout));
}

#[test]
fn lint_takes_files_folders_and_globs() {
    let folder = folder(POLICY);
    let sub = folder.path().join("teams");
    fs::create_dir(&sub).unwrap();
    let text_ = |name: &str| POLICY.replace("service checkout", &format!("service {name}"));
    fs::write(sub.join("a.fw"), text_("a").replace("fwc 1", "fwc 1\ninclude \"b.fw\"")).unwrap();
    fs::write(sub.join("b.fw"), "fwc 1\n\nset unused {\n  b.example\n}\n").unwrap();
    let found = |paths: &[&str]| {
        let arguments = [&["lint", "--today", "2026-11-24", "--format", "concise"], paths].concat();
        let output = fwc(folder.path(), &arguments, "");
        let lines: Vec<_> = text(&output.stdout).lines().map(str::to_owned).collect();
        (lines, text(&output.stderr).trim_end().to_owned())
    };
    // `b.fw` is part of `a.fw`, so it is no policy of its own.
    let (lines, summary) = found(&["teams"]);
    assert_eq!(lines, ["teams/a.fw:4:9: warning[FW042]: `a` belongs to nobody"]);
    assert_eq!(summary, "1 warning in 2 files");
    assert_eq!(found(&["*.fw", "teams/*.fw"]).1, "2 warnings in 3 files");
    assert_eq!(found(&["teams/b.fw"]).1, "no findings in 1 file");
}

#[test]
fn a_lint_is_explained_by_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = include_str!("../../docs/lints/shadowed-entry.md");
    for what in ["FW022", "shadowed-entry"] {
        assert_eq!(text(&fwc(folder.path(), &["explain", what], "").stdout), page);
    }
    let lints = fwc(folder.path(), &["explain", "lints"], "");
    assert_eq!(text(&lints.stdout).lines().count(), fwc::lints::LINTS.len() + 2);
}

#[test]
fn a_signature_is_explained_by_its_entry() {
    let folder = folder(POLICY);
    let compiled =
        fwc(folder.path(), &["compile", "prod.fw", "--target", "suricata", "-o", "-"], "");
    let line = text(&compiled.stdout).lines().find(|line| line.contains("stripe")).unwrap();
    let (_, rest) = line.split_once("sid:").unwrap();
    let (sid, _) = rest.split_once(';').unwrap();
    let output = fwc(folder.path(), &["explain", sid, "--policy", "prod.fw"], "");
    let said = text(&output.stdout);
    for part in ["prod.fw:4 `allow api.stripe.com`", "service  checkout", "ticket   PAY-812", line]
    {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    let json = fwc(folder.path(), &["explain", sid, "--policy", "prod.fw", "--format", "json"], "");
    let said: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&said["schema"], &said["kind"]), (&1.into(), &"signature".into()));
    assert_eq!(said["entries"][0]["line"], 4);
    assert_eq!(said["regions"][0]["signature"], line);
}
