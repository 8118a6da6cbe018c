"""Lists that people keep, tags, files, the company's own fields, and what is searched."""

from kezhi.workbench.models.attachment import Attachment
from kezhi.workbench.models.bulk import BulkRun, BulkStep
from kezhi.workbench.models.custom_field import CustomField, Layout
from kezhi.workbench.models.kept_analysis import KeptAnalysis
from kezhi.workbench.models.report import Dashboard, Report, ReportSchedule
from kezhi.workbench.models.saved_view import SavedView
from kezhi.workbench.models.search_document import SearchDocument, SearchGap
from kezhi.workbench.models.tag import Tag, Tagging

__all__ = [
    "Attachment",
    "BulkRun",
    "BulkStep",
    "CustomField",
    "Dashboard",
    "KeptAnalysis",
    "Layout",
    "Report",
    "ReportSchedule",
    "SavedView",
    "SearchDocument",
    "SearchGap",
    "Tag",
    "Tagging",
]
