"""Carries the users of one Cognito pool to another, through a DynamoDB global table.

The active region exports: its pool is what is true, and the table is made to say the same. Every
other region imports: the table is what is true, and its pool is made to say the same. Both are one
walk (`walk.py`) over the two sides, page by page, with another answer to what differs (`export.py`,
`restore.py`). `handler.py` is what Lambda calls, over and over, with the state it gave last.
"""
