/// What a client has asked to be told about the account.
struct AccountSubscriptions: Sendable {
  /// reqAccountUpdates.
  var updates = false
  /// reqPositions.
  var positions = false
  /// reqPositionsMulti and reqAccountUpdatesMulti, by request.
  var positionRequests: Set<Int> = []
  var valueRequests: Set<Int> = []
  /// reqAccountSummary: the tags that each request names.
  var summaries: [Int: Set<String>] = [:]
  /// reqPnL and reqPnLSingle, the latter with the contract's id.
  var profits: Set<Int> = []
  var singleProfits: [Int: Int] = [:]

  /// Whether something is told as time goes by, and not only after trades.
  var hasStreams: Bool { !profits.isEmpty || !singleProfits.isEmpty }
}
