"""Filled-in surveys from a file: survey, customer, day and the answers in one cell, each row by its deed."""

from __future__ import annotations

from dataclasses import dataclass

from kezhi.core.actor import Actor
from kezhi.dataio.loading import DeclaredLoader
from kezhi.dataio.models import ImportBatch
from kezhi.dataio.staging import Work
from kezhi.dataio.undoing import created_ids, delete_created, demand_unchanged
from kezhi.satisfaction.models import SurveyAnswer, SurveyReply, SurveyResponse


@dataclass(frozen=True)
class ResponseLoader(DeclaredLoader):
    """No row is matched: several people of a customer answer on a day. The deed refuses what came before."""

    kind: str = "survey_response"

    def _key(self, work: Work) -> list[str]:
        return []

    def _differs(self, work: Work) -> str:
        return "false"

    def undo(self, batch: ImportBatch, *, actor: Actor) -> None:
        table = SurveyResponse._meta.db_table
        ids = list(created_ids(batch, table))
        demand_unchanged(table, ids)
        SurveyReply.objects.filter(response_id__in=ids).delete()
        SurveyAnswer.objects.filter(respondent__in=[f"S{pk}" for pk in ids]).delete()
        delete_created(batch, table)
