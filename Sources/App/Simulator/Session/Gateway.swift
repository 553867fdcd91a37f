/// What all sessions share: the exchange and the account behind the simulated gateway.
struct Gateway: Sendable {
  var market: Market
  var brokerage: Brokerage
  /// Whether the gateway is connected to the brokerage. Without, it knows only what it holds itself.
  var isLinked = true

  /// Whether it is logged in to its account, as far as clients are told.
  var showsAccount = true

  /// What clients are told of accounts.
  var accounts: [String] { showsAccount ? [brokerage.account] : [] }

  init(account: String, seed: UInt64) {
    market = Market(seed: seed)
    brokerage = Brokerage(account: account)
  }
}
