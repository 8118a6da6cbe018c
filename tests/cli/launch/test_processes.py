"""The supervisor: restarts what falls, stops in order, waits once and not twice."""

import io
import os
import signal
import sys
import time

import pytest

from kezhi.cli.launch.processes import Service, Supervisor
from kezhi.cli.launch.stages import Stages
from kezhi.cli.launch.trouble import CannotStart

PATIENT = "import signal\nwhile True: signal.pause()"
STUBBORN = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
)


@pytest.fixture
def supervise(tmp_path):
    supervisors = []

    def make(**programs):
        services = [
            Service(name, [sys.executable, "-c", program], tmp_path / f"{name}.log")
            for name, program in programs.items()
        ]
        supervisor = Supervisor(Stages(io.StringIO()), services)
        supervisors.append(supervisor)
        return supervisor

    yield make
    for supervisor in supervisors:
        for service in supervisor.services:
            service.kill()
        supervisor.stop()


def said(supervisor):
    return supervisor.stages.out.getvalue()


def test_a_killed_service_is_started_again(supervise):
    supervisor = supervise(web=PATIENT)
    supervisor.start()
    service = supervisor.services[0]
    first = service.pid
    os.kill(first, signal.SIGKILL)
    assert supervisor.until(lambda: service.pid not in (None, first))
    assert "The web process ended (SIGKILL) and is started again." in said(supervisor)


def test_services_stop_in_the_order_given(supervise):
    supervisor = supervise(web=PATIENT, worker=PATIENT)
    supervisor.start()
    supervisor.stop()
    assert said(supervisor).index("web") < said(supervisor).index("worker")
    assert all(service.is_gone() for service in supervisor.services)


def test_a_service_that_never_starts_is_given_up_with_its_last_words(supervise):
    supervisor = supervise(web="raise SystemExit('no such thing')")
    supervisor.start()
    with pytest.raises(CannotStart, match="web process does not start: no such thing"):
        supervisor.until(lambda: False)


def test_asked_a_second_time_it_does_not_wait(supervise):
    supervisor = supervise(web=STUBBORN + PATIENT)
    service = supervisor.services[0]
    service.stop_within = 60
    supervisor.start()
    supervisor.until(lambda: "deaf" in service.log.read_text())
    supervisor.listen()
    os.kill(os.getpid(), signal.SIGINT)
    supervisor.run()
    ask = service.ask_to_stop

    def ask_and_press_again():
        ask()
        os.kill(os.getpid(), signal.SIGINT)

    service.ask_to_stop = ask_and_press_again
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 10
    signal.signal(signal.SIGINT, signal.default_int_handler)
