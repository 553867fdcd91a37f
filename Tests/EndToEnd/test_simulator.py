"""The simulated gateway as a program: real clients, every fault, signals and exit codes."""

import asyncio
import contextlib
import logging
import pathlib
import queue
import signal
import socket
import stat
import subprocess
import threading
import time

import ib_async
import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper
from simulated import DEADLINE, IBGW, Control, Plain, Simulated


@contextlib.contextmanager
def connected(port, client=1, **options):
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    ib.connect("127.0.0.1", port, clientId=client, timeout=DEADLINE, raiseSyncErrors=True, **options)
    try:
        yield ib
    finally:
        ib.disconnect()


@pytest.fixture(scope="module")
def shared():
    with Simulated("--seed", "7") as simulated:
        yield simulated


def apple():
    return ib_async.Stock("AAPL", "SMART", "USD", conId=265598)


def euro():
    return ib_async.Forex("EURUSD", conId=12087792)


def wait_until(ib, condition):
    """Waits from one network event of the client to the next."""

    async def wait():
        while not condition():
            await ib.updateEvent

    ib_async.util.run(asyncio.wait_for(wait(), DEADLINE))


# ib_async


def test_ib_async_connects_without_a_complaint_and_disconnects(caplog):
    caplog.set_level(logging.INFO)
    with Simulated() as simulated:
        with connected(simulated.port, client=5) as ib:
            assert ib.managedAccounts() == ["DU1234567"]
            assert ib.client.serverVersion() == 178
            assert ib.positions() == [] and ib.openTrades() == [] and ib.fills() == []
        assert "API version 178" in simulated.await_line("client 5 connected from 127.0.0.1:")
        simulated.await_line("client 5 disconnected after ")
    complaints = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert complaints == []


def test_live_has_its_own_account_and_default_port():
    with Simulated("--mode", "live") as simulated, connected(simulated.port) as ib:
        assert ib.managedAccounts() == ["U1234567"]


def test_the_time_is_the_real_one(shared):
    with connected(shared.port) as ib:
        assert abs(ib.reqCurrentTime().timestamp() - time.time()) < 60


def test_the_account_has_values_of_the_amounts_it_began_with(shared):
    with connected(shared.port) as ib:
        values = {value.tag: value.value for value in ib.accountValues("DU1234567") if value.currency in ("USD", "")}
        assert values["AccountCode"] == "DU1234567"
        assert float(values["BuyingPower"]) > float(values["NetLiquidation"]) > 0
        assert {row.tag for row in ib.accountSummary()} >= {"NetLiquidation", "TotalCashValue"}


def test_contracts_are_found_and_unknown_ones_refused(shared):
    with connected(shared.port) as ib:
        stock, pair = ib.qualifyContracts(ib_async.Stock("AAPL", "SMART", "USD"), ib_async.Forex("EURUSD"))
        assert (stock.conId, stock.primaryExchange) == (265598, "NASDAQ")
        assert (pair.conId, pair.localSymbol) == (12087792, "EUR.USD")
        details = ib.reqContractDetails(ib_async.Contract(conId=756733))
        assert [row.contract.symbol for row in details] == ["SPY"]
        assert details[0].minTick == 0.01 and details[0].stockType == "ETF"
        assert ib.reqMatchingSymbols("MSFT")[0].contract.conId == 272093
        with pytest.raises(ib_async.wrapper.RequestError) as refusal:
            ib.reqContractDetails(ib_async.Stock("NOPE", "SMART", "USD"))
        assert refusal.value.code == 200


def test_quotes_stream_and_are_plausible(shared):
    with connected(shared.port) as ib:
        stock, pair = ib.reqMktData(apple()), ib.reqMktData(euro())
        seen = set()
        stock.updateEvent += lambda ticker: seen.add((ticker.bid, ticker.ask))
        wait_until(ib, lambda: len(seen) > 2 and pair.hasBidAsk())
        for ticker in (stock, pair):
            assert 0 < ticker.bid < ticker.ask and ticker.low <= ticker.ask and ticker.bid <= ticker.high
        assert stock.bid < stock.last < stock.ask and stock.volume > 0
        ib.cancelMktData(stock.contract)
        [snapshot] = ib.reqTickers(apple())
        assert snapshot.bid < snapshot.last < snapshot.ask


def test_ticks_come_one_by_one(shared):
    with connected(shared.port) as ib:
        quotes, trades = (ib.reqTickByTickData(apple(), kind) for kind in ("BidAsk", "AllLast"))
        wait_until(ib, lambda: quotes.tickByTicks)
        assert quotes.tickByTicks[0].bidPrice < quotes.tickByTicks[0].askPrice


