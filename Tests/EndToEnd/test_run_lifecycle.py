"""From the start to a clean stop, as process 1."""


def test_a_paper_gateway_starts_logs_in_and_stops_with_exit_code_0(image):
    (image.ibc / "config.ini").write_text("IbLoginId=a\n")
    container = image.run({"TRADING_MODE": "paper"})
    container.wait_for_line(r"ibc-paper: logged in")
    print(container.status())
    print([(p.pid, p.parent, p.command) for p in container.processes()])
    assert container.stop() == 0
    print(container.tail(200))
    print(image.story())

def test_b(image):
    (image.ibc / "config.ini").write_text("IbLoginId=a\n")
    container = image.run({"TRADING_MODE": "paper"}, init=True)
    container.wait_for_line(r"ibc-paper: logged in")
    print(container.status())
    assert container.stop() == 0
    assert container.left == []

def test_c(image):
    (image.ibc / "config.ini").write_text("IbLoginId=a\n")
    container = image.run({"TRADING_MODE": "paper"}, read_only=True)
    container.wait_for_line(r"ibc-paper: logged in")
    print(container.status())
    assert container.stop() == 0
