/// Something that the simulated exchange trades.
struct Instrument: Hashable, Sendable {
  enum Kind: String, Sendable {
    case stock = "STK"
    case currencyPair = "CASH"
  }

  var kind: Kind
  var symbol: String
  var currency: String
  /// As IBKR numbers its contracts.
  var contractID: Int
  var name: String
  var primaryExchange: String
  /// Around which the price walks.
  var price: Double
  /// The least step of the price as a fraction of one, so that prices are exact decimals: 100 for a cent.
  var ticksPerUnit: Int
  /// The mean volume of a day.
  var dailyVolume: Int
  /// The standard deviation of a day's change.
  var dailyDeviation: Double

  var minimumTick: Double { 1 / Double(ticksPerUnit) }
  var localSymbol: String { kind == .stock ? symbol : "\(symbol).\(currency)" }
  var exchange: String { kind == .stock ? "SMART" : "IDEALPRO" }
  var exchanges: [String] { kind == .stock ? ["SMART", primaryExchange] : ["IDEALPRO"] }
  var tradingClass: String {
    switch kind {
    case .currencyPair: localSymbol
    case .stock: primaryExchange == "NASDAQ" ? "NMS" : symbol
    }
  }
  /// IBKR's number for the table of price steps.
  var marketRule: Int { kind == .stock ? 26 : 239 }

  static func == (left: Instrument, right: Instrument) -> Bool { left.contractID == right.contractID }
  func hash(into hasher: inout Hasher) { hasher.combine(contractID) }
}

extension Instrument {
  /// All that can be asked for and traded.
  static let all: [Instrument] = [
    stock("AAPL", 265_598, "APPLE INC", "NASDAQ", 230, 55_000_000),
    stock("AMD", 4_391, "ADVANCED MICRO DEVICES", "NASDAQ", 150, 45_000_000),
    stock("AMZN", 3_691_937, "AMAZON.COM INC", "NASDAQ", 200, 40_000_000),
    stock("DIS", 6_459, "WALT DISNEY CO/THE", "NYSE", 105, 9_000_000),
    stock("GLD", 51_529_211, "SPDR GOLD SHARES", "ARCA", 250, 7_000_000),
    stock("GOOG", 208_813_720, "ALPHABET INC-CL C", "NASDAQ", 175, 20_000_000),
    stock("IBM", 8_314, "INTL BUSINESS MACHINES CORP", "NYSE", 220, 4_000_000),
    stock("INTC", 270_639, "INTEL CORP", "NASDAQ", 25, 60_000_000),
    stock("IWM", 9_579_970, "ISHARES RUSSELL 2000 ETF", "ARCA", 220, 30_000_000),
    stock("JPM", 1_520_593, "JPMORGAN CHASE & CO", "NYSE", 220, 9_000_000),
    stock("KO", 8_894, "COCA-COLA CO/THE", "NYSE", 65, 14_000_000),
    stock("META", 107_113_386, "META PLATFORMS INC-CLASS A", "NASDAQ", 580, 13_000_000),
    stock("MSFT", 272_093, "MICROSOFT CORP", "NASDAQ", 430, 20_000_000),
    stock("NFLX", 15_124_833, "NETFLIX INC", "NASDAQ", 700, 3_500_000),
    stock("NVDA", 4_815_747, "NVIDIA CORP", "NASDAQ", 130, 220_000_000),
    stock("QQQ", 320_227_571, "INVESCO QQQ TRUST SERIES 1", "NASDAQ", 490, 35_000_000),
    stock("SPY", 756_733, "SS SPDR S&P 500 ETF TRUST-US", "ARCA", 580, 50_000_000),
    stock("TSLA", 76_792_991, "TESLA INC", "NASDAQ", 250, 80_000_000),
    stock("XOM", 13_977, "EXXON MOBIL CORP", "NYSE", 115, 15_000_000),
    pair("AUD", "USD", 14_433_401, "Australian dollar", 0.66),
    pair("EUR", "USD", 12_087_792, "European Monetary Union Euro", 1.08),
    pair("GBP", "USD", 12_087_797, "British pound", 1.28),
    pair("USD", "CAD", 15_016_062, "United States dollar", 1.37),
    pair("USD", "CHF", 12_087_820, "United States dollar", 0.88),
    pair("USD", "JPY", 15_016_059, "United States dollar", 150),
  ]

  private static func stock(
    _ symbol: String, _ id: Int, _ name: String, _ exchange: String, _ price: Double, _ volume: Int
  ) -> Instrument {
    Instrument(
      kind: .stock, symbol: symbol, currency: "USD", contractID: id, name: name, primaryExchange: exchange,
      price: price, ticksPerUnit: 100, dailyVolume: volume, dailyDeviation: 0.012)
  }

  private static func pair(
    _ symbol: String, _ currency: String, _ id: Int, _ name: String, _ price: Double
  ) -> Instrument {
    Instrument(
      kind: .currencyPair, symbol: symbol, currency: currency, contractID: id, name: name, primaryExchange: "IDEALPRO",
      price: price, ticksPerUnit: currency == "JPY" ? 200 : 20_000, dailyVolume: 900_000_000, dailyDeviation: 0.004)
  }
}