def bars_of(ib, contract, duration, size, what="TRADES", end="20260301 12:00:00 UTC"):
    return ib.reqHistoricalData(contract, end, duration, size, what, useRTH=True)


@pytest.mark.parametrize(
    "size, duration, count",
    [
        ("1 secs", "60 S", 60), ("5 secs", "600 S", 120), ("30 secs", "1800 S", 60), ("1 min", "1 D", 1440),
        ("5 mins", "2 D", 576), ("15 mins", "1 D", 96), ("1 hour", "1 W", 168), ("4 hours", "1 W", 42),
        ("1 day", "1 M", 28), ("1 week", "1 Y", 52), ("1 month", "1 Y", 12),
    ],
)
def test_bars_of_every_size_come_in_the_number_asked_for(shared, size, duration, count):
    with connected(shared.port) as ib:
        bars = bars_of(ib, apple(), duration, size)
        assert len(bars) == count
        assert [bar.date for bar in bars] == sorted({bar.date for bar in bars})
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
        assert all(bar.low > 0 and bar.volume > 0 for bar in bars)


def test_equal_seeds_give_equal_bars_and_others_do_not():
    answers = []
    for seed in ("11", "11", "12"):
        with Simulated("--seed", seed) as simulated, connected(simulated.port) as ib:
            answers.append([list(bars_of(ib, contract, "1 D", "5 mins", "MIDPOINT")) for contract in (apple(), euro())])
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_bars_that_are_kept_up_to_date_grow(shared):
    with connected(shared.port) as ib:
        bars = ib.reqHistoricalData(apple(), "", "600 S", "5 secs", "TRADES", True, keepUpToDate=True)
        count = len(bars)
        wait_until(ib, lambda: len(bars) > count)
        ib.cancelHistoricalData(bars)


def test_an_order_is_filled_and_changes_the_account():
    with Simulated() as simulated, connected(simulated.port) as ib, connected(simulated.port, client=2) as other:
        before = {value.tag: float(value.value) for value in ib.accountValues() if value.tag == "TotalCashValue"}
        trade = ib.placeOrder(apple(), ib_async.MarketOrder("BUY", 100, account="DU1234567", orderRef="mine"))
        wait_until(ib, lambda: trade.isDone() and ib.portfolio() and trade.fills[0].commissionReport.commission)
        assert [entry.status for entry in trade.log][:3] == ["PendingSubmit", "Submitted", "Filled"]
        fill = trade.fills[0]
        assert (fill.execution.shares, fill.execution.side, fill.execution.orderRef) == (100, "BOT", "mine")
        assert ib.positions()[0].position == 100
        wait_until(other, lambda: other.positions() and other.positions()[0].position == 100)
        after = {value.tag: float(value.value) for value in ib.accountValues() if value.tag == "TotalCashValue"}
        assert after["TotalCashValue"] == pytest.approx(before["TotalCashValue"] - fill.execution.price * 100 - 1)
        assert [done.orderStatus.status for done in ib.reqCompletedOrders(False)] == ["Filled"]
        assert len(ib.reqExecutions()) == 1


def test_an_order_waits_for_its_price_and_can_be_changed_and_cancelled(shared):
    with connected(shared.port) as ib:
        trade = ib.placeOrder(apple(), ib_async.LimitOrder("BUY", 10, 1.5))
        wait_until(ib, lambda: trade.orderStatus.status == "Submitted")
        trade.order.lmtPrice = 1.75
        ib.placeOrder(trade.contract, trade.order)
        assert {(row.order.permId, row.order.lmtPrice) for row in ib.reqAllOpenOrders()} == {(trade.order.permId, 1.75)}
        ib.cancelOrder(trade.order)
        wait_until(ib, lambda: trade.orderStatus.status == "Cancelled")


def test_a_what_if_order_tells_margins_and_trades_nothing():
    with Simulated() as simulated, connected(simulated.port) as ib:
        state = ib.whatIfOrder(apple(), ib_async.MarketOrder("BUY", 100))
        assert float(state.initMarginChange) > 0 and state.commission == 1
        assert ib.reqAllOpenOrders() == []


