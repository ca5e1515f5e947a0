"""A Cognito user pool as three kinds of things with a name: groups, users, and the members of a group.

A record is what can be carried to another pool. Passwords and MFA secrets cannot be read by anybody;
`sub` is the pool's own. A user of a foreign identity provider is made by the first sign-in, and one
who has not confirmed the sign-up has proved nothing yet, so neither is carried.
"""

import secrets
from dataclasses import dataclass, field

# ListUsers, ListGroups and ListUsersInGroup give at most 60 a page
# (https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html,
# checked 2026-11-24).
PAGE = 60
CARRIED = {"CONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"}
ORIGIN = "custom:origin_sub"
VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}
OWN = {"sub", "identities", ORIGIN}
MEMBER = "member/"


@dataclass(frozen=True)
class Thing:
    """What a pool has under a name; `status` is a user's."""

    name: str
    record: dict = field(default_factory=dict)
    status: str = ""


class Pool:
    def __init__(self, client, pool):
        self.client = client
        self.pool = {"UserPoolId": pool}

    def page(self, part, token):
        """The next things of a part, and the token to go on from."""
        more = {"PaginationToken" if part == "user" else "NextToken": token} if token else {}
        if part == "group":
            answer = self.client.list_groups(**self.pool, Limit=PAGE, **more)
            return [_group(it) for it in answer["Groups"]], answer.get("NextToken")
        if part == "user":
            answer = self.client.list_users(**self.pool, Limit=PAGE, **more)
            return _users(answer["Users"]), answer.get("PaginationToken")
        try:
            group = part.removeprefix(MEMBER)
            answer = self.client.list_users_in_group(**self.pool, GroupName=group, Limit=PAGE, **more)
        except self.client.exceptions.ResourceNotFoundException:
            # The group went away, and its members with it.
            return [], None
        return [Thing(it.name) for it in _users(answer["Users"])], answer.get("NextToken")

    def find(self, part, name):
        """The thing of that name, or nothing."""
        try:
            if part == "group":
                return _group(self.client.get_group(**self.pool, GroupName=name)["Group"])
            if part == "user":
                user = self.client.admin_get_user(**self.pool, Username=name)
                return next(iter(_users([{**user, "Attributes": user["UserAttributes"]}])), None)
            return self._member(part.removeprefix(MEMBER), name)
        except (
            self.client.exceptions.UserNotFoundException,
            self.client.exceptions.ResourceNotFoundException,
        ):
            return None

    def _member(self, group, name):
        token = {}
        while True:
            answer = self.client.admin_list_groups_for_user(**self.pool, Username=name, Limit=PAGE, **token)
            if any(it["GroupName"] == group for it in answer["Groups"]):
                return Thing(name)
            if not answer.get("NextToken"):
                return None
            token = {"NextToken": answer["NextToken"]}

    def create(self, part, name, record):
        if part == "group":
            self.client.create_group(**self.pool, GroupName=name, **_group_fields(record))
        elif part == "user":
            attributes = {**record["attributes"], ORIGIN: record["origin"]}
            self.client.admin_create_user(
                **self.pool,
                Username=name,
                UserAttributes=_pairs(attributes),
                MessageAction="SUPPRESS",
            )
            if not record["enabled"]:
                self.client.admin_disable_user(**self.pool, Username=name)
            self._unknown_password(name)
        else:
            self.client.admin_add_user_to_group(
                **self.pool, GroupName=part.removeprefix(MEMBER), Username=name
            )

    def change(self, part, thing, record):
        """Makes the thing say what the record says; the number of calls that this took."""
        if part == "group":
            return self._change_group(thing, record)
        if part == "user":
            return self._change_user(thing, record)
        return 0

    def _change_group(self, thing, record):
        # A description can be emptied; a precedence, once set, cannot be taken back.
        wanted = {**{key: it for key, it in thing.record.items() if key == "precedence"}, **record}
        if thing.record == wanted:
            return 0
        self.client.update_group(**self.pool, GroupName=thing.name, **_group_fields(wanted))
        return 1

    def _change_user(self, thing, record):
        user = {**self.pool, "Username": thing.name}
        now, then = thing.record["attributes"], record["attributes"]
        changed = {key: value for key, value in then.items() if now.get(key) != value}
        # An address that comes without its flag counts as unverified, and Cognito sends it a code.
        changed |= {VERIFIED[it]: then[VERIFIED[it]] for it in VERIFIED if it in changed}
        if thing.record["origin"] != record["origin"]:
            changed[ORIGIN] = record["origin"]
        gone = sorted(set(now) - set(then) - set(VERIFIED.values()))
        calls = [
            (
                changed,
                lambda: self.client.admin_update_user_attributes(**user, UserAttributes=_pairs(changed)),
            ),
            (gone, lambda: self.client.admin_delete_user_attributes(**user, UserAttributeNames=gone)),
            (
                thing.record["enabled"] and not record["enabled"],
                lambda: self.client.admin_disable_user(**user),
            ),
            (
                record["enabled"] and not thing.record["enabled"],
                lambda: self.client.admin_enable_user(**user),
            ),
            # Left by a run that ended between creating the user and this.
            (thing.status == "FORCE_CHANGE_PASSWORD", lambda: self._unknown_password(thing.name)),
        ]
        needed = [call for reason, call in calls if reason]
        for call in needed:
            call()
        return len(needed)

    def disable(self, name):
        self.client.admin_disable_user(**self.pool, Username=name)
        self.client.admin_user_global_sign_out(**self.pool, Username=name)

    def delete(self, part, name):
        if part == "group":
            self.client.delete_group(**self.pool, GroupName=name)
        elif part == "user":
            self.client.admin_delete_user(**self.pool, Username=name)
        else:
            self.client.admin_remove_user_from_group(
                **self.pool, GroupName=part.removeprefix(MEMBER), Username=name
            )

    def _unknown_password(self, name):
        # A user in FORCE_CHANGE_PASSWORD cannot use "forgot password"; one with a password that
        # nobody knows can (docs/failover.md, "What a pool cannot carry").
        password = secrets.token_urlsafe(48) + "aA1!"
        self.client.admin_set_user_password(**self.pool, Username=name, Password=password, Permanent=True)


def _group(it):
    return Thing(
        it["GroupName"],
        {key: it[field] for key, field in GROUP_FIELDS.items() if it.get(field) not in (None, "")},
    )


# The role of a group is left out: it is of one account's identity pool, and would need iam:PassRole.
GROUP_FIELDS = {"description": "Description", "precedence": "Precedence"}


def _group_fields(record):
    return {"Description": "", **{GROUP_FIELDS[key]: value for key, value in record.items()}}


def _users(users):
    return [_user(it) for it in users if it.get("UserStatus") in CARRIED]


def _user(it):
    all_of_it = {pair["Name"]: pair.get("Value", "") for pair in it.get("Attributes", [])}
    attributes = {
        key: value
        for key, value in sorted(all_of_it.items())
        if key not in OWN and not key.startswith("cognito:") and value != ""
    }
    for address, flag in VERIFIED.items():
        # The flag stands exactly where the address does.
        verified = attributes.pop(flag, "false")
        if address in attributes:
            attributes[flag] = verified
    return Thing(
        it["Username"],
        {
            "attributes": attributes,
            "enabled": it["Enabled"],
            # The `sub` of the pool the user was born in: a key for services that outlives a failover.
            "origin": all_of_it.get(ORIGIN) or all_of_it.get("sub", ""),
        },
        it["UserStatus"],
    )


def _pairs(attributes):
    return [{"Name": key, "Value": value} for key, value in sorted(attributes.items())]
