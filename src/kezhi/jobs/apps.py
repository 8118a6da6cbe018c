from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "kezhi.jobs"

    def ready(self) -> None:
        # `tasks` is found by procrastinate itself; what runs by the clock is found here.
        from kezhi.jobs import rights, schedules  # noqa: F401
