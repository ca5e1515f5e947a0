"""Drives `fwc lsp` as an editor does, with the client of pygls: python drive.py FWC EXAMPLE [--measure]

FWC is the program, EXAMPLE the root of the repository, whose policy is asked about. With --measure it
tells how long a keystroke, a hover and a completion take in a policy of 2,000 lines, the client's own
time included.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

FWC, EXAMPLE = sys.argv[1], Path(sys.argv[2])
SCENARIOS = []


def scenario(test):
    SCENARIOS.append(test)
    return test


class Editor(LanguageClient):
    """An editor with a folder, and what it was told about its files."""

    def __init__(self, root):
        super().__init__("test", "1")
        self.root = Path(root).resolve()
        self.found, self.lints, self.published = {}, {}, {}
        self.told = asyncio.Event()
        self.versions = {}
        self.texts = {}

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params):
            lints = [it for it in params.diagnostics if is_lint(it)]
            self.found[params.uri] = [it for it in params.diagnostics if not is_lint(it)]
            self.lints[params.uri] = lints
            self.published[params.uri] = params.version
            self.told.set()

        @self.feature(lsp.CLIENT_REGISTER_CAPABILITY)
        def _(params):
            self.registered = params.registrations

    async def start(self, encodings=None, watches=False):
        await self.start_io(FWC, "lsp", cwd=self.root)
        capabilities = lsp.ClientCapabilities(
            general=lsp.GeneralClientCapabilities(position_encodings=encodings),
            workspace=lsp.WorkspaceClientCapabilities(
                did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(
                    dynamic_registration=watches
                )
            ),
        )
        params = lsp.InitializeParams(
            process_id=os.getpid(), root_uri=self.root.as_uri(), capabilities=capabilities
        )
        result = await self.initialize_async(params)
        self.initialized(lsp.InitializedParams())
        return result.capabilities

    async def end(self):
        await self.shutdown_async(None)
        self.exit(None)
        assert await asyncio.wait_for(self._server.wait(), 10) == 0

    def uri(self, path):
        return (self.root / path).as_uri()

    def open(self, path, text=None):
        text = (self.root / path).read_text() if text is None else text
        self.versions[path], self.texts[path] = 1, text
        item = lsp.TextDocumentItem(self.uri(path), "fw", 1, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, path, *changes):
        self.versions[path] += 1
        named = lsp.VersionedTextDocumentIdentifier(self.versions[path], self.uri(path))
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(named, list(changes)))

    def replace(self, path, text):
        self.texts[path] = text
        self.change(path, lsp.TextDocumentContentChangeWholeDocument(text))

    def insert(self, path, line, column, text):
        at = lsp.Position(line, column)
        self.change(path, lsp.TextDocumentContentChangePartial(lsp.Range(at, at), text))

    async def until(self, path, holds):
        """Waits until the findings of a file, its lints aside, are as they should be."""
        uri = self.uri(path)
        try:
            async with asyncio.timeout(10):
                while uri not in self.found or not holds(self.found[uri]):
                    self.told.clear()
                    await self.told.wait()
        except TimeoutError:
            raise AssertionError(f"{path} has {self.found.get(uri)}") from None
        return self.found[uri]

    def at(self, path, needle, offset=0):
        """The place of a text in a file, in UTF-16."""
        before = self.texts[path][: self.texts[path].index(needle) + offset]
        line = before.count("\n")
        column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return dict(
            text_document=lsp.TextDocumentIdentifier(self.uri(path)),
            position=lsp.Position(line, column),
        )

    async def hover(self, path, needle, offset=0):
        hover = await self.text_document_hover_async(lsp.HoverParams(**self.at(path, needle, offset)))
        return hover and hover.contents.value

    async def labels(self, path, needle, offset):
        params = lsp.CompletionParams(**self.at(path, needle, offset))
        return [item.label for item in await self.text_document_completion_async(params)]

    async def format(self, path):
        params = lsp.DocumentFormattingParams(
            lsp.TextDocumentIdentifier(self.uri(path)), lsp.FormattingOptions(2, True)
        )
        edits = await self.text_document_formatting_async(params)
        return None if edits is None else list(edits)


def is_lint(diagnostic):
    """Lints have the codes below 100."""
    return diagnostic.code < "FW100"


def codes(diagnostics):
    return [diagnostic.code for diagnostic in diagnostics]


PROJECT = """name: shop
policy: prod.fw
vars: { account: "123456789012" }
regions:
  primary:
    aws: us-east-1
    networks: { web: [10.0.0.0/24], ops: [10.0.1.0/24] }
  secondary:
    aws: us-west-2
    networks: { web: [10.1.0.0/24], ops: [10.1.1.0/24] }
