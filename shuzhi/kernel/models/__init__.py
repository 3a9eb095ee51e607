"""The kernel's rows. Public: apps and fronts may read them; only `_rows` and `operations` write them."""

from shuzhi.kernel.models.absence import Hand, Leave
from shuzhi.kernel.models.administration import Phrase, TownEntry
from shuzhi.kernel.models.cases import Case, Ending, Link, Party
from shuzhi.kernel.models.clocks import ClockRun, Pause
from shuzhi.kernel.models.ledgers import Export, SavedView
from shuzhi.kernel.models.outgoing import Counter, Once, Outgoing
from shuzhi.kernel.models.publication import Delivery, Document, File, Publication
from shuzhi.kernel.models.record import Access, Entry, Rating, Seal, Words
from shuzhi.kernel.models.registers import RegisterChange, RegisterRow, RegisterVersion, VersionRow
from shuzhi.kernel.models.schedules import Duty, Occurrence, OccurrenceEntry, Swap
from shuzhi.kernel.models.sealed import Alert, Concerned, Consent, SealedIdentity, SearchLog
from shuzhi.kernel.models.search import CaseTerms
from shuzhi.kernel.models.tasks import Task
from shuzhi.kernel.models.units import Day, Grid, Member, Unit

__all__ = [
    "Access",
    "Alert",
    "Case",
    "CaseTerms",
    "ClockRun",
    "Concerned",
    "Consent",
    "Counter",
    "Day",
    "Delivery",
    "Document",
    "Duty",
    "Ending",
    "Entry",
    "Export",
    "File",
    "Grid",
    "Hand",
    "Leave",
    "Link",
    "Member",
    "Occurrence",
    "OccurrenceEntry",
    "Once",
    "Outgoing",
    "Party",
    "Pause",
    "Phrase",
    "Publication",
    "Rating",
    "RegisterChange",
    "RegisterRow",
    "RegisterVersion",
    "SavedView",
    "Seal",
    "SealedIdentity",
    "SearchLog",
    "Swap",
    "Task",
    "TownEntry",
    "Unit",
    "VersionRow",
    "Words",
]
