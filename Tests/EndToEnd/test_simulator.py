"""The simulated gateway and the clients that users have: ib_async and the official one."""

import logging
import time

import ib_async
import pytest
from api_clients import Official, apple, bars_of, connected, euro, wait_until
from ibapi.contract import Contract
from ibapi.order import Order
from simulated import DEADLINE, Plain, Simulated


@pytest.fixture(scope="module")
def shared():
    with Simulated("--seed", "7") as simulated:
        yield simulated


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


def test_the_official_client_gets_ticks_bars_and_orders():
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
