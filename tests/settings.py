"""The settings under which the tests run: the installation's own, and the rows of the procedures the kernel is proved on."""

from shuzhi.settings import *  # noqa: F403
from shuzhi.settings import INSTALLED_APPS as OWN

INSTALLED_APPS = [*OWN, "shuzhi.kernel.tests.procedures", "shuzhi.kernel.tests.dummy_app"]
