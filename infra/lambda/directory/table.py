"""The DynamoDB global table: a partition for each kind of thing, an item for each name.

| partition      | name     | record                                                  |
|----------------|----------|---------------------------------------------------------|
| `group`        | group    | its description and precedence                          |
| `user`         | user     | attributes, whether enabled, the `sub` it was born with |
| `member/GROUP` | user     | nothing                                                 |
| `run`          | see below| who is active, who runs, when the last export ended     |

What was deleted stays as a tombstone: a name and a time, and nothing else of the person. DynamoDB
removes it at `expires`.
"""

import json
from dataclasses import dataclass

TOMBSTONE_DAYS = 90
PAGE = 100
# BatchGetItem takes at most 100 keys
# (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, checked 2026-11-24).
BATCH = 100
DAY = 86_400


@dataclass(frozen=True)
class Item:
    name: str
    record: dict | None
    deleted: int | None = None

    @property
    def live(self):
        return self.deleted is None


class Table:
    def __init__(self, client, name):
        self.client = client
        self.name = name

    def page(self, part, after=None, limit=PAGE):
        """The items of a partition that follow a name, and the name to go on from."""
        query = {
            "TableName": self.name,
            "KeyConditionExpression": "#part = :part",
            "ExpressionAttributeNames": {"#part": "part"},
            "ExpressionAttributeValues": {":part": {"S": part}},
            "Limit": limit,
        }
        if after is not None:
            query["ExclusiveStartKey"] = _key(part, after)
        answer = self.client.query(**query)
        last = answer.get("LastEvaluatedKey")
        return [_item(it) for it in answer["Items"]], last and last["name"]["S"]

    def get(self, part, names):
        """The items that there are of these names, by name."""
        found = {}
        names = sorted(set(names))
        for start in range(0, len(names), BATCH):
            wanted = {self.name: {"Keys": [_key(part, it) for it in names[start : start + BATCH]]}}
            while wanted:
                answer = self.client.batch_get_item(RequestItems=wanted)
                for it in answer["Responses"].get(self.name, []):
                    item = _item(it)
                    found[item.name] = item
                wanted = answer.get("UnprocessedKeys")
        return found

    def put(self, part, name, record):
        text = json.dumps(record, sort_keys=True, ensure_ascii=False)
        self.client.put_item(TableName=self.name, Item={**_key(part, name), "record": {"S": text}})

    def bury(self, part, name, now):
        stone = {"deleted": {"N": str(now)}, "expires": {"N": str(now + TOMBSTONE_DAYS * DAY)}}
        self.client.put_item(TableName=self.name, Item={**_key(part, name), **stone})

    # What follows is about runs.

    def note(self, name):
        """A note of partition `run` as text by key, or nothing."""
        key = _key("run", name)
        answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        return {key: next(iter(value.values())) for key, value in answer.get("Item", {}).items()}

    def write_note(self, name, **values):
        item = {**_key("run", name), **{key: {"S": str(value)} for key, value in values.items()}}
        self.client.put_item(TableName=self.name, Item=item)

    def lease(self, name, owner, now, seconds):
        """Takes or prolongs the right to run; false while somebody else has it."""
        try:
            self.client.put_item(
                TableName=self.name,
                Item={
                    **_key("run", name),
                    "owner": {"S": owner},
                    "until": {"N": str(now + seconds)},
                    "expires": {"N": str(now + DAY)},
                },
                ConditionExpression="attribute_not_exists(#owner) OR #owner = :owner OR #until < :now",
                ExpressionAttributeNames={"#owner": "owner", "#until": "until"},
                ExpressionAttributeValues={":owner": {"S": owner}, ":now": {"N": str(now)}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def release(self, name, owner):
        """Gives the right to run back, if it is still the owner's."""
        try:
            self.client.delete_item(
                TableName=self.name,
                Key=_key("run", name),
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": owner}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            pass


def _key(part, name):
    return {"part": {"S": part}, "name": {"S": name}}


def _item(it):
    return Item(
        name=it["name"]["S"],
        record=json.loads(it["record"]["S"]) if "record" in it else None,
        deleted=int(it["deleted"]["N"]) if "deleted" in it else None,
    )
