"""From the table to a pool: the table is what is true.

A user that was deleted is disabled first, and deleted after some days: what was a mistake can be taken
back until then. A thing of the pool that the table has never heard of is left alone, and counted.
"""

import hashlib
import json

from botocore.exceptions import ClientError

from .table import DAY
from .walk import add

GRACE_DAYS = 7
# What is wrong with one thing must not stop the others. An alias is held by another user until that
# one is settled, and a member's user may be one that waits for it, so these are tried again by the next run.
LATER = {"AliasExistsException", "UsernameExistsException", "UserNotFoundException", "GroupExistsException"}
WRONG = {"InvalidParameterException", "ResourceNotFoundException"}


class Restore:
    def __init__(self, pool, table, now):
        self.pool = pool
        self.table = table
        self.now = now

    def settle_common(self, state, thing, item):
        """Changes what differs; true if the thing is to be there."""
        if item is None:
            add(state, "foreign")
            return False
        if not item.live:
            return False
        self._try(state, item, lambda: self._change(state, thing, item))
        return True

    def condemns(self, thing, item):
        return not item.live and self._left(thing, item)

    def removals(self, state):
        return state["condemned"], state["common"] + state["condemned"]

    def settle_table_only(self, state, item):
        self._try(state, item, lambda: self._settle(state, item))

    def _settle(self, state, item):
        thing = self.pool.find(state["part"], item.name)
        if item.live and thing:
            self._change(state, thing, item)
        elif item.live:
            self.pool.create(state["part"], item.name, item.record)
            add(state, "created")
        elif thing and self._left(thing, item):
            self._remove(state, thing, item)

    def _change(self, state, thing, item):
        if self.pool.change(state["part"], thing, item.record):
            add(state, "changed")

    def _left(self, thing, item):
        """Whether something is left to do about a thing that was deleted."""
        return thing.record.get("enabled", True) or self.now >= item.deleted + GRACE_DAYS * DAY

    def _remove(self, state, thing, item):
        if state["part"] == "user" and self.now < item.deleted + GRACE_DAYS * DAY:
            self.pool.disable(thing.name)
            add(state, "disabled")
        else:
            self.pool.delete(state["part"], thing.name)
            add(state, "deleted")

    def _try(self, state, item, act):
        try:
            act()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in LATER | WRONG:
                raise
            add(state, "later" if code in LATER else "wrong")
            # A name may be that of a person, so the log has its digest.
            name = hashlib.sha256(item.name.encode()).hexdigest()[:12]
            print(
                json.dumps({"part": state["part"], "name": name, "call": error.operation_name, "error": code})
            )
