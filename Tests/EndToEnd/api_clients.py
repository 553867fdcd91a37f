"""The API clients that users have, ready for a test."""

import asyncio
import contextlib
import queue
import threading

import ib_async
from ibapi.client import EClient
from ibapi.wrapper import EWrapper
from simulated import DEADLINE


@contextlib.contextmanager
def connected(port, client=1, **options):
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    ib.connect("127.0.0.1", port, clientId=client, timeout=DEADLINE, raiseSyncErrors=True, **options)
    try:
        yield ib
    finally:
        ib.disconnect()


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


def bars_of(ib, contract, duration, size, what="TRADES", end="20260301 12:00:00 UTC"):
    return ib.reqHistoricalData(contract, end, duration, size, what, useRTH=True)


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
