"""Live, paper, both, and TWS: what is rendered, what is started, and with what."""

import pytest

from harness import BOTH, DESKTOP, LOGIN, VERSION


def argument(arguments, name):
    """The value of an argument like --name=value or -Dname=value."""
    return next(a.split("=", 1)[1] for a in arguments if a.startswith((f"--{name}=", f"-D{name}=")))


@pytest.mark.parametrize(("mode", "port"), [("live", 4001), ("paper", 4002)])
def test_one_gateway_logs_in_with_its_rendered_ini_and_serves(image, mode, port):
    container = image.run(LOGIN | {"TRADING_MODE": mode, "TIME_ZONE": "America/New_York", "AUTO_RESTART_TIME": "11:45 PM"})
    container.wait_for_line(f"ibc-{mode}: logged in after")
    image.wait_for_note("listens", mode)
    java = image.notes("started", mode, "java")[0]
    ini = java.more["ini"]
    assert (ini["IbLoginId"], ini["IbPassword"], ini["TradingMode"]) == ("trader-of-live", "horse-battery", mode)
    assert ini["AutoRestartTime"] == "11:45 PM"
    assert java.more["ini_mode"] == 0o600
    assert java.more["arguments"][-2:] == ["/home/ibgateway/ibc/config.ini", mode]
    assert argument(java.more["arguments"], "jtsConfigDir") == "/home/ibgateway/Jts"
    assert java.more["environment"]["TZ"] == "America/New_York"
    assert "TimeZone=America/New_York" in (image.tws / "jts.ini").read_text().splitlines()
    started = next(p for p in container.processes() if "ibcstart.sh" in " ".join(p.command))
    assert "--on2fatimeout=exit" in started.command
    connected = container.execute("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}")
    assert connected.returncode == 0, connected.stderr
    assert [s["name"] for s in container.status()["services"] if s["name"].startswith("ibc")] == [f"ibc-{mode}"]
    assert container.stop() == 0


def test_the_trading_mode_is_paper_where_none_is_given(image):
    container = image.run(LOGIN)
    container.wait_for_line("ibc-paper: logged in")
    assert image.ini("paper")["TradingMode"] == "paper"


@pytest.mark.parametrize("variables", [{}, {"TRADING_MODE": "paper", "DUAL_MODE": "yes"}], ids=["both", "DUAL_MODE=yes"])
def test_both_modes_run_side_by_side_with_files_and_logins_of_their_own(image, variables):
    container = image.run(BOTH | variables)
    for mode in ("live", "paper"):
        container.wait_for_line(f"ibc-{mode}: logged in after")
    for mode in ("live", "paper"):
        java = image.notes("started", mode, "java")[0]
        password = {"live": "horse-battery", "paper": "staple-correct"}[mode]
        ini = java.more["ini"]
        assert (ini["IbLoginId"], ini["IbPassword"], ini["TradingMode"]) == (f"trader-of-{mode}", password, mode)
        assert java.more["arguments"][-2:] == [f"/home/ibgateway/ibc/config.ini_{mode}", mode]
        assert argument(java.more["arguments"], "jtsConfigDir") == f"/home/ibgateway/Jts_{mode}"
        assert (image.home / f"Jts_{mode}/jts.ini").exists()
    assert container.stop() == 0
    for mode in ("live", "paper"):
        assert image.story(mode)[-2:] == ["java signal", "java ended"]


def test_tws_runs_below_the_base_images_own_init_and_display(make_image):
    image = make_image("tws")
    container = image.run(LOGIN | {"DISPLAY": ":1", "JAVA_HEAP_SIZE": "1024"}, init=True, before=[DESKTOP])
    container.wait_for_line("ibc-paper: logged in after")
    java = image.notes("started", "paper", "java")[0]
    assert "ibcalpha.ibc.IbcTws" in java.more["arguments"]
    assert "-Xmx1024m" in java.more["arguments"]
    assert argument(java.more["arguments"], "jtsConfigDir") == "/opt/ibkr"
    assert java.more["ini"]["IbLoginId"] == "trader-of-live"
    assert not {"xvfb", "x11vnc"} & {s["name"] for s in container.status()["services"]}
    image.wait_for_note("listens", "paper")
    assert container.execute("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/7497").returncode == 0
    assert container.stop() == 0
    assert container.left == []


