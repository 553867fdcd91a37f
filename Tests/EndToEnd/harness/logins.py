"""What holds in every test in which the stand-in of IBC runs, whatever it is about: no more logins are tried than the budget lets, and
no gateway that serves is told to end, or killed, by anybody but the test."""

import re

# A cold restart and a daily one that has lost its session are all that a day brings.
KNOWN_RESTARTS = 2


def violations(image):
    """What was done in the containers of an image that costs a user a login, in sentences. Asked before they are destroyed."""
    javas = _javas(image)
    return [*_too_many_logins(image, javas), *_healthy_ones_ended(image, javas)]


def attempts(image, mode="paper"):
    """When logins were tried, by the wall clock."""
    return [note.at for note in image.notes("attempt", mode)]


def _javas(image):
    """What each java has noted, in the order of their starts."""
    javas, present = [], {}
    for note in image.notes(who="java"):
        if note.event == "started":
            present[note.mode, note.pid] = []
            javas.append(present[note.mode, note.pid])
        if (note.mode, note.pid) in present:
            present[note.mode, note.pid].append(note)
    return javas


def _time(java, event):
    return next((note.at for note in java if note.event == event), None)


def _too_many_logins(image, javas):
    budgets = [re.match(r"(\d+)/hour", dict(c.config["environment"]).get("LOGIN_BUDGET") or "3/hour") for c in image.containers]
    per_hour = max((int(found[1]) for found in budgets if found), default=3)
    for mode in ("live", "paper"):
        own = [java for java in javas if java[0].mode == mode]
        # A stop of a gateway that was logged in, and an order, are a person's wish for the next login.
        ends = [_time(java, "ended") or java[-1].at for java in own if _time(java, "logged in")]
        wished = sum(any(act.at <= end and act.ends_gateways for c in image.containers for act in c.acts) for end in ends)
        wished += sum(act.starts_gateways for c in image.containers for act in c.acts)
        restarts = sum(
            before[0].more["parent"] == after[0].more["parent"] and _time(before, "logged in") is not None
            for before, after in zip(own, own[1:]))
        tried = len(attempts(image, mode))
        allowed = per_hour + wished + min(restarts, KNOWN_RESTARTS)
        if tried > allowed:
            yield f"{tried} logins were tried by {mode} where {allowed} may be: {image.story(mode)}"


def _healthy_ones_ended(image, javas):
    acts = [act for container in image.containers for act in container.acts if act.ends_gateways]
    for java in javas:
        served, lost = _time(java, "listens"), _time(java, "session lost")
        told = _time(java, "signal") or _time(java, "command")
        if served is None:
            continue
        if told is not None and (lost is None or told < lost) and not any(act.at <= told for act in acts):
            yield f"a {java[0].mode} gateway that served was told to end: {[note.event for note in java]}"
    if acts or not image.containers or not image.containers[-1].is_running or not javas:
        return
    alive = {process.pid for process in image.containers[-1].processes()}
    for java in javas:
        inside = java[0].at >= image.containers[-1].executed_at
        if inside and _time(java, "listens") and _time(java, "ended") is None and java[0].pid not in alive:
            yield f"a {java[0].mode} gateway that served was killed"
