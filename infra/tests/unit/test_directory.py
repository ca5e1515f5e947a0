"""The directory: what a pool and the table say after runs that page, are throttled, and die."""

import contextlib
import io
import json
import unittest

import boto3
import fake_aws
import moto
from directory import handler, walk
from directory.pool import Pool
from directory.restore import GRACE_DAYS
from directory.table import DAY, Table
from fake_services import Calls, Crash, DynamoTable, UserPool

PRIMARY, SECONDARY = "us-east-1", "us-west-2"


class World:
    """Two pools and the table between them; time passes when a test says so."""

    def __init__(self):
        self.calls = Calls()
        self.now = 1_800_000_000
        self.data = DynamoTable(self.calls)
        self.pools = {PRIMARY: UserPool(self.calls, "east"), SECONDARY: UserPool(self.calls, "west")}
        self.table = Table(fake_aws.client("dynamodb", self.data), "shop-directory")
        self.sides = {
            region: Pool(fake_aws.client("cognito-idp", pool, region), f"{region}_pool")
            for region, pool in self.pools.items()
        }
        self.runs = 0
        self.printed = []

    @property
    def east(self):
        return self.pools[PRIMARY]

    @property
    def west(self):
        return self.pools[SECONDARY]

    def step(self, region, state, pages=2):
        budget = iter([True] * pages + [False])
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            after = handler.step(
                json.loads(json.dumps(state)),
                pool=self.sides[region],
                table=self.table,
                region=region,
                active=PRIMARY,
                directory=f"shop-{region}",
                time_left=lambda: next(budget),
                clock=lambda: self.now,
            )
        self.printed += [json.loads(line) for line in out.getvalue().splitlines()]
        assert len(json.dumps(after)) < 200_000, "Step Functions carries 256 KiB"
        return after

    def run(self, region, **given):
        """What the state machine does: the state goes round until the run is done; a crash is tried again."""
        self.runs += 1
        state = {"run": f"run-{self.runs}", **given}
        for _ in range(2_000):
            try:
                state = self.step(region, state)
            except Crash:
                continue
            if state["done"]:
                return state
        raise AssertionError("the run does not end")

    def both(self):
        return self.run(PRIMARY), self.run(SECONDARY)


def shown(pool):
    """What a pool says to somebody who signs in, whatever its own `sub` and passwords are."""
    users = {}
    for name, user in pool._users.items():
        own = user["Attributes"]
        attributes = {k: v for k, v in own.items() if k not in ("sub", "custom:origin_sub")}
        users[name] = {
            **attributes,
            "enabled": user["Enabled"],
            "origin": own.get("custom:origin_sub", own["sub"]),
        }
    groups = {it: dict(group) for it, group in pool._groups.items()}
    return users, groups, {it: set(members) for it, members in pool._members.items()}


def shop(users=11):
    """A shop's pool: users, two groups (one on several pages), one user who is disabled."""
    world = World()
    east = world.east
    for number in range(users):
        email = f"u{number}@shop.example"
        east.sign_up(f"user-{number:02}", email=email, email_verified="true", name=f"User {number}")
    east.create_group(UserPoolId="", GroupName="staff", Description="who works here", Precedence=1)
    east.create_group(UserPoolId="", GroupName="customers", Description="", Precedence=10)
    for number in range(users):
        group = "staff" if number < 2 else "customers"
        east.admin_add_user_to_group(UserPoolId="", GroupName=group, Username=f"user-{number:02}")
    if users > 3:
        east.admin_disable_user(UserPoolId="", Username="user-03")
    world.calls.made.clear()
    return world