"""
POLICY = """fwc 1
include "sets/*.fw"
owner @shop/netsec

service checkout from web {
  use base
  allow api.stripe.com because PAY-8 "ein Grüß 😀" until 2999-12-31
}

service ci from ops only primary {
  allow **.example.com port 443
}

deny bad.example.com
assert only checkout reaches **.stripe.com
test checkout -> api.stripe.com:443 allow
"""
BASE = """fwc 1
set base "what all need" {
  sts.${region}.amazonaws.com
}
"""


def small():
    root = Path(tempfile.mkdtemp())
    (root / "sets").mkdir()
    (root / "fwc.yaml").write_text(PROJECT)
    (root / "prod.fw").write_text(POLICY)
    (root / "sets/base.fw").write_text(BASE)
    return root


@scenario
async def findings_follow_every_file_of_the_policy(editor):
    await editor.start(watches=True)
    editor.open("prod.fw")
    await editor.until("prod.fw", lambda found: found == [])
    editor.replace("prod.fw", POLICY.replace("use base", "use bsae"))
    (found,) = await editor.until("prod.fw", lambda found: codes(found) == ["FW203"])
    assert found.range.start == lsp.Position(5, 6) and "did you mean `base`?" in found.message
    assert editor.published[editor.uri("prod.fw")] == 2
    # Another file is changed and not saved: the policy sees it.
    editor.open("sets/base.fw", BASE.replace("set base", "set bsae"))
    await editor.until("prod.fw", lambda found: found == [])
    # It is closed, and what is on disk holds again.
    named = lsp.TextDocumentIdentifier(editor.uri("sets/base.fw"))
    editor.text_document_did_close(lsp.DidCloseTextDocumentParams(named))
    await editor.until("prod.fw", lambda found: codes(found) == ["FW203"])
    # The disk changes.
    (editor.root / "sets/base.fw").write_text(BASE.replace("set base", "set bsae") + "deny ...\n")
    change = lsp.FileEvent(editor.uri("sets/base.fw"), lsp.FileChangeType.Changed)
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([change]))
    await editor.until("prod.fw", lambda found: found == [])
    # The file is not open, and what is wrong with it is told all the same.
    await editor.until("sets/base.fw", lambda found: found != [])
    assert editor.registered[0].method == "workspace/didChangeWatchedFiles"


@scenario
async def lints_and_assertions_are_findings(editor):
    await editor.start()
    wide = POLICY.replace("api.stripe.com because", "**.github.io because", 1)
    editor.open("prod.fw", wide.replace("only checkout reaches", "checkout never reaches"))
    await editor.until("prod.fw", lambda found: found == [])
    assert "FW001" in codes(editor.lints[editor.uri("prod.fw")])
    editor.replace("prod.fw", POLICY.replace("only checkout reaches", "checkout never reaches"))
    await editor.until("prod.fw", lambda found: codes(found) == ["FW502"])
    assert "FW001" not in codes(editor.lints[editor.uri("prod.fw")])


@scenario
async def findings_are_in_the_project_file_too(editor):
    await editor.start()
    editor.open("prod.fw")
    editor.open("fwc.yaml", PROJECT.replace("vars:", "varz:"))
    await editor.until("fwc.yaml", lambda found: codes(found) == ["FW403"])
    editor.replace("fwc.yaml", PROJECT.replace("web", "wob"))
    await editor.until("prod.fw", lambda found: codes(found) == ["FW208"] * 2)
    editor.replace("fwc.yaml", PROJECT.replace("prod.fw", "gone.fw"))
    await editor.until("fwc.yaml", lambda found: any("cannot read" in it.message for it in found))
    editor.replace("fwc.yaml", "[")
    await editor.until("fwc.yaml", lambda found: codes(found) == ["FW401"])
    editor.replace("fwc.yaml", PROJECT)
    await editor.until("fwc.yaml", lambda found: found == [])
    await editor.until("prod.fw", lambda found: found == [])


@scenario
async def hover_tells_what_a_word_means_and_who_reaches_it(editor):
    await editor.start()
    editor.open("prod.fw")
    editor.open("sets/base.fw")
    text = await editor.hover("prod.fw", "api.stripe")
    for part in ["this name", "PAY-8", "@shop/netsec", "until 2999-12-31", "| checkout |"]:
        assert part in text, (part, text)
    assert "| ci |" not in text, text
    text = await editor.hover("prod.fw", "**.example")
    assert "everything below `example.com`" in text and "one of them, `" in text and "allow | – |" in text, text
    text = await editor.hover("prod.fw", "bad.example")
    assert "denied to every service" in text and "Nobody reaches it" in text, text
    text = await editor.hover("sets/base.fw", "sts.")
    assert "- secondary: `sts.us-west-2.amazonaws.com`" in text, text
    text = await editor.hover("sets/base.fw", "region}")
    assert text.startswith("`${region}`") and "is `us-east-1`" in text, text
    assert "used by `checkout`" in await editor.hover("prod.fw", "base")
    assert "`10.1.0.0/24`" in await editor.hover("prod.fw", "web")
    assert "from `10.0.1.0/24`" in await editor.hover("prod.fw", "ci from")
    assert "over TLS on port 443" in await editor.hover("prod.fw", "port 443", 5)
    assert "| checkout |" in await editor.hover("prod.fw", "api.stripe.com:443")
    assert await editor.hover("prod.fw", "include") is None


@scenario
async def words_lead_to_their_declarations_and_back(editor):
    await editor.start()
    editor.open("prod.fw")
    editor.open("sets/base.fw")

    async def definition(path, needle, offset=0):
        params = lsp.DefinitionParams(**editor.at(path, needle, offset))
        places = await editor.text_document_definition_async(params)
        return [(place.uri.rpartition("/")[2], place.range.start.line) for place in places]

    assert await definition("prod.fw", "base") == [("base.fw", 1)]
    assert await definition("prod.fw", "web") == [("fwc.yaml", 6), ("fwc.yaml", 9)]
    assert await definition("prod.fw", "sets/*") == [("base.fw", 0)]
    assert await definition("prod.fw", "checkout reaches") == [("prod.fw", 4)]
    assert await definition("prod.fw", "primary") == [("fwc.yaml", 4)]
    assert await definition("sets/base.fw", "${region") == [("fwc.yaml", 5), ("fwc.yaml", 8)]

    async def references(declared):
        context = lsp.ReferenceContext(include_declaration=declared)
        params = lsp.ReferenceParams(context=context, **editor.at("sets/base.fw", "base"))
        return len(await editor.text_document_references_async(params))

    assert (await references(True), await references(False)) == (2, 1)
    params = lsp.RenameParams(new_name="common", **editor.at("prod.fw", "base"))
    edit = await editor.text_document_rename_async(params)
    assert sorted(len(edits) for edits in edit.changes.values()) == [1, 1]
    symbols = await editor.text_document_document_symbol_async(
        lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(editor.uri("prod.fw")))
    )
    names = [symbol.name for symbol in symbols]
    assert names[:3] == ["checkout", "ci", "deny bad.example.com"], names
    assert [child.name for child in symbols[0].children] == ["use base", "allow api.stripe.com"]


@scenario
async def completion_knows_what_may_stand_here(editor):
    await editor.start()
    editor.open("prod.fw")
    expected = {
        "use ": ["base"],
        "": ["owner", "use", "allow", "deny", "lint"],
        "allow a.example.com ": ["except", "port", "to", "because", "until"],
        "allow a.example.com port 443 b": ["because"],
        "allow a.example.com port 5432/t": ["5432/tls", "5432/tcp"],
        "allow a.${r": ["region"],
        "allow a.example.com # ": [],
        "}\nservice new from ": ["ops", "web"],
        "}\nservice new from web only ": ["primary", "secondary"],
        "}\nassert only ": ["checkout", "ci"],
        "}\nassert ci never ": ["reaches"],
        "}\ntest ": ["any", "checkout", "ci"],
        "}\ntest ci -> a.example.com:443 ": ["allow", "deny", "observe"],
        "}\ns": ["set", "service"],
        "}\nowner @": ["@shop/netsec"],
    }
    for line, labels in expected.items():
        text = POLICY.replace("  use base\n", f"  {line}§\n")
        editor.texts["prod.fw"] = text
        editor.replace("prod.fw", text.replace("§", ""))
        editor.texts["prod.fw"] = text
        found = await editor.labels("prod.fw", "§", 0)
        assert found == labels, (line, found)


@scenario
async def formatting_writes_canonical_text_or_nothing(editor):
    await editor.start()
    untidy = POLICY.replace("  use base", "\tuse   base").replace("deny bad", "deny  bad")
    editor.open("prod.fw", untidy)
    edits = await editor.format("prod.fw")
    assert [edit.range.start.line for edit in edits] == [5, 13], edits
    assert edits[0].new_text == "  use base\n"
    editor.replace("prod.fw", untidy.replace("allow", "alow"))
    assert await editor.format("prod.fw") is None
    editor.replace("prod.fw", POLICY)
    assert await editor.format("prod.fw") == []


@scenario
async def fixes_are_offered_and_named(editor):
    await editor.start()
    text = POLICY.replace("api.stripe.com because", "API.stripe.com because")
    text = text.replace("**.example.com port 443", "203.0.113.1/24 port 443")
    editor.open("prod.fw", text)
    await editor.until("prod.fw", lambda found: len(found) == 2)

    async def actions(needle, only=None):
        at = editor.at("prod.fw", needle)
        place = lsp.Range(at["position"], at["position"])
        context = lsp.CodeActionContext(diagnostics=[], only=only)
        params = lsp.CodeActionParams(at["text_document"], place, context)
        found = await editor.text_document_code_action_async(params)
        return [(action.title, list(action.edit.changes.values())[0][0].new_text) for action in found]

    quick = [lsp.CodeActionKind.QuickFix]
    assert await actions("API", quick) == [("write `api.stripe.com` (safe)", "api.stripe.com")]
    ((title, text),) = await actions("203.0.113.1/24", quick)
    assert title == "write the network (unsafe: check what it says then)" and text == "203.0.113.0/24"
    everything = await actions("fwc 1", [lsp.CodeActionKind.SourceFixAll])
    assert everything == [("apply every safe fix of this file", "api.stripe.com")]


@scenario
async def columns_are_counted_as_the_editor_counts(editor):
    kinds = [lsp.PositionEncodingKind.Utf8, lsp.PositionEncodingKind.Utf16]
    capabilities = await editor.start(encodings=kinds)
    assert capabilities.position_encoding == "utf-8"
    editor.open("prod.fw", POLICY.replace("2999-12-31", "2999-13-31"))
    (found,) = await editor.until("prod.fw", lambda found: codes(found) == ["FW218"])
    line = POLICY.split("\n")[6]
    assert found.range.start.character == len(line[: line.index("2999")].encode())


@scenario
async def columns_are_in_utf_16_unless_agreed_otherwise(editor):
    await editor.start()
    editor.open("prod.fw", POLICY)
    await editor.until("prod.fw", lambda found: found == [])
    # Behind the month, which lies behind a character of two units.
    line = POLICY.split("\n")[6]
    column = len(line[: line.index("-12-31") + 3].encode("utf-16-le")) // 2
    editor.insert("prod.fw", 6, column, "9")
    (found,) = await editor.until("prod.fw", lambda found: codes(found) == ["FW218"])
    assert "`2999-129-31`" in found.message, found.message
    assert found.range.start.character == column - 7


@scenario
async def nothing_that_is_sent_stops_the_server(editor):
    await editor.start()
    far = lsp.Position(2_000_000_000, 2_000_000_000)
    editor.open("prod.fw", "")
    editor.insert("prod.fw", far.line, far.character, POLICY)
    named = lsp.TextDocumentIdentifier(editor.uri("prod.fw"))
    assert await editor.text_document_hover_async(lsp.HoverParams(named, far)) is None
    other = lsp.TextDocumentIdentifier("untitled:Untitled-1")
    assert await editor.text_document_hover_async(lsp.HoverParams(other, far)) is None
    item = lsp.TextDocumentItem("untitled:Untitled-1", "fw", 1, "fwc 1\n")
    editor.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    # Every prefix of a policy is a state somebody types through.
    for end in range(0, len(POLICY), 7):
        editor.texts["prod.fw"] = POLICY[:end] + "§"
        editor.replace("prod.fw", POLICY[:end])
        editor.texts["prod.fw"] = POLICY[:end] + "§"
        await editor.labels("prod.fw", "§", 0)
        await editor.hover("prod.fw", "§")
    editor.replace("prod.fw", POLICY)
    await editor.until("prod.fw", lambda found: found == [])


@scenario
async def requests_in_a_row_are_all_answered(editor):
    await editor.start()
    editor.open("prod.fw")
    asked = [asyncio.ensure_future(editor.hover("prod.fw", "api.stripe")) for _ in range(50)]
    for request in asked[1::2]:
        request.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all("PAY-8" in answer for answer in answers[::2]), answers


@scenario
async def the_example_is_clean_and_answers_fast(editor):
    shutil.copytree(EXAMPLE / "policies", editor.root / "policies")
    shutil.copy(EXAMPLE / "fwc.yaml", editor.root / "fwc.yaml")
    await editor.start()
    editor.open("policies/prod.fw")
    editor.open("policies/envelope.fw")
    await editor.until("policies/prod.fw", lambda found: found == [])
    await editor.until("policies/envelope.fw", lambda found: found == [])
    assert "| ci | @shop/platform | allow | – |" in await editor.hover(
        "policies/prod.fw", "packages.shop.example"
    )


async def measure(editor):
    """The time until an answer, in a policy of 2,000 lines."""
    lines = ["fwc 1", "owner @shop/netsec"]
    for service in range(50):
        lines.append(f"service s{service} from 10.0.{service}.0/24 {{")
        for entry in range(37):
            name = f"n{entry}.s{service}.${{region}}.example.com"
            lines.append(f'  allow {name} because PAY-{entry} "one of many"')
        lines.append("}")
    text = "\n".join(lines) + "\n"
    await editor.start()
    editor.open("prod.fw", text)
    await editor.until("prod.fw", lambda found: found == [])
    line = 1_000
    times = {"keystroke": [], "hover": [], "completion": []}

    async def timed(kind, answer):
        start = time.perf_counter()
        await answer
        times[kind].append(time.perf_counter() - start)

    for _ in range(60):
        editor.insert("prod.fw", line, 0, "x")
        await timed("keystroke", editor.until("prod.fw", lambda found: found != []))
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 1))
        editor.change("prod.fw", lsp.TextDocumentContentChangePartial(place, ""))
        await timed("keystroke", editor.until("prod.fw", lambda found: found == []))
        await timed("hover", editor.hover("prod.fw", "n3.s20"))
        # The first key and the question behind it: what is asked while typing.
        editor.insert("prod.fw", line, 0, "  allow a.example p\n")
        params = lsp.CompletionParams(
            lsp.TextDocumentIdentifier(editor.uri("prod.fw")), lsp.Position(line, 19)
        )
        await timed("completion", editor.text_document_completion_async(params))
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line + 1, 0))
        editor.change("prod.fw", lsp.TextDocumentContentChangePartial(place, ""))
        await editor.until("prod.fw", lambda found: found == [])
    for kind, taken in times.items():
        taken = sorted(1_000 * it for it in taken)
        middle, late = taken[len(taken) // 2], taken[len(taken) * 95 // 100]
        print(f"{kind}: median {middle:.1f} ms, 95 % within {late:.1f} ms, worst {taken[-1]:.1f} ms")


async def main():
    for test in [measure] if "--measure" in sys.argv else SCENARIOS:
        root = small()
        editor = Editor(root)
        start = time.monotonic()
        try:
            await asyncio.wait_for(test(editor), 60)
            await editor.end()
            await editor.stop()
        except BaseException:
            # A server that still runs would be waited for.
            print(f"FAILED {test.__name__}", flush=True)
            editor._server.kill()
            raise
        finally:
            shutil.rmtree(root)
        print(f"ok {test.__name__} ({time.monotonic() - start:.2f} s)", flush=True)


asyncio.run(main())