def test_what_it_does_not_do_is_refused_at_once(shared):
    with connected(shared.port) as ib:
        with pytest.raises(ib_async.wrapper.RequestError) as refusal:
            ib.reqFundamentalData(apple(), "ReportSnapshot")
        assert refusal.value.code == 322 and "reqFundamentalData" in refusal.value.message
        trade = ib.placeOrder(apple(), ib_async.Order(action="BUY", totalQuantity=1, orderType="TRAIL"))
        wait_until(ib, lambda: trade.isDone())
        assert trade.log[-1].errorCode == 387


def test_two_clients_are_served_and_a_taken_id_is_refused(shared):
    with connected(shared.port, client=1) as first, connected(shared.port, client=2) as second:
        assert first.reqCurrentTime() and second.reqCurrentTime()
        with Plain(shared.port) as third:
            third.hello()
            third.receive()
            third.send(71, 2, 1, "")
            assert third.receive()[3] == "326"
            assert third.receive() is None
        shared.await_line("client id 1 is in use")


# The official client


class Official(EWrapper, EClient):
    """ibapi's client; everything that comes goes into one queue."""

    def __init__(self, port):
        EClient.__init__(self, self)
        self.seen = queue.Queue()
        self.connect("127.0.0.1", port, clientId=9)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def next(self, name):
        while True:
            kind, values = self.seen.get(timeout=DEADLINE)
            if kind == name:
                return values

    def nextValidId(self, orderId):
        self.seen.put(("nextValidId", orderId))

    def managedAccounts(self, accountsList):
        self.seen.put(("managedAccounts", accountsList))

    def currentTime(self, time):
        self.seen.put(("currentTime", time))

    def tickPrice(self, reqId, tickType, price, attrib):
        self.seen.put(("tickPrice", (tickType, price)))

    def historicalData(self, reqId, bar):
        self.seen.put(("bar", bar))

    def historicalDataEnd(self, reqId, start, end):
        self.seen.put(("historicalDataEnd", (start, end)))

    def contractDetails(self, reqId, contractDetails):
        self.seen.put(("contractDetails", contractDetails))

    def openOrder(self, orderId, contract, order, orderState):
        self.seen.put(("openOrder", (orderId, contract, order, orderState)))

    def execDetails(self, reqId, contract, execution):
        self.seen.put(("execDetails", execution))

    def completedOrder(self, contract, order, orderState):
        self.seen.put(("completedOrder", (order, orderState)))

    def position(self, account, contract, position, avgCost):
        self.seen.put(("position", position))

    def connectionClosed(self):
        self.seen.put(("connectionClosed", None))


def test_the_official_client_gets_ticks_bars_and_orders(caplog):
    from ibapi.order import Order

    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "AAPL", "STK", "SMART", "USD"
    with Simulated() as simulated:
        client = Official(simulated.port)
        assert client.next("managedAccounts") == "DU1234567"
        order_id = client.next("nextValidId")
        assert client.serverVersion() == 157
        client.reqCurrentTime()
        assert client.next("currentTime") > 1_700_000_000
        client.reqContractDetails(1, contract)
        details = client.next("contractDetails")
        assert (details.contract.conId, details.minTick, details.stockType) == (265598, 0.01, "COMMON")
        client.reqMktData(2, contract, "", False, False, [])
        prices = dict(client.next("tickPrice") for _ in range(3))
        assert 0 < prices[1] < prices[4] < prices[2]
        client.reqHistoricalData(3, contract, "20260301 12:00:00", "1 D", "1 hour", "TRADES", 1, 1, False, [])
        bars = [client.next("bar") for _ in range(24)]
        assert bars[0].date == "20260228  12:00:00" and bars[0].low <= bars[0].high and bars[0].volume > 0
        client.next("historicalDataEnd")
        order = Order()
        order.action, order.totalQuantity, order.orderType, order.orderRef = "BUY", 10, "MKT", "mine"
        client.placeOrder(order_id, contract, order)
        number, bought, placed, state = client.next("openOrder")
        assert (number, bought.conId, placed.totalQuantity, placed.orderRef) == (order_id, 265598, 10, "mine")
        assert state.status == "Submitted"
        execution = client.next("execDetails")
        assert (execution.shares, execution.orderRef, execution.lastLiquidity) == (10, "mine", 2)
        client.reqPositions()
        assert client.next("position") == 10
        client.reqCompletedOrders(False)
        done, state = client.next("completedOrder")
        assert (done.action, done.filledQuantity, state.status) == ("BUY", 10, "Filled")
        client.disconnect()
        client.next("connectionClosed")
        client.thread.join(DEADLINE)
        simulated.await_line("client 9 disconnected")


# Faults


