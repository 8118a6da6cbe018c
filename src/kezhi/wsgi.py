"""The web application for any WSGI server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")
pages = get_wsgi_application()

from kezhi.web.patience import be_patient  # noqa: E402
from kezhi.web.receiving import Receiving  # noqa: E402

be_patient()
application = Receiving(pages)

# A page makes tens of thousands of objects and lets nearly all of them go by itself: looking for circles after
# each 700 of them takes a sixteenth of its time, and what was loaded until here stays for good.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
