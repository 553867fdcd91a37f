"""The shipped StatefulSet's container, run by the engine with the confinement, environment, volumes and probes of the manifest."""

import os
from pathlib import Path

import pytest
import yaml

from imaging import eventually

MANIFEST = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "image-files/kubernetes/statefulset.yaml").read_text())["spec"]["template"]["spec"]
SECRET = {"tws_userid": "trader", "tws_password": "horse-battery", "tailscale_authkey": "tskey-auth-good"}


@pytest.fixture
def secret(tmp_path):
    """As the kubelet mounts it: root's, readable for the pod's group."""
    folder = tmp_path / "secret"
    folder.mkdir()
    for name, value in SECRET.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o440)
    for path in (folder, *folder.iterdir()):
        os.chown(path, 0, MANIFEST["securityContext"]["fsGroup"])
    return folder


def mounts(container, secret):
    """Options for each mount; an empty folder of a pod is open to all and gives its files the pod's group."""
    volumes, group = {v["name"]: v for v in MANIFEST["volumes"]}, MANIFEST["securityContext"]["fsGroup"]
    for mount in container["volumeMounts"]:
        volume, path = volumes.get(mount["name"]), mount["mountPath"]
        if volume is None:
            yield from ("--volume", path)
        elif "secret" in volume:
            yield from ("--volume", f"{secret}:{path}:ro")
        else:
            yield from ("--tmpfs", f"{path}:exec,gid={group},mode=2777")


def test_the_pod_serves_with_what_its_manifest_gives_it(engine, gateway_image, secret, share):
    container = MANIFEST["containers"][0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    context = MANIFEST["securityContext"]
    pod = engine.start(
        gateway_image, environment={e["name"]: e["value"] for e in container["env"]}, volumes=[f"{share}:/share"], options=(
            "--user", f"{context['runAsUser']}:{context['runAsGroup']}", "--group-add", context["fsGroup"], "--read-only", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", *mounts(container, secret)))
    try:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            command = container[probe]["exec"]["command"]
            eventually(lambda: pod.execute(*command).returncode == 0, what=lambda: f"{probe}; it says {pod.execute(*command).stdout}")
        assert " error ibgw:" not in pod.log(), pod.log()
        code, seconds = pod.stop_gracefully(MANIFEST["terminationGracePeriodSeconds"])
        assert code == 0 and seconds < MANIFEST["terminationGracePeriodSeconds"]
    finally:
        pod.rm("--force", "--volumes")