def test_mute_accepts_and_never_answers():
    with Simulated("--fault", "mute") as simulated, Plain(simulated.port) as client:
        client.hello()
        assert client.is_silent()


def test_stuck_tells_the_version_and_no_more():
    with Simulated("--fault", "stuck") as simulated, Plain(simulated.port) as client:
        client.hello()
        assert client.receive()[0] == "178"
        client.send(71, 2, 1, "")
        assert client.is_silent()


def test_no_accounts_are_no_accounts():
    with Simulated("--fault", "no-accounts") as simulated, Plain(simulated.port) as client:
        assert client.start(1) == ""


def test_a_lost_link_is_told_and_heals(tmp_path):
    with Simulated("--fault", "link-lost", "--control", str(tmp_path / "control")) as simulated:
        with connected(simulated.port) as ib, Control(tmp_path / "control") as control:
            codes = []
            ib.errorEvent += lambda request, code, text, contract: codes.append(code)
            with pytest.raises(ib_async.wrapper.RequestError) as refusal:
                bars_of(ib, apple(), "1 D", "1 hour")
            assert refusal.value.code == 504
            assert control("heal link-lost").startswith("OK")
            wait_until(ib, lambda: 1102 in codes)
            assert len(bars_of(ib, apple(), "1 D", "1 hour")) == 24


def test_a_late_login_refuses_until_it_is_done():
    with Simulated("--fault", "login-delay=2", port=free_port(), wait=False) as simulated:
        port = int(simulated.process.args[3])
        with pytest.raises(ConnectionRefusedError):
            Plain(port)
        assert simulated.await_port() == port
        with Plain(port) as client:
            assert client.start(1) == "DU1234567"


@pytest.mark.parametrize("fault", ["close-new", "hang-new", "stop-accepting"])
def test_old_clients_work_while_new_ones_do_not(tmp_path, fault):
    with Simulated("--control", str(tmp_path / "control")) as simulated:
        with connected(simulated.port) as ib, Control(tmp_path / "control") as control:
            assert control(f"fault {fault}") == f"OK listening on 127.0.0.1:{simulated.port}, 1 client, faults: {fault}"
            with Plain(simulated.port) as client:
                if fault == "close-new":
                    assert client.receive() is None
                else:
                    client.hello()
                    assert client.is_silent()
            assert ib.reqCurrentTime()
            assert control("heal all").endswith("no faults")
            with Plain(simulated.port) as client:
                assert client.start(2) == "DU1234567"


def test_a_gateway_that_stops_reading_shows_it_in_the_kernels_queues(tmp_path):
    with Simulated("--control", str(tmp_path / "control")) as simulated:
        with Control(tmp_path / "control") as control, Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            control("fault stop-reading")
            client.await_message("4", "2", "-1", "2158")
            client.send(49, 1)
            assert client.is_silent()
            assert unread(simulated.port, client.socket.getsockname()[1]) == 4 + len("49\0" + "1\0")
            control("heal all")
            assert client.receive()[0] == "49"


def test_a_full_accept_queue_can_be_seen(tmp_path):
    with Simulated("--fault", "stop-accepting") as simulated:
        clients = [Plain(simulated.port) for _ in range(3)]
        assert unread(simulated.port, None) == 3
        for client in clients:
            client.socket.close()


def test_a_crash_ends_the_process_with_failure_and_without_a_word():
    with Simulated("--fault", "crash-after=1") as simulated:
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            while client.receive() is not None:
                pass
        assert simulated.wait() == 1


def test_a_restart_closes_the_port_and_comes_back(tmp_path):
    with Simulated("--control", str(tmp_path / "control")) as simulated, Control(tmp_path / "control") as control:
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"
            assert control("restart 1").startswith("OK not listening")
            while client.receive() is not None:
                pass
        assert simulated.await_port() == simulated.port
        with Plain(simulated.port) as client:
            assert client.start(1) == "DU1234567"


# The control socket


def test_the_control_socket_is_private_answers_each_line_and_goes_with_the_process(tmp_path):
    path = tmp_path / "control"
    with Simulated("--control", str(path)) as simulated:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        with Control(path) as control:
            assert control("status").startswith("OK listening on 127.0.0.1:")
            assert control("fault loud").startswith("ERROR cannot switch on the fault 'loud'")
            assert control("make coffee").startswith("ERROR cannot understand the command")
            control.socket.sendall(b"status\nheal all\nstatus\n")
            assert [control.answers.readline()[:2] for _ in range(3)] == ["OK"] * 3
        assert simulated.end() == 0
    assert not path.exists()