def test_finished_ini_files_of_the_user_are_left_as_they_are(image):
    own = "IbLoginId=mine\nIbPassword=mine-too\n"
    for mode in ("live", "paper"):
        (image.ibc / f"config.ini_{mode}").write_text(own)
    container = image.run(BOTH | {"CUSTOM_CONFIG": "yes"})
    container.wait_for_line("ibc-paper: logged in after")
    assert image.ini("live") == image.ini("paper") == {"IbLoginId": "mine", "IbPassword": "mine-too"}
    assert (image.ibc / "config.ini_live").read_text() == own
    assert not (image.home / "Jts_live/jts.ini").exists()


def test_a_jts_ini_that_exists_is_kept(image):
    (image.tws / "jts.ini").write_text("[Logon]\nTimeZone=Asia/Tokyo\n")
    container = image.run(LOGIN | {"TIME_ZONE": "Europe/Zurich"})
    container.wait_for_line("ibc-paper: logged in after")
    assert (image.tws / "jts.ini").read_text() == "[Logon]\nTimeZone=Asia/Tokyo\n"
    assert container.matching(r"warning ibgw: TIME_ZONE .*Asia/Tokyo")


def test_the_settings_path_is_made_and_handed_to_ibc(image):
    container = image.run(LOGIN | {"TWS_SETTINGS_PATH": "/home/ibgateway/tws_settings"})
    container.wait_for_line("ibc-paper: logged in after")
    java = image.notes("started", "paper", "java")[0]
    assert argument(java.more["arguments"], "jtsConfigDir") == "/home/ibgateway/tws_settings"
    assert (image.home / "tws_settings/jts.ini").exists()


def test_the_heap_size_changes_with_every_start(image):
    for size in ("1500", "2048"):
        container = image.run(LOGIN | {"JAVA_HEAP_SIZE": size})
        container.wait_for_line("ibc-paper: logged in after")
        heap = [a for a in image.notes("started", "paper", "java")[-1].more["arguments"] if a.startswith("-Xmx")]
        assert heap == [f"-Xmx{size}m"]
        assert container.stop() == 0
    assert image.options.read_text() == "# Enter one VM parameter per line\n-Xmx2048m\n-XX:+UseG1GC\n-DvmOptionsPath=.\n"


def test_an_ini_that_cannot_be_written_in_its_place_goes_to_the_run_directory(image):
    folder = image.directory / "ibc-of-root"
    image.ibc.rename(folder)
    image.ibc.mkdir()
    container = image.run(LOGIN, binds=[(folder, image.ibc_path, "ro")])
    container.wait_for_line("ibc-paper: logged in after")
    java = image.notes("started", "paper", "java")[0]
    assert java.more["arguments"][-2] == "/run/ibgw/config.ini"
    assert java.more["ini_mode"] == 0o600
    assert java.more["ini"]["IbPassword"] == "horse-battery"
    assert container.matching(r"warning ibgw: IBC_INI .*/run/ibgw/config.ini")
    assert not (folder / "config.ini").exists()


def test_everything_runs_with_a_read_only_root(image):
    settings = image.directory / "settings"
    settings.mkdir()
    settings.chmod(0o777)
    container = image.run(
        LOGIN | {"TWS_SETTINGS_PATH": "/data"}, read_only=True,
        binds=[(image.home, image.home_path, "ro"), (settings, "/data")])
    container.wait_for_line("ibc-paper: logged in after")
    assert image.notes("started", "paper", "java")[0].more["arguments"][-2] == "/run/ibgw/config.ini"
    assert (settings / "jts.ini").exists()
    assert container.stop() == 0


@pytest.mark.parametrize(("uid", "gid"), [(0, 0), (1000, 1000), (54321, 0), (54321, 54321)])
def test_any_user_can_run_it(image, uid, gid):
    container = image.run(LOGIN, uid=uid, gid=gid)
    container.wait_for_line("ibc-paper: logged in after")
    assert image.notes("started", "paper", "java")[0].more["user"] == uid
    assert container.status()["phase"] == "running"
    assert container.stop() == 0


def test_a_user_that_the_image_does_not_know_needs_only_a_settings_directory(image):
    settings = image.directory / "settings"
    settings.mkdir()
    settings.chmod(0o777)
    container = image.run(
        LOGIN | {"TWS_SETTINGS_PATH": "/data"}, uid=54321, gid=54321, runs_in_image=False, binds=[(settings, "/data")])
    container.wait_for_line("ibc-paper: logged in after")
    assert image.ini("paper")["IbPassword"] == "horse-battery"
    assert (settings / "jts.ini").stat().st_uid == 54321
    assert container.stop() == 0


def test_the_versions_folder_is_the_one_that_the_image_names(image):
    container = image.run(LOGIN | {"TWS_MAJOR_VRSN": None})
    container.wait_for_line("ibc-paper: logged in after")
    assert VERSION in container.process("ibcstart.sh").command