class Carrying(unittest.TestCase):
    def test_standby_pool_says_what_the_active_one_says(self):
        world = shop()
        exported, imported = world.both()
        self.assertEqual(shown(world.west), shown(world.east))
        self.assertEqual(exported["outcome"], "complete")
        self.assertEqual(imported["counts"]["created"], 11 + 2 + 11)
        self.assertEqual({it["UserStatus"] for it in world.west._users.values()}, {"CONFIRMED"})
        passwords = {it["Password"] for it in world.west._users.values()}
        self.assertEqual(len(passwords), 11)
        self.assertNotIn("theirs", passwords)

    def test_second_run_changes_nothing(self):
        world = shop()
        world.both()
        world.calls.made.clear()
        world.both()
        # The lease and the note of the export are put and deleted, nothing else is.
        mutating = [it for it in world.calls.mutating() if it not in ("put_item", "delete_item")]
        self.assertEqual(mutating, [])
        before = {key: it for key, it in world.data._items.items() if key[0] != "run"}
        world.calls.made.clear()
        counts = world.run(PRIMARY)["counts"]
        self.assertEqual(counts, {})
        asked = [it for it in world.calls.made if it.startswith(("admin_get", "admin_list", "get_group"))]
        self.assertEqual(asked, [], "where nothing differs nobody is asked for by name")
        self.assertEqual(before, {key: it for key, it in world.data._items.items() if key[0] != "run"})

    def test_every_change_is_carried(self):
        world = shop()
        world.both()
        east = world.east
        verified = {"Name": "email_verified", "Value": "false"}
        change = {"Name": "email", "Value": "new@shop.example"}
        east.admin_update_user_attributes(
            UserPoolId="", Username="user-01", UserAttributes=[change, verified]
        )
        east.admin_delete_user_attributes(UserPoolId="", Username="user-02", UserAttributeNames=["name"])
        east.admin_enable_user(UserPoolId="", Username="user-03")
        east.admin_disable_user(UserPoolId="", Username="user-04")
        east.admin_remove_user_from_group(UserPoolId="", GroupName="customers", Username="user-05")
        east.admin_add_user_to_group(UserPoolId="", GroupName="staff", Username="user-05")
        east.update_group(UserPoolId="", GroupName="staff", Description="people")
        east.create_group(UserPoolId="", GroupName="new", Description="")
        east.sign_up("late", email="late@shop.example", email_verified="true")
        world.both()
        self.assertEqual(shown(world.west), shown(east))

    def test_who_has_proved_nothing_is_not_carried(self):
        world = shop(2)
        world.east.sign_up("stranger", status="UNCONFIRMED", email="victim@shop.example")
        world.east.sign_up("federated", status="EXTERNAL_PROVIDER", email="f@shop.example")
        world.east.admin_add_user_to_group(UserPoolId="", GroupName="customers", Username="stranger")
        world.both()
        self.assertEqual(sorted(world.west._users), ["user-00", "user-01"])
        self.assertEqual(world.west._members["customers"], set())

    def test_what_the_table_never_heard_of_is_left_alone(self):
        world = shop(2)
        world.west.sign_up("by-hand", email="ops@shop.example")
        _, imported = world.both()
        self.assertIn("by-hand", world.west._users)
        self.assertEqual(imported["counts"]["foreign"], 1)

    def test_two_users_who_swap_an_address_settle_in_two_runs(self):
        world = shop(3)
        world.both()
        theirs = [world.east._users[f"user-0{it}"]["Attributes"] for it in (0, 1)]
        theirs[0]["email"], theirs[1]["email"] = theirs[1]["email"], "third@shop.example"
        _, imported = world.both()
        self.assertEqual(imported["counts"]["later"], 1)
        world.both()
        self.assertEqual(shown(world.west), shown(world.east))


