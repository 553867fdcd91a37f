"""What is tried with IBC itself. Each story takes an image, and returns what happened in a few words."""

from harness import BOTH, DESKTOP, LOGIN, eventually

# Everything that Java's Properties, the shell or envsubst would take for something else.
PASSWORD = 'a\\b"c#d !e=é:€ $x\t${y} \\u0041'
LIVE = LOGIN | {"TRADING_MODE": "live"}


def begin(image, steps, environment, **options):
    """A container whose gateway takes one of the steps at each start of java."""
    (image.share / "steps").write_text("".join(f"{step}\n" for step in steps))
    container = image.run(environment, **options)
    container.wait_for_line("supervises as process")
    return container


def serving(container, mode="paper"):
    return eventually(lambda: (g := container.gateway(mode))["state"] == "serving" and g, 60, f"{mode} serving")


def logins(image, mode=None):
    """What was typed into the login window, each time."""
    return [bytes.fromhex(note.more["more"]).decode().split("\n") for note in image.notes("login", mode)]


def end(image, container, within=30):
    """It has cost one login, and its stop is in order."""
    assert len(logins(image)) == 1, f"{len(logins(image))} logins"
    assert container.stop(within) == 0


def shorten(image, setting, seconds, to):
    """Gives one of the times in the ini's template another value."""
    template = image.ibc / "config.ini.tmpl"
    text = template.read_text()
    assert f"{setting}={seconds}" in text
    template.write_text(text.replace(f"{setting}={seconds}", f"{setting}={to}"))


def restart_daily(image, container):
    """Serving, through a daily restart, and serving again."""
    serving(container)
    line = len(container.log())
    (image.share / "restart").touch()
    image.wait_for_note("started with a session", "paper")
    container.wait_for_line("ibc-paper: serving", within=60, after=line)
    assert container.service("ibc-paper")["restarts"] == 0


def logs_in_and_is_stopped_by_its_menu(image):
    """a login with a password of all kinds of characters, and the stop by IBC's STOP"""
    container = begin(image, ["complete"], LOGIN | {"TWS_PASSWORD": PASSWORD})
    serving(container)
    assert logins(image) == [[LOGIN["TWS_USERID"], PASSWORD, "paper"]], f"typed: {logins(image)}"
    assert container.stop() == 0
    assert image.notes("told to close") and image.notes("ends in order"), "it was not closed by its menu"
    assert PASSWORD not in "\n".join(container.log())
    return "typed as given; closed by its menu, exit code 0"


def waits_for_the_second_factor(image):
    """the second factor"""
    container = begin(image, ["second-factor"], LIVE)
    eventually(lambda: container.gateway("live")["state"] == "waiting-for-2fa", 60, "waiting for the second factor")
    line = len(container.log())
    (image.share / "confirmed").touch()
    container.wait_for_line("ibc-live: logging-in: the login is under way", within=60, after=line)
    serving(container, "live")
    end(image, container)
    return "waited for, then serving after 1 login"


def is_stopped_in_the_middle_of_a_login(image):
    """a stop while it waits for the second factor"""
    container = begin(image, ["second-factor"], LIVE)
    container.wait_for_line("alert second-factor-wanted", within=60)
    assert container.stop() == 0
    assert container.matching("a login was for nothing: it was stopped in the middle of the login")
    assert not container.matching("alert login-failed"), "an alert for a stop that was asked for"
    assert len(logins(image)) == 1
    return "ended in order, 1 login charged, no alert"


def does_not_try_a_wrong_password_again(image):
    """a login that fails"""
    container = begin(image, ["login-failed"], LOGIN)
    container.wait_for_line("IBC would try the next login at once; it is ended", within=60)
    container.wait_for_state("ibc-paper", "backingOff")
    end(image, container)
    return "IBC's cold restart was ended before its login; the next one waits"


def waits_as_long_as_ibkr_asks(image):
    """too many failed logins"""
    container = begin(image, ["too-many"], LOGIN)
    container.wait_for_line("alert login-failed", within=60)
    eventually(lambda: "IBKR asks to wait 4 min" in container.gateway("paper")["why"], 60, "what it waits for being said")
    end(image, container)
    return "the wait that IBKR names is said, and java is left"


def no_login_window(image):
    """a gateway that shows no login window"""
    shorten(image, "LoginDialogDisplayTimeout", 60, to=2)
    container = begin(image, ["no-window"], LOGIN)
    container.wait_for_line("it is ended", within=60)
    container.wait_for_state("ibc-paper", "backingOff")
    assert logins(image) == [] and len(image.notes("started")) == 1
    assert container.stop() == 0
    return "its script, which would begin again at once, was ended; the next start waits"


def second_factor_missed(image, environment):
    shorten(image, "SecondFactorAuthenticationTimeout", 180, to=1)
    return begin(image, ["second-factor-missed"], LIVE | environment)


def second_factor_is_missed(image):
    """a second factor that nobody confirms"""
    container = second_factor_missed(image, {})
    container.wait_for_line("a login was for nothing", within=60)
    why = container.gateway("live")["why"]
    assert why == "the second factor was not given in time", why
    end(image, container)
    return f"said: {why}; no other login"


def second_factor_is_missed_again_and_again(image):
    """a second factor that nobody confirms, with RELOGIN_AFTER_TWOFA_TIMEOUT=yes"""
    container = second_factor_missed(image, {"RELOGIN_AFTER_TWOFA_TIMEOUT": "yes"})
    container.wait_for_state("ibc-live", "held", within=120)
    assert len(logins(image)) <= 3, f"{len(logins(image))} logins"
    assert container.stop() == 0
    return f"held after {len(logins(image))} logins"


def goes_through_the_daily_restart(image):
    """the daily restart"""
    container = begin(image, ["daily-restart", "complete"], LOGIN)
    restart_daily(image, container)
    end(image, container)
    return "serving again without a login"


def keeps_its_session_over_a_stop(image):
    """ON_STOP=pause, and a new container"""
    container = begin(image, ["complete"], LOGIN | {"ON_STOP": "pause"})
    serving(container)
    assert container.stop(within=120) == 0
    container = begin(image, ["complete"], LOGIN | {"ON_STOP": "pause"})
    serving(container)
    end(image, container, within=120)
    return "paused, and taken up without a login"


def serves_both_modes(image):
    """both modes"""
    container = begin(image, ["complete"], BOTH)
    serving(container, "live")
    serving(container, "paper")
    assert len(logins(image, "live")) == len(logins(image, "paper")) == 1
    assert container.stop() == 0
    return "each serves after 1 login of its own"


def serves_from_the_desktop(image):
    """TWS: a login, the daily restart, and the stop"""
    container = begin(image, ["daily-restart", "complete"], LOGIN | {"DISPLAY": ":1"}, init=True, before=[DESKTOP])
    restart_daily(image, container)
    end(image, container)
    assert image.notes("told to close"), "it was not closed by its menu"
    return "served, twice, after 1 login; closed by its menu"


serves_from_the_desktop.program = "tws"

STORIES = [
    logs_in_and_is_stopped_by_its_menu, waits_for_the_second_factor, is_stopped_in_the_middle_of_a_login, second_factor_is_missed,
    second_factor_is_missed_again_and_again, no_login_window, does_not_try_a_wrong_password_again, waits_as_long_as_ibkr_asks,
    goes_through_the_daily_restart, keeps_its_session_over_a_stop, serves_both_modes, serves_from_the_desktop,
]
