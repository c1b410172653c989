"""A Deployment's rolling update, with processes for pods: the order, the signals and the waits are those of k8s/base."""
import threading
import time
from dataclasses import dataclass

import yaml

from .process import ROOT


@dataclass
class Manifest:
    """What a Deployment says of the way from one version to the next."""
    surge: int
    unavailable: int
    pre_stop_s: int
    grace_s: int
    startup_s: int  # How long a new one may take, before it is ended for it.

    @classmethod
    def of(cls, service):
        documents = yaml.safe_load_all((ROOT / "k8s" / "base" / f"{service}.yaml").read_text(encoding="utf-8"))
        return cls.read(next(one for one in documents if one["kind"] == "Deployment"))

    @classmethod
    def read(cls, deployment):
        update, pod = deployment["spec"]["strategy"]["rollingUpdate"], deployment["spec"]["template"]["spec"]
        container, = pod["containers"]
        started = container["startupProbe"]
        pre_stop = container.get("lifecycle", {}).get("preStop", {})
        assert set(pre_stop) <= {"sleep"}, "our images have no program to run there"
        return cls(update["maxSurge"], update["maxUnavailable"], pre_stop.get("sleep", {}).get("seconds", 0),
                   pod["terminationGracePeriodSeconds"], started["periodSeconds"] * started["failureThreshold"])


class RollOut:
    """Replaces `old` by what `make()` starts. With a Service, balancers notice a pod's end as late as the manifest allows
    for: when it gets its SIGTERM, and not before."""

    def __init__(self, manifest, make, service=None, hurried=False):
        self.manifest, self.make, self.service = manifest, make, service
        self.hurried = hurried  # No preStop: to see what it is for.
        self.stopped = []  # How long each took after its SIGTERM.

    def run(self, old):
        """One by one (surge 1, unavailable 0): the next is ready before one goes. The new ones."""
        assert (self.manifest.surge, self.manifest.unavailable) == (1, 0)
        return [self._replace(one) for one in old]

    def _replace(self, old):
        new = self.make()
        if self.service:
            self.service.add(new.https)
        self._end(old)
        return new

    def _end(self, pod):
        pre_stop_s = 0 if self.hurried else self.manifest.pre_stop_s
        noticed = threading.Timer(self.manifest.pre_stop_s, self.service.remove, [pod.https]) if self.service else None
        if noticed:
            noticed.start()
        time.sleep(pre_stop_s)  # What the kubelet does for preStop; nothing is waited for.
        began = time.monotonic()
        code = pod.stop(self.manifest.grace_s - pre_stop_s)
        self.stopped.append(time.monotonic() - began)
        if noticed:
            noticed.join()
        assert code == 0, f"{pod.name} ended with {code}:\n{pod.tail()}"
