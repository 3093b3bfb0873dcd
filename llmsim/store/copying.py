"""Every record of a store, in order, as it is to be written anew somewhere else.

LMDB takes back the pages of what was deleted without clearing them, and leaves old bytes between the records of pages
that it keeps. A copy of pages would carry them on; a copy of records has nothing but what the store says. The journal
and the archive's state stay behind: what is made of the copy goes a way of its own. Writes nothing.
"""

from collections.abc import Iterator

from llmsim.store.changes import Change
from llmsim.store.schema import ARCHIVE_KEY, Table
from llmsim.store.view import View


def records_of(view: View) -> Iterator[Change]:
    """All records, in the order of tables and keys; raises StoreDamaged where one is not what was written."""
    for table in view.tables:
        if table is Table.JOURNAL:
            continue
        for key, record in view.scan(table):
            if table is not Table.META or key != ARCHIVE_KEY:
                yield table, key, record
