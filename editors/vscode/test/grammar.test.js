// What the grammar makes of the words of a policy, and that it knows every keyword of the language.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const ROOT = path.join(__dirname, "..");
const REPOSITORY = path.join(ROOT, "../..");
const GRAMMAR = path.join(ROOT, "syntaxes/fw.tmLanguage.json");

async function grammar() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(new Uint8Array(wasm).buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(GRAMMAR, "utf8"), GRAMMAR),
  });
  return registry.loadGrammar("source.fw");
}

const loaded = grammar();

/** The pieces of a text that have a scope of their own: `[text, scope]`. */
async function pieces(text) {
  const language = await loaded;
  let state = textmate.INITIAL;
  const found = [];
  for (const line of text.split("\n")) {
    const result = language.tokenizeLine(line, state);
    state = result.ruleStack;
    for (const { startIndex, endIndex, scopes } of result.tokens) {
      const piece = line.slice(startIndex, endIndex).trim();
      if (piece !== "" && scopes.length > 1) {
        found.push([piece, scopes.at(-1).replace(/\.fw$/, "")]);
      }
    }
  }
  return found;
}

test("an entry falls into its parts", async () => {
  const line = '  allow *.a.${region}.example to 203.0.113.0/28 port 80/http because PAY-8 "say \\"x\\"" until 2027-01-31 # why';
  assert.deepStrictEqual(await pieces(line), [
    ["allow", "keyword.control.allow"],
    ["*", "keyword.operator.wildcard"],
    ["${", "punctuation.definition.variable"],
    ["region", "variable.parameter"],
    ["}", "punctuation.definition.variable"],
    ["to", "keyword.operator.clause"],
    ["203.0.113.0/28", "constant.numeric.address"],
    ["port", "keyword.operator.clause"],
    ["80", "constant.numeric.port"],
    ["/", "punctuation.separator.protocol"],
    ["http", "constant.language.protocol"],
    ["because", "keyword.operator.clause"],
    ["PAY-8", "constant.other.ticket"],
    ['"', "string.quoted.double"],
    ["say", "string.quoted.double"],
    ['\\"', "constant.character.escape"],
    ["x", "string.quoted.double"],
    ['\\"', "constant.character.escape"],
    ['"', "string.quoted.double"],
    ["until", "keyword.operator.clause"],
    ["2027-01-31", "constant.numeric.date"],
    ["# why", "comment.line.number-sign"],
  ]);
});

test("headers name what they declare", async () => {
  const text = "fwc 1\nservice ci from ops only primary {\n  use base\n}\nowner @shop/ci";
  assert.deepStrictEqual(await pieces(text), [
    ["fwc", "keyword.other.version"],
    ["1", "constant.numeric.version"],
    ["service", "storage.type.service"],
    ["ci", "entity.name.type.service"],
    ["from", "keyword.operator.clause"],
    ["only", "keyword.operator.clause"],
    ["{", "punctuation.section.block"],
    ["use", "keyword.control.use"],
    ["base", "entity.name.type.set"],
    ["}", "punctuation.section.block"],
    ["owner", "keyword.control.owner"],
    ["@shop/ci", "variable.other.owner"],
  ]);
});

test("a name that contains a keyword is a name", async () => {
  assert.deepStrictEqual(await pieces("  deny.example.com\n  x.allow to-do.example"), []);
});

test("a text that is not closed ends with its line", async () => {
  const [, , [, scope]] = await pieces('allow a because "x\nallow b');
  assert.strictEqual(scope, "string.quoted.double");
  assert.deepStrictEqual((await pieces('allow a because "x\nallow b')).at(-1), [
    "allow",
    "keyword.control.allow",
  ]);
});

test("every keyword of the language is one here", async () => {
  const source = fs.readFileSync(path.join(REPOSITORY, "src/syntax/grammar.rs"), "utf8");
  const list = (name) =>
    source.match(new RegExp(`const ${name}: &\\[&str\\] =\\s*&\\[([^\\]]*)\\]`))[1].match(/\w+/g);
  for (const keyword of [...list("STATEMENTS"), ...list("SERVICE_LINES")]) {
    const found = await pieces(`${keyword} ${keyword === "fwc" ? 1 : "x"}`);
    assert.ok(found.length > 0 || keyword === "lint", keyword);
  }
  for (const clause of list("CLAUSES")) {
    const found = await pieces(`allow a ${clause} x`);
    assert.deepStrictEqual(found[1], [clause, "keyword.operator.clause"]);
  }
});

test("the package names files that are there", () => {
  const { main, contributes } = require("../package.json");
  const named = [main, contributes.grammars[0].path, contributes.languages[0].configuration];
  for (const file of named) {
    assert.ok(fs.existsSync(path.join(ROOT, file)), file);
  }
  assert.doesNotThrow(() => JSON.parse(fs.readFileSync(path.join(ROOT, named[2]))));
});
