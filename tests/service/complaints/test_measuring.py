"""Complaints are a measure that an index may read."""

import numpy as np
import pyarrow as pa

from cast import NOW, TODAY
from kezhi.insight import fed_from_above, naming
from kezhi.service.complaints.measuring import complaints_of
from kezhi.service.models import Complaint
from kezhi.service.tickets.opening import open_ticket


def test_they_are_counted_by_customer_and_unknown_before_there_are_any(anhui_tea, agent):
    everybody = np.array([anhui_tea.pk - 1, anhui_tea.pk, anhui_tea.pk + 7])
    assert complaints_of(everybody, TODAY) is None
    fields = {"type": "complaint", "customer": anhui_tea}
    for subject in ("破损", "迟到", "短少"):
        open_ticket({**fields, "subject": subject}, actor=agent, at=NOW)
    Complaint.objects.filter(ticket__subject="短少").update(verdict="unjustified")
    assert complaints_of(everybody, TODAY).tolist() == [0, 2, 0]
    assert complaints_of(everybody, TODAY.replace(year=TODAY.year - 1)) is None
    measures = pa.table({"customer": pa.array(everybody[::-1]), "satisfaction": [1.0, 2.0, 3.0]})
    found = fed_from_above.with_fed(measures, TODAY, pa.array(everybody))
    assert found["complaints"].to_pylist() == [0, 2, 0]
    assert "complaints" in naming.measures()
