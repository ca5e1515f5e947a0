"""A user pool and a table in memory: they page, throttle, expire tokens, and die when told to."""

from fake_aws import Fault


class Crash(BaseException):
    """The process ends here."""


class Calls:
    """What was called, and what goes wrong at which call; shared by the services of a test."""

    def __init__(self):
        self.made = []
        self.crash_before = self.crash_after = None
        self.throttle_every = None

    def __call__(self, name, act):
        number = len(self.made)
        self.made.append(name)
        if number == self.crash_before:
            raise Crash(name)
        if self.throttle_every and number % self.throttle_every == self.throttle_every - 1:
            raise Fault("TooManyRequestsException")
        answer = act()
        if number == self.crash_after:
            raise Crash(name)
        return answer

    def mutating(self):
        reads = ("list", "get", "admin_get", "admin_list", "query", "batch_get")
        return [it for it in self.made if not it.startswith(reads)]


class Service:
    def __init__(self, calls):
        self.calls = calls

    def __getattribute__(self, name):
        value = object.__getattribute__(self, name)
        if name.startswith("_") or not callable(value) or name in ("calls", "sign_up"):
            return value
        return lambda **given: self.calls(name, lambda: value(**given))


class UserPool(Service):
    """Pages of `size`, in the order of creation."""

    def __init__(self, calls, prefix, size=3):
        super().__init__(calls)
        self._users, self._groups, self._members = {}, {}, {}
        self._prefix, self._size, self._born = prefix, size, 0
        self._on_page = lambda: None
        self._stale_tokens = 0

    def _page(self, entries, token, limit, token_name):
        assert limit <= 60
        if token and self._stale_tokens:
            self._stale_tokens -= 1
            raise Fault("InvalidParameterException", "Invalid pagination token given.")
        start = int(token) if token else 0
        entries = list(entries)
        more = {token_name: str(start + self._size)} if start + self._size < len(entries) else {}
        self._on_page()
        return entries[start : start + self._size], more

    def _user(self, name):
        if name not in self._users:
            raise Fault("UserNotFoundException")
        return self._users[name]

    def _group(self, name):
        if name not in self._groups:
            raise Fault("ResourceNotFoundException")
        return self._groups[name]

    def sign_up(self, username, status="CONFIRMED", **attributes):
        self._born += 1
        self._users[username] = {
            "Attributes": {"sub": f"{self._prefix}-{self._born}", **attributes},
            "Enabled": True,
            "UserStatus": status,
            "Password": "theirs",
        }

    def _shown(self, name, attributes="Attributes"):
        user = self._users[name]
        return {
            "Username": name,
            attributes: [{"Name": key, "Value": it} for key, it in user["Attributes"].items()],
            "Enabled": user["Enabled"],
            "UserStatus": user["UserStatus"],
        }

    def list_users(self, UserPoolId, Limit, PaginationToken=None):
        names, more = self._page(self._users, PaginationToken, Limit, "PaginationToken")
        return {"Users": [self._shown(it) for it in names], **more}

    def list_groups(self, UserPoolId, Limit, NextToken=None):
        groups, more = self._page(self._groups.values(), NextToken, Limit, "NextToken")
        return {"Groups": groups, **more}

    def list_users_in_group(self, UserPoolId, GroupName, Limit, NextToken=None):
        self._group(GroupName)
        names, more = self._page(
            sorted(self._members[GroupName] & set(self._users)), NextToken, Limit, "NextToken"
        )
        return {"Users": [self._shown(it) for it in names], **more}

    def get_group(self, UserPoolId, GroupName):
        return {"Group": self._group(GroupName)}

    def create_group(self, UserPoolId, GroupName, **fields):
        if GroupName in self._groups:
            raise Fault("GroupExistsException")
        self._groups[GroupName] = {"GroupName": GroupName, **fields}
        self._members[GroupName] = set()

    def update_group(self, UserPoolId, GroupName, **fields):
        self._group(GroupName).update(fields)

    def delete_group(self, UserPoolId, GroupName):
        self._group(GroupName)
        del self._groups[GroupName], self._members[GroupName]

    def admin_get_user(self, UserPoolId, Username):
        self._user(Username)
        return self._shown(Username, "UserAttributes")

    def admin_list_groups_for_user(self, UserPoolId, Username, Limit, NextToken=None):
        self._user(Username)
        names = [it for it, members in sorted(self._members.items()) if Username in members]
        names, more = self._page(names, NextToken, Limit, "NextToken")
        return {"Groups": [self._groups[it] for it in names], **more}

    def _check_alias(self, name, attributes):
        for other, user in self._users.items():
            theirs = user["Attributes"]
            if other != name and attributes.get("email") and attributes["email"] == theirs.get("email"):
                raise Fault("AliasExistsException")

    def admin_create_user(self, UserPoolId, Username, UserAttributes, MessageAction):
        assert MessageAction == "SUPPRESS", "a message would be sent"
        attributes = {it["Name"]: it["Value"] for it in UserAttributes}
        if Username in self._users:
            raise Fault("UsernameExistsException")
        self._check_alias(Username, attributes)
        assert "sub" not in attributes
        self._born += 1
        self._users[Username] = {
            "Attributes": {"sub": f"{self._prefix}-{self._born}", **attributes},
            "Enabled": True,
            "UserStatus": "FORCE_CHANGE_PASSWORD",
            "Password": "temporary",
        }

    def admin_set_user_password(self, UserPoolId, Username, Password, Permanent):
        assert Permanent and len(Password) >= 40
        self._user(Username).update(UserStatus="CONFIRMED", Password=Password)

    def admin_update_user_attributes(self, UserPoolId, Username, UserAttributes):
        attributes = {it["Name"]: it["Value"] for it in UserAttributes}
        assert "email" not in attributes or "email_verified" in attributes, "a code would be sent"
        user = self._user(Username)
        self._check_alias(Username, attributes)
        user["Attributes"].update(attributes)

    def admin_delete_user_attributes(self, UserPoolId, Username, UserAttributeNames):
        for name in UserAttributeNames:
            del self._user(Username)["Attributes"][name]

    def admin_disable_user(self, UserPoolId, Username):
        self._user(Username)["Enabled"] = False

    def admin_enable_user(self, UserPoolId, Username):
        self._user(Username)["Enabled"] = True

    def admin_user_global_sign_out(self, UserPoolId, Username):
        self._user(Username)["SignedOut"] = True

    def admin_delete_user(self, UserPoolId, Username):
        self._user(Username)
        del self._users[Username]
        for members in self._members.values():
            members.discard(Username)

    def admin_add_user_to_group(self, UserPoolId, GroupName, Username):
        self._group(GroupName)
        self._user(Username)
        self._members[GroupName].add(Username)

    def admin_remove_user_from_group(self, UserPoolId, GroupName, Username):
        self._group(GroupName)
        self._members[GroupName].discard(Username)


