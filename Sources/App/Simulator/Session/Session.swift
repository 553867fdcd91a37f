import TWSProtocol

/// One client's conversation after its startApi: it answers requests and holds what the client has subscribed to. A value; the
/// connection that owns it transports the bytes.
struct Session: Sendable {
  let clientID: Int
  /// The API version in force.
  let version: Int

  var quotes: [Int: QuoteStream] = [:]
  var tickByTick: [Int: TickByTickStream] = [:]
  var bars: [Int: BarStream] = [:]
  var account = AccountSubscriptions()
  private var timeTold: Moment?

  init(clientID: Int, version: Int) {
    self.clientID = clientID
    self.version = version
  }

  /// Whether it waits for something that comes by itself.
  var hasStreams: Bool { !quotes.isEmpty || !tickByTick.isEmpty || !bars.isEmpty || account.hasStreams }

  /// Answers one request.
  ///
  /// - Parameter body: a frame's body, from the message id on.
  /// - Returns: what has happened to orders, for all sessions to hear.
  mutating func receive(
    _ body: [UInt8], at now: Moment, _ gateway: inout Gateway, _ out: inout Outbox
  ) -> [Brokerage.Event] {
    var reader = FieldReader(body)
    guard let id = try? reader.integer(), let kind = RequestKind(rawValue: id) else {
      out.send(RequestRefusal(code: 505, text: "Fatal Error: Unknown message id."), for: nil)
      return []
    }
    let requestID = Self.requestID(of: kind, in: body)
    do {
      return try answer(kind, &reader, at: now, &gateway, &out)
    } catch let refusal as RequestRefusal {
      out.send(refusal, for: requestID)
    } catch let error as MessageError {
      out.send(.unreadable(error), for: requestID)
    } catch {
      out.send(.unsupported("this request"), for: requestID)
    }
    return []
  }

  private mutating func answer(
    _ kind: RequestKind, _ reader: inout FieldReader, at now: Moment, _ gateway: inout Gateway, _ out: inout Outbox
  ) throws -> [Brokerage.Event] {
    switch kind {
    case .reqCurrentTime:
      answerTime(now, &out)
    case .reqIds:
      out.send(.nextValidID(gateway.brokerage.nextOrderID(for: clientID)))
    case .reqManagedAccts:
      out.send(.managedAccounts(gateway.accounts))
    case .setServerLogLevel, .reqAutoOpenOrders, .reqNewsBulletins, .cancelNewsBulletins, .startApi:
      break
    case .placeOrder, .cancelOrder, .reqGlobalCancel, .reqOpenOrders, .reqAllOpenOrders, .reqCompletedOrders,
      .reqExecutions:
      return try answerOrders(kind, &reader, at: now, &gateway, &out)
    case .reqAccountUpdates, .reqAccountSummary, .cancelAccountSummary, .reqPositions, .cancelPositions,
      .reqPositionsMulti, .cancelPositionsMulti, .reqAccountUpdatesMulti, .cancelAccountUpdatesMulti, .reqPnL,
      .cancelPnL, .reqPnLSingle, .cancelPnLSingle, .reqFamilyCodes:
      try answerAccount(kind, &reader, at: now, gateway, &out)
    case .reqMktData, .cancelMktData, .reqMarketDataType, .reqTickByTickData, .cancelTickByTickData, .reqRealTimeBars,
      .cancelRealTimeBars:
      try answerStreams(kind, &reader, at: now, gateway, &out)
    case .reqHistoricalData, .cancelHistoricalData, .reqHeadTimeStamp, .cancelHeadTimeStamp, .reqHistoricalTicks:
      try answerHistory(kind, &reader, at: now, gateway, &out)
    default:
      try answerReference(kind, &reader, at: now, gateway, &out)
    }
    return []
  }

  /// A second question within a second is not answered: so it was seen of the real one.
  private mutating func answerTime(_ now: Moment, _ out: inout Outbox) {
    if let told = timeTold, now.milliseconds - told.milliseconds < 1_000, now >= told { return }
    timeTold = now
    out.send(.currentTime(now.seconds))
  }

  /// The request's own id, read apart from the request, so that an error can name it however broken the rest is.
  private static func requestID(of kind: RequestKind, in body: [UInt8]) -> Int? {
    guard let field = kind.requestIDField else { return nil }
    var reader = FieldReader(body)
    guard (try? reader.skip(field)) != nil else { return nil }
    return try? reader.integer()
  }
}
