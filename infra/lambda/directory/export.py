"""From a pool to the table: the pool is what is true."""

from .walk import add


class Export:
    def __init__(self, pool, table, now):
        self.pool = pool
        self.table = table
        self.now = now

    def settle_common(self, state, thing, item):
        """Writes what differs. From here on both have the thing."""
        if not item or item.record != thing.record:
            self.table.put(state["part"], thing.name, thing.record)
            add(state, "written")
        return True

    def condemns(self, _thing, _item):
        return False

    def removals(self, state):
        """What the table has and the pool did not list, of what the table has."""
        return state["live"] - state["common"], state["live"]

    def settle_table_only(self, state, item):
        # Asked by name: a list that was read while users came and went may have missed one.
        if item.live and self.pool.find(state["part"], item.name) is None:
            self.table.bury(state["part"], item.name, self.now)
            add(state, "buried")
