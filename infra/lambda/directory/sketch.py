"""A set of names in a few kilobytes, exact enough to say in which of its parts two sets differ.

Names are spread over buckets; a bucket is the exclusive or of the hashes of its names. So a name
that stands in both sets leaves nothing, in whatever order the two are read, and a bucket that is
not zero holds a name that stands in one of them only. Names that share a bucket with it come under
suspicion too, so whoever uses a sketch asks the service about each before acting.
"""

import base64
import hashlib
from array import array

# 8 KiB, 11 KB as base64: Step Functions carries at most 256 KiB from one step to the next
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, checked 2026-11-24).
BUCKETS = 1024


class Sketch:
    def __init__(self, text=""):
        """The empty set, or what `text` of another sketch says."""
        self.buckets = array("Q")
        self.buckets.frombytes(base64.b64decode(text) if text else bytes(8 * BUCKETS))

    def toggle(self, name):
        """Adds a name, or takes it away."""
        bucket, value = _place(name)
        self.buckets[bucket] ^= value

    def suspects(self, name):
        """Whether the name may be one that only one of the two sets has."""
        return self.buckets[_place(name)[0]] != 0

    def balanced(self):
        """Whether both sets were the same."""
        return not any(self.buckets)

    def text(self):
        return base64.b64encode(self.buckets.tobytes()).decode()


def _place(name):
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS, int.from_bytes(digest[4:12], "big")