class Paging(unittest.TestCase):
    def test_every_page_is_read_once(self):
        world = shop(20)
        world.run(PRIMARY)
        listed = [it for it in world.calls.made if it.startswith("list")]
        # 20 users by 3, 2 groups in 1, 2 members in 1, 18 in 6.
        self.assertEqual(listed.count("list_users"), 7)
        self.assertEqual(listed.count("list_groups"), 1)
        self.assertEqual(listed.count("list_users_in_group"), 1 + 6)

    def test_expired_token_begins_the_part_anew(self):
        world = shop()
        world.east._stale_tokens = 2
        state = world.run(PRIMARY)
        self.assertEqual(state["restarts"], 2)
        world.run(SECONDARY)
        self.assertEqual(shown(world.west), shown(world.east))

    def test_token_that_never_works_is_an_error(self):
        world = shop()
        world.east._stale_tokens = 99
        with self.assertRaisesRegex(Exception, "InvalidParameterException"):
            world.run(PRIMARY)

    def test_throttled_calls_pause_and_go_on(self):
        world = shop()
        world.calls.throttle_every = 9
        state, waits = {"run": "one"}, 0
        while not state.get("done"):
            try:
                state = world.step(PRIMARY, state)
            except Exception as error:
                # While the run begins or ends; the machine tries the step again.
                self.assertIn("TooManyRequests", str(error))
                continue
            waits += state["wait"] > 0
        self.assertGreater(waits, 3)
        world.calls.throttle_every = None
        world.run(SECONDARY)
        self.assertEqual(shown(world.west), shown(world.east))


class Crashing(unittest.TestCase):
    """A run that dies before or after any one call, and is tried again from its last state."""

    def everywhere(self, region, prepare):
        world = prepare()
        world.calls.made.clear()
        world.run(region)
        expected, calls = self.everything(world), len(world.calls.made)
        self.assertGreater(calls, 20)
        for at in range(calls):
            for when in ("crash_before", "crash_after"):
                with self.subTest(when=when, at=at):
                    world = prepare()
                    world.calls.made.clear()
                    setattr(world.calls, when, at)
                    world.run(region)
                    world.calls.made.clear()
                    self.assertEqual(self.everything(world), expected)

    def everything(self, world):
        items = {key: it for key, it in world.data._items.items() if key[0] != "run"}
        statuses = {name: it["UserStatus"] for name, it in world.west._users.items()}
        return items, shown(world.west), statuses

    def test_export(self):
        def prepare():
            world = shop(5)
            world.run(PRIMARY)
            world.east.admin_delete_user(UserPoolId="", Username="user-01")
            world.east.sign_up("new", email="new@shop.example")
            return world

        self.everywhere(PRIMARY, prepare)

    def test_import_of_everything(self):
        def prepare():
            world = shop(5)
            world.run(PRIMARY)
            return world

        self.everywhere(SECONDARY, prepare)

    def test_import_of_changes(self):
        def prepare():
            world = shop(5)
            world.both()
            east = world.east
            east.admin_delete_user(UserPoolId="", Username="user-01")
            east.delete_group(UserPoolId="", GroupName="staff")
            east.admin_disable_user(UserPoolId="", Username="user-02")
            east.admin_delete_user_attributes(UserPoolId="", Username="user-04", UserAttributeNames=["name"])
            east.sign_up("new", email="new@shop.example")
            world.run(PRIMARY)
            return world

        self.everywhere(SECONDARY, prepare)

    def test_a_dead_run_holds_others_back_until_its_lease_ends(self):
        world = shop()
        world.step(PRIMARY, {"run": "dies"}, pages=1)
        self.assertEqual(world.run(PRIMARY)["outcome"], "another run is under way")
        world.now += handler.LEASE + 1
        self.assertEqual(world.run(PRIMARY)["outcome"], "complete")

    def test_a_state_from_the_queue_is_taken_up_where_it_stood(self):
        world = shop(20)
        state = world.step(PRIMARY, {"run": "first"}, pages=6)
        world.now += handler.LEASE + 1
        world.calls.made.clear()
        self.assertEqual(world.run(PRIMARY, **state)["outcome"], "complete")
        self.assertLess(world.calls.made.count("list_users"), 7)
        world.run(SECONDARY)
        self.assertEqual(shown(world.west), shown(world.east))


