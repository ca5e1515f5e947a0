"""One run over both sides, a page at a time: what they share, and what only the table has.

A run goes through its parts (groups, users, then the members of each group), and each part has three
phases:

list    pages of the pool, each looked up in the table: what both have is compared and settled.
count   pages of the table: how many it has that the pool did not list, and in which buckets (`sketch.py`).
        Before anything is removed the number is held against the bound: if it is too large, nothing is.
act     pages of the table again, and only if something is left: each suspect is looked up, then settled.

Everything between two pages is in the state, which is plain JSON. So a run can be taken up again at
any page, by anybody, and a page that is done twice finds nothing left to do.
"""

from .pool import MEMBER
from .sketch import Sketch

# A part may lose this many in one run, or this share of what it has, whichever is more.
BOUND_COUNT = 10
BOUND_SHARE = 0.05
RESTARTS = 3


class TooManyRemovals(Exception):
    """More would be removed in one run than is likely to be meant."""


def start(run, direction, **more):
    """The state before the first page."""
    return {
        "run": run,
        "direction": direction,
        "part": "group",
        "counts": {},
        "restarts": 0,
        "done": False,
        **more,
        **_phase("list"),
    }


def _phase(phase, **kept):
    return {"phase": phase, "token": None, "sketch": "", "common": 0, "condemned": 0, "live": 0, **kept}


def advance(state, side):
    """The state after the next page; the one given is left as it is."""
    state = {**state, "counts": dict(state["counts"])}
    return {"list": _list, "count": _count, "act": _act}[state["phase"]](state, side)


def _list(state, side):
    try:
        things, token = side.pool.page(state["part"], state["token"])
    except side.pool.client.exceptions.InvalidParameterException:
        # The token has expired: the part begins anew, where everything done is found done.
        if state["token"] is None or state["restarts"] >= RESTARTS:
            raise
        return {**state, **_phase("list"), "restarts": state["restarts"] + 1}
    items = side.table.get(state["part"], [it.name for it in things])
    sketch = Sketch(state["sketch"])
    for thing in things:
        item = items.get(thing.name)
        if side.settle_common(state, thing, item):
            sketch.toggle(thing.name)
            state["common"] += 1
        elif item and side.condemns(thing, item):
            state["condemned"] += 1
    state["sketch"] = sketch.text()
    state["token"] = token
    if token:
        return state
    kept = {key: state[key] for key in ("sketch", "common", "condemned")}
    return {**state, **_phase("count", **kept)}


def _count(state, side):
    items, state["token"] = side.table.page(state["part"], state["token"])
    sketch = Sketch(state["sketch"])
    for item in items:
        if item.live:
            sketch.toggle(item.name)
            state["live"] += 1
    state["sketch"] = sketch.text()
    if state["token"]:
        return state
    removals, of = side.removals(state)
    bound = max(BOUND_COUNT, int(of * BOUND_SHARE))
    if removals > bound and not state.get("allow_removals"):
        raise TooManyRemovals(
            f"{state['part']}: {removals} of {of} would be removed, {bound} may be; "
            'if it is meant, start the machine with {"allow_removals": true}'
        )
    if sketch.balanced() and not state["condemned"]:
        return _next_part(state, side)
    return {**state, **_phase("act", sketch=state["sketch"], condemned=state["condemned"])}


def _act(state, side):
    items, state["token"] = side.table.page(state["part"], state["token"])
    sketch = Sketch(state["sketch"])
    for item in items:
        if sketch.suspects(item.name) if item.live else state["condemned"]:
            side.settle_table_only(state, item)
    return state if state["token"] else _next_part(state, side)


def _next_part(state, side):
    if state["part"] == "group":
        return {**state, **_phase("list"), "part": "user"}
    after = state["part"].removeprefix(MEMBER) if state["part"] != "user" else None
    groups, _ = side.table.page("group", after, limit=1)
    if groups:
        return {**state, **_phase("list"), "part": MEMBER + groups[0].name}
    return {**state, **_phase("list"), "done": True}


def add(state, count, number=1):
    """Counts what was done."""
    state["counts"][count] = state["counts"].get(count, 0) + number
