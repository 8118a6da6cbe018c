"""The web application for any WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")
application = get_wsgi_application()

from kezhi.web.patience import be_patient  # noqa: E402

be_patient()