class Leaving(unittest.TestCase):
    def test_deleted_user_is_disabled_then_deleted(self):
        world = shop()
        world.both()
        world.east.admin_delete_user(UserPoolId="", Username="user-06")
        world.both()
        item = world.data._items["user", "user-06"]
        self.assertEqual(sorted(item), ["deleted", "expires", "name", "part"], "nothing of the person stays")
        self.assertFalse(world.west._users["user-06"]["Enabled"])
        self.assertTrue(world.west._users["user-06"]["SignedOut"])
        world.now += GRACE_DAYS * DAY - 1
        self.assertEqual(world.both()[1]["counts"], {})
        world.now += 1
        self.assertEqual(world.both()[1]["counts"], {"deleted": 1})
        self.assertEqual(shown(world.west), shown(world.east))

    def test_user_who_comes_back_is_enabled_again(self):
        world = shop()
        world.both()
        gone = world.east._users.pop("user-06")
        world.both()
        world.east._users["user-06"] = gone
        world.both()
        self.assertTrue(world.west._users["user-06"]["Enabled"])
        self.assertNotIn("deleted", world.data._items["user", "user-06"])

    def test_empty_active_pool_empties_nothing(self):
        world = shop(40)
        world.both()
        before = shown(world.west)
        world.east._users.clear()
        for members in world.east._members.values():
            members.clear()
        with self.assertRaises(walk.TooManyRemovals):
            world.run(PRIMARY)
        world.run(SECONDARY)
        self.assertEqual(shown(world.west), before)
        self.assertFalse(any("deleted" in it for it in world.data._items.values()))
        # Nor does the failed run hold the next one back.
        with self.assertRaises(walk.TooManyRemovals):
            world.run(PRIMARY)

    def test_flag_allows_what_the_bound_refuses(self):
        world = shop(40)
        world.both()
        for number in range(20, 40):
            world.east.admin_delete_user(UserPoolId="", Username=f"user-{number:02}")
        with self.assertRaisesRegex(walk.TooManyRemovals, "user: 20 of 40 would be removed, 10 may be"):
            world.run(PRIMARY)
        world.run(PRIMARY, allow_removals=True)
        with self.assertRaises(walk.TooManyRemovals):
            world.run(SECONDARY)
        self.assertTrue(world.west._users["user-39"]["Enabled"])
        world.run(SECONDARY, allow_removals=True)
        self.assertFalse(world.west._users["user-39"]["Enabled"])
        self.assertTrue(world.west._users["user-00"]["Enabled"])

    def test_user_who_is_missed_by_the_list_is_not_buried(self):
        world = shop()
        world.both()
        pages = iter(range(100))

        def shuffle():
            # A page later the first user stands last, so the list slides by one and skips another.
            if next(pages) == 2:
                name = next(iter(world.east._users))
                world.east._users[name] = world.east._users.pop(name)

        world.east._on_page = shuffle
        world.run(PRIMARY)
        self.assertFalse(any("deleted" in it for it in world.data._items.values()))

    def test_user_deleted_while_the_run_reads_is_buried_by_this_run_or_the_next(self):
        world = shop()
        world.both()
        pages = iter(range(100))

        def delete():
            if next(pages) == 3:
                world.east.admin_delete_user(UserPoolId="", Username="user-09")

        world.east._on_page = delete
        world.run(PRIMARY)
        world.both()
        self.assertFalse(world.west._users["user-09"]["Enabled"])

    def test_user_changed_while_the_run_reads_is_carried_by_the_next(self):
        world = shop()
        pages = iter(range(100))

        def change():
            if next(pages) == 3:
                world.east._users["user-00"]["Attributes"]["name"] = "Changed"

        world.east._on_page = change
        world.run(PRIMARY)
        world.both()
        self.assertEqual(world.west._users["user-00"]["Attributes"]["name"], "Changed")