def test_a_control_socket_in_use_is_left_alone_and_a_dead_one_replaced(tmp_path):
    path = tmp_path / "control"
    with Simulated("--control", str(path)) as first:
        result = run("--port", "0", "--control", str(path))
        assert result.returncode == 69
        assert "another process does" in result.stderr and "listening" not in result.stdout
        first.process.kill()
        first.wait()
    assert path.exists()
    with Simulated("--control", str(path)), Control(path) as control:
        assert control("status").startswith("OK")


def test_a_control_path_that_is_no_socket_is_not_touched(tmp_path):
    path = tmp_path / "notes"
    path.write_text("mine")
    result = run("--port", "0", "--control", str(path))
    assert result.returncode == 69 and str(path) in result.stderr
    assert path.read_text() == "mine"


# Start and end


def run(*arguments):
    return subprocess.run([IBGW, "simulate", *arguments], capture_output=True, text=True, timeout=DEADLINE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unread(port, client_port):
    """The receive queue of a socket on `port`, as the kernel tells it: of a client's connection, or of the listener."""
    for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        local, remote = (int(address.split(":")[1], 16) for address in fields[1:3])
        if local == port and remote == (client_port or 0):
            return int(fields[4].split(":")[1], 16)
    raise AssertionError("no such socket")


def test_a_port_in_use_is_said_in_one_sentence():
    with Simulated() as first:
        result = run("--port", str(first.port))
    assert result.returncode == 69
    assert result.stdout == ""
    assert result.stderr.startswith(f"ibgw: cannot listen on 127.0.0.1:{first.port}: the port is in use; ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--bind", "nowhere"], ["--bind", "192.0.2.1"]])
def test_an_address_that_cannot_be_used_is_said(arguments):
    result = run("--port", "0", *arguments)
    assert result.returncode == 69
    assert result.stderr.startswith(f"ibgw: cannot listen on {arguments[1]}:0: ") and "; use " in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--port", "70000"], ["--mode", "demo"], ["--fault", "loud"], ["--fault", "mute=1"], ["--seed", "-1"]]
)
def test_a_wrong_option_is_refused_before_anything_starts(arguments):
    result = run(*arguments)
    assert result.returncode == 64
    assert arguments[0] in result.stderr and result.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly_with_its_clients(number):
    with Simulated() as simulated, Plain(simulated.port) as client:
        assert client.start(3) == "DU1234567"
        assert simulated.end(number) == 0
        while client.receive() is not None:
            pass
        simulated.await_line("client 3 disconnected")


def test_a_signal_during_a_late_login_ends_it_too():
    with Simulated("--fault", "login-delay=600", wait=False) as simulated:
        simulated.await_line("the login takes 600 s")
        simulated.process.send_signal(signal.SIGUSR1)
        simulated.await_line("not listening, 0 clients, faults: login-delay=600")
        assert simulated.end() == 0


def test_usr1_tells_what_it_does():
    with Simulated() as simulated:
        simulated.process.send_signal(signal.SIGUSR1)
        assert simulated.await_line("listening on").endswith("0 clients, no faults")


@pytest.mark.parametrize(
    "mode, remark", [("paper", "DU1234567 IBKR Gateway (Simulated Trading)"), ("live", "U1234567 IBKR Gateway;")]
)
def test_as_ibc_it_prints_a_good_start_and_ends_as_ibcs_script_does(mode, remark):
    with Simulated("--as-ibc", "--mode", mode, wait=False) as simulated:
        for line in ("IBC: Starting Gateway", "IBC: Login attempt: 1", "IBC: Login has completed", remark):
            simulated.await_line(line)
        with Plain(simulated.await_port()) as client:
            assert client.start(1).endswith("U1234567")
        assert simulated.end(signal.SIGTERM) == 143


def test_as_ibc_it_restarts_as_ibcs_script_does(tmp_path):
    with Simulated("--as-ibc", "--control", str(tmp_path / "control")) as simulated:
        with Control(tmp_path / "control") as control:
            control("restart 0")
        for line in ("IBC returned exit status 0", "autorestart file found", "IBC will restart shortly", "Login has completed"):
            simulated.await_line(line)
        assert simulated.await_port() == simulated.port
        assert simulated.end(signal.SIGINT) == 143


def test_it_needs_one_thread():
    with Simulated() as simulated, connected(simulated.port):
        status = pathlib.Path(f"/proc/{simulated.process.pid}/status").read_text()
        assert "Threads:\t1\n" in status
