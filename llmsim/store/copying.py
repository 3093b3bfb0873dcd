"""Every record of a store, in order, as it is to be written anew somewhere else.

LMDB takes back the pages of what was deleted without clearing them, and leaves old bytes between the records of pages
that it keeps. A copy of pages would carry them on; a copy of records has nothing but what the store says. The journal
and the archive's state stay behind: what is made of the copy goes a way of its own. Writes nothing.
"""

from collections.abc import Iterator

from llmsim.errors import StoreInUse
from llmsim.store.changes import Change
from llmsim.store.codec import decode_format
from llmsim.store.schema import ARCHIVE_KEY, FORMAT_VERSION, META_KEY, Table
from llmsim.store.view import View


def records_of(view: View) -> Iterator[Change]:
    """All records, in the order of tables and keys.

    Raises:
        StoreInUse: a server has made it a store of this release's format since it was opened.
    """
    stamp = view.get(Table.META, META_KEY)
    if stamp is not None and decode_format(stamp) == FORMAT_VERSION and len(view.tables) < len(Table):
        raise StoreInUse("a server has just changed the format of the store: do it again")
    for table in view.tables:
        if table is Table.JOURNAL:
            continue
        for key, record in view.scan(table):
            if table is not Table.META or key != ARCHIVE_KEY:
                yield table, key, record
