"""Real clients of the API through the relay, to the simulated gateway."""

import asyncio
import contextlib
import json
import queue
import threading

import ib_async
import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper
from relayed import Relay, until
from simulated import DEADLINE, Simulated


@pytest.fixture
def relay(tmp_path):
    with Simulated("--seed", "3") as simulated, Relay(tmp_path, simulated.port) as relay:
        yield relay


@contextlib.contextmanager
def connected(port, client):
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    ib.connect("127.0.0.1", port, clientId=client, timeout=DEADLINE, raiseSyncErrors=True)
    try:
        yield ib
    finally:
        ib.disconnect()


def test_ib_async_connects_gets_ticks_and_bars_and_is_known_by_its_id(relay):
    with connected(relay.port, 21) as ib:
        stock = ib_async.Stock("AAPL", "SMART", "USD", conId=265598)
        bars = ib.reqHistoricalData(stock, "", "1 D", "5 mins", "TRADES", True)
        assert len(bars) > 10
        ticker = ib.reqMktData(stock)

        async def price():
            while not ticker.hasBidAsk():
                await ib.updateEvent

        ib_async.util.run(asyncio.wait_for(price(), DEADLINE))
        (client,) = json.loads(relay.command("clients", "--json").stdout)
        assert client["client_id"] == 21
        assert client["server_version"] == ib.client.serverVersion()
        assert client["client_version"] == ib.client.MaxClientVersion
    opened, closed = relay.await_log(2)
    assert (opened["client_id"], closed["client_id"]) == (21, 21)
    assert (closed["closed_by"], closed["reason"]) == ("client", "closed")
    assert closed["size"] > 1000


class Application(EWrapper, EClient):
    """The official client, with what it is told in queues."""

    def __init__(self):
        EClient.__init__(self, self)
        self.ready, self.bars, self.ticks = threading.Event(), queue.Queue(), queue.Queue()

    def nextValidId(self, orderId):  # noqa: N802, N803
        self.ready.set()

    def historicalData(self, reqId, bar):  # noqa: N802, N803
        self.bars.put(bar)

    def tickPrice(self, reqId, tickType, price, attrib):  # noqa: N802, N803
        self.ticks.put(price)

    def error(self, *arguments):
        pass


def test_the_official_client_connects_gets_ticks_and_bars_and_disconnects(relay):
    application = Application()
    application.connect("127.0.0.1", relay.port, 22)
    worker = threading.Thread(target=application.run, daemon=True)
    worker.start()
    assert application.ready.wait(DEADLINE)
    contract = Contract()
    contract.conId, contract.symbol, contract.secType = 265598, "AAPL", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    application.reqHistoricalData(1, contract, "", "1 D", "1 hour", "TRADES", 1, 1, False, [])
    assert application.bars.get(timeout=DEADLINE).close > 0
    application.reqMktData(2, contract, "", False, False, [])
    assert application.ticks.get(timeout=DEADLINE) > 0
    application.disconnect()
    worker.join(DEADLINE)
    _, closed = relay.await_log(2)
    assert closed["client_id"] == 22
    assert closed["closed_by"] == "client"


def test_a_client_id_in_use_reaches_the_second_client_as_error_326(relay):
    with connected(relay.port, 5):
        codes = []
        second = ib_async.IB()
        second.errorEvent += lambda number, code, *rest: codes.append(code)
        with pytest.raises((ConnectionError, TimeoutError, asyncio.TimeoutError)):
            second.connect("127.0.0.1", relay.port, clientId=5, timeout=DEADLINE)
        assert 326 in codes


def test_31_clients_work_at_the_same_time_and_one_more_is_refused(relay):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(relay.port, number)) for number in range(1, 32)]
        assert all(client.managedAccounts() for client in clients)
        assert relay.attempt() == "reset"
        assert len(json.loads(relay.command("clients", "--json").stdout)) == 31
    until(lambda: relay.counters()["open"] == 0, "all are gone")