class DynamoTable(Service):
    """Partition `part`, sort key `name`; pages of at most `size`, batches that come back unfinished."""

    def __init__(self, calls, size=4, batch=2):
        super().__init__(calls)
        self._items, self._size, self._batch = {}, size, batch

    def _key(self, key):
        return key["part"]["S"], key["name"]["S"]

    def query(self, TableName, ExpressionAttributeValues, Limit, ExclusiveStartKey=None, **_):
        part = ExpressionAttributeValues[":part"]["S"]
        after = self._key(ExclusiveStartKey)[1] if ExclusiveStartKey else ""
        keys = sorted(it for it in self._items if it[0] == part and it[1] > after)
        page = keys[: min(Limit, self._size)]
        more = {}
        if page and len(page) < len(keys):
            more = {"LastEvaluatedKey": {"part": {"S": part}, "name": {"S": page[-1][1]}}}
        return {"Items": [self._items[it] for it in page], **more}

    def batch_get_item(self, RequestItems):
        ((table, wanted),) = RequestItems.items()
        keys = [self._key(it) for it in wanted["Keys"]]
        assert keys and len(keys) == len(set(keys)) <= 100
        found = [self._items[it] for it in keys[: self._batch] if it in self._items]
        rest = wanted["Keys"][self._batch :]
        return {
            "Responses": {table: found},
            "UnprocessedKeys": {table: {"Keys": rest}} if rest else {},
        }

    def get_item(self, TableName, Key, ConsistentRead):
        item = self._items.get(self._key(Key))
        return {"Item": item} if item else {}

    def put_item(self, TableName, Item, ConditionExpression=None, **values):
        if ConditionExpression:
            there = self._items.get(self._key(Item), {})
            given = values["ExpressionAttributeValues"]
            free = "owner" not in there or there["owner"] == given[":owner"]
            if not free and int(there["until"]["N"]) >= int(given[":now"]["N"]):
                raise Fault("ConditionalCheckFailedException")
        self._items[self._key(Item)] = Item

    def delete_item(self, TableName, Key, ExpressionAttributeValues, **_):
        if self._items.get(self._key(Key), {}).get("owner") != ExpressionAttributeValues[":owner"]:
            raise Fault("ConditionalCheckFailedException")
        del self._items[self._key(Key)]