class Directions(unittest.TestCase):
    def test_after_the_switch_the_other_region_exports(self):
        world = shop()
        world.both()
        world.table.write_note("active", region=SECONDARY)
        world.west.sign_up("during", email="during@shop.example", email_verified="true")
        self.assertEqual(world.run(SECONDARY)["direction"], "export")
        self.assertEqual(world.run(PRIMARY)["direction"], "restore")
        self.assertEqual(shown(world.west), shown(world.east))
        # Whoever was born in the primary is known by that `sub` in both, and not written for it.
        self.assertNotIn("custom:origin_sub", world.east._users["user-00"]["Attributes"])
        self.assertEqual({it["Password"] for n, it in world.east._users.items() if n != "during"}, {"theirs"})

    def test_run_that_is_overtaken_by_the_switch_stops(self):
        world = shop()
        state = world.step(PRIMARY, {"run": "old"}, pages=1)
        world.table.write_note("active", region=SECONDARY)
        self.assertEqual(world.step(PRIMARY, state)["outcome"], "superseded")

    def test_age_is_measured_from_the_export(self):
        world = shop()
        world.run(PRIMARY)
        world.now += 900
        world.run(SECONDARY)
        report = world.printed[-1]
        self.assertEqual((report["Age"], report["Directory"]), (900, "shop-us-west-2"))
        self.assertIn({"Name": "Age", "Unit": "Seconds"}, report["_aws"]["CloudWatchMetrics"][0]["Metrics"])

    def test_nothing_of_a_person_is_printed(self):
        world = shop(3)
        world.both()
        first, second = (world.east._users[f"user-0{it}"]["Attributes"] for it in (0, 1))
        first["email"], second["email"] = second["email"], "third@shop.example"
        world.both()
        printed = json.dumps(world.printed)
        self.assertIn("AliasExistsException", printed)
        self.assertNotIn("user-0", printed)
        self.assertNotIn("@", printed)


class AgainstMoto(unittest.TestCase):
    """The same against moto, whose pools and tables somebody else has written.

    It has no tokens that expire, no `ListUsersInGroup` in pages and no throttling: that is the fake's part.
    """

    def test_two_pools_and_a_table(self):
        with moto.mock_aws():
            world = Moto()
            world.sign_up(70)
            self.assertEqual(world.run(PRIMARY)["outcome"], "complete")
            imported = world.run(SECONDARY)
            self.assertEqual(imported["counts"], {"created": 70 + 1 + 70})
            self.assertEqual(world.users(SECONDARY), world.users(PRIMARY))
            self.assertEqual(world.run(PRIMARY)["counts"], {})
            self.assertEqual(world.run(SECONDARY)["counts"], {})

            east = world.sides[PRIMARY].client
            pool = world.sides[PRIMARY].pool
            east.admin_delete_user(**pool, Username="user-07")
            east.admin_disable_user(**pool, Username="user-08")
            world.run(PRIMARY)
            self.assertEqual(world.run(SECONDARY)["counts"], {"changed": 1, "disabled": 1, "deleted": 1})
            gone = world.sides[SECONDARY].find("user", "user-07")
            self.assertFalse(gone.record["enabled"])


class Moto(World):
    """Pools and the table as moto has them."""

    def __init__(self):
        self.now, self.runs, self.printed = 1_800_000_000, 0, []
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        dynamo = boto3.client("dynamodb", region_name=PRIMARY, **keys)
        dynamo.create_table(
            TableName="shop-directory",
            KeySchema=[
                {"AttributeName": "part", "KeyType": "HASH"},
                {"AttributeName": "name", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "part", "AttributeType": "S"},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.table = Table(dynamo, "shop-directory")
        self.sides = {}
        for region in (PRIMARY, SECONDARY):
            client = boto3.client("cognito-idp", region_name=region, **keys)
            self.sides[region] = Pool(client, client.create_user_pool(PoolName="shop")["UserPool"]["Id"])

    def sign_up(self, users):
        side = self.sides[PRIMARY]
        side.create("group", "customers", {"description": "who buys", "precedence": 3})
        for number in range(users):
            name, email = f"user-{number:02}", f"u{number}@shop.example"
            attributes = {"email": email, "email_verified": "true"}
            side.create("user", name, {"attributes": attributes, "enabled": number != 5, "origin": ""})
            side.create("member/customers", name, {})

    def users(self, region):
        side, shown, token = self.sides[region], {}, None
        while True:
            things, token = side.page("user", token)
            shown |= {it.name: (it.record["attributes"], it.record["enabled"]) for it in things}
            if not token:
                return shown


if __name__ == "__main__":
    unittest.main()
