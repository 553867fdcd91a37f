"""The figures as tables, and what they say about the goals."""

from samples import median

NAMES = ["direct", "ibgw", "ibgw again", "socat", "HAProxy", "HAProxy splice", "nginx"]


def gigabits(sample):
    return sample["bytes"] * 8 / sample["seconds"] / 1e9


def seconds_per_gigabyte(sample):
    return sample["cpu"] / (sample["bytes"] / 1e9)


def per_second(sample):
    return sample["connections"] / sample["seconds"]


def of(figures, kind, name, value):
    return median(figures.get(kind, {}).get(name) or [], value)


def rows(one, every):
    """Each row's title, and its value by the peer's name."""

    def trips(figures, kind, key):
        return lambda name: figures[kind].get(name, {}).get(key)

    def sampled(figures, kind, value):
        return lambda name: of(figures, kind, name, value)

    def relay(function):
        return lambda name: None if name == "direct" else function(name)

    for label, figures in [("one processor", one), ("all processors", every)]:
        yield f"64 B round trip, {label}, p50 us", 1, trips(figures, "rtt", "p50")
        yield "p99", 1, trips(figures, "rtt", "p99")
        yield "p99.9", 1, trips(figures, "rtt", "p999")
        yield "relay's processor time, us", 2, relay(trips(figures, "rtt", "cpu"))
        yield f"32 connections, {label}, p50 us", 0, trips(figures, "rtt32", "p50")
        yield "p99", 0, trips(figures, "rtt32", "p99")
        yield "relay's processor time, us", 2, relay(trips(figures, "rtt32", "cpu"))
        yield f"fan-out of 50,000/s, {label}, p50 us", 0, sampled(figures, "fan", lambda s: s["p50"])
        yield "p99", 0, sampled(figures, "fan", lambda s: s["p99"])
        yield "relay's processor time for a message, us", 2, relay(
            sampled(figures, "fan", lambda s: s["cpu"] * 1e6 / s["messages"])
        )
    yield "bulk up, Gb/s", 1, sampled(every, "up", gigabits)
    yield "bulk down, Gb/s", 1, sampled(every, "down", gigabits)
    yield "processor seconds per GB, up", 2, relay(sampled(every, "up", seconds_per_gigabyte))
    yield "processor seconds per GB, down", 2, relay(sampled(every, "down", seconds_per_gigabyte))
    yield "flood of 1,460 B writes, Gb/s", 1, sampled(every, "flood", gigabits)
    yield "processor seconds per GB of it", 2, relay(sampled(every, "flood", seconds_per_gigabyte))
    yield "connect, hello, close: per second", 0, sampled(every, "churn1", per_second)
    yield "the same, 8 at a time", 0, sampled(every, "churn8", per_second)
    yield "burst of 32 connects, ms", 1, sampled(every, "burst", lambda s: s["seconds"] * 1e3)
    yield "system calls per round trip", 2, relay(lambda name: every["calls"].get(name))
    for index, title in enumerate(["memory idle, MB", "with 32 connections", "with 1,000 connections"]):
        yield title, 1, relay(lambda name, index=index: megabytes(every["memory"].get(name), index))


def megabytes(figures, index):
    return figures[index] / 1e6 if figures and figures[index] else None


def markdown(one, every):
    names = [name for name in NAMES if name in one["rtt"]]
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for title, digits, value in rows(one, every):
        cells = [value(name) for name in names]
        lines.append(f"| {title} | " + " | ".join("-" if c is None else f"{c:,.{digits}f}" for c in cells) + " |")
    return "\n".join(lines)


def goals(one, every):
    """Every goal with what was reached, and whether it was; a goal without its peer says so."""
    haproxy, splice = "HAProxy", "HAProxy splice"
    lines = ["| goal, as a ratio in this run | to reach | reached | |", "| --- | ---: | ---: | --- |"]

    def add(title, sign, limit, mine, theirs=1.0, digits=2):
        if mine is None or not theirs:
            lines.append(f"| {title} | {sign} {limit} | - | not measured |")
            return
        reached = mine / theirs
        held = reached <= limit if sign == "<=" else reached >= limit
        lines.append(f"| {title} | {sign} {limit} | {reached:.{digits}f} | {'held' if held else 'BEHIND'} |")

    def trip(figures, kind, key, name="ibgw"):
        return figures[kind].get(name, {}).get(key)

    add("round trip, one processor, p50, of HAProxy", "<=", 0.85, trip(one, "rtt", "p50"), trip(one, "rtt", "p50", haproxy))
    add("p99, of HAProxy", "<=", 0.90, trip(one, "rtt", "p99"), trip(one, "rtt", "p99", haproxy))
    add("p50, of nginx", "<=", 1.0, trip(one, "rtt", "p50"), trip(one, "rtt", "p50", "nginx"))
    add("processor time for a round trip, of HAProxy", "<=", 0.75, trip(one, "rtt", "cpu"), trip(one, "rtt", "cpu", haproxy))

    def message(name):
        return of(every, "fan", name, lambda s: s["cpu"] / s["messages"])

    add("processor time for a fan-out message, all processors, of HAProxy", "<=", 0.75, message("ibgw"), message(haproxy))
    add("system calls for a round trip", "<=", 6.1, every["calls"].get("ibgw"))
    for way in ("up", "down"):
        add(f"bulk {way}, of HAProxy", ">=", 1.8, of(every, way, "ibgw", gigabits), of(every, way, haproxy, gigabits))
        add(f"bulk {way}, of HAProxy splice", ">=", 1.0, of(every, way, "ibgw", gigabits), of(every, way, splice, gigabits))
        cost = {name: of(every, way, name, seconds_per_gigabyte) for name in ("ibgw", haproxy, splice)}
        add(f"processor time per GB {way}, of HAProxy", "<=", 0.30, cost["ibgw"], cost[haproxy])
        add(f"processor time per GB {way}, of HAProxy splice", "<=", 1.1, cost["ibgw"], cost[splice])

    rates = [of(every, "churn1", name, per_second) for name in ("ibgw", haproxy)]
    add("connections per second, of HAProxy", ">=", 1.2, *rates)
    add("burst of 32 connects, ms", "<=", 5, of(every, "burst", "ibgw", lambda s: s["seconds"] * 1e3))
    delays = every.get("listening")
    add("listens after the gateway does, ms at most", "<=", 250, delays and max(delays) * 1e3, digits=0)
    idle, _, full = every["memory"].get("ibgw") or [None] * 3
    add("memory for an idle connection, KB", "<=", 1.0, full and idle and (full - idle) / 1000 / 1000)
    return "\n".join(lines)
