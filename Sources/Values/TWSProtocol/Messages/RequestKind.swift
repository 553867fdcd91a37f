/// What a client asks for: the message ids of IBKR's API, under the names of its clients' methods.
public enum RequestKind: Int, Sendable, CaseIterable {
  case reqMktData = 1
  case cancelMktData = 2
  case placeOrder = 3
  case cancelOrder = 4
  case reqOpenOrders = 5
  case reqAccountUpdates = 6
  case reqExecutions = 7
  case reqIds = 8
  case reqContractDetails = 9
  case reqMktDepth = 10
  case cancelMktDepth = 11
  case reqNewsBulletins = 12
  case cancelNewsBulletins = 13
  case setServerLogLevel = 14
  case reqAutoOpenOrders = 15
  case reqAllOpenOrders = 16
  case reqManagedAccts = 17
  case requestFA = 18
  case replaceFA = 19
  case reqHistoricalData = 20
  case exerciseOptions = 21
  case reqScannerSubscription = 22
  case cancelScannerSubscription = 23
  case reqScannerParameters = 24
  case cancelHistoricalData = 25
  case reqCurrentTime = 49
  case reqRealTimeBars = 50
  case cancelRealTimeBars = 51
  case reqFundamentalData = 52
  case cancelFundamentalData = 53
  case calculateImpliedVolatility = 54
  case calculateOptionPrice = 55
  case cancelCalculateImpliedVolatility = 56
  case cancelCalculateOptionPrice = 57
  case reqGlobalCancel = 58
  case reqMarketDataType = 59
  case reqPositions = 61
  case reqAccountSummary = 62
  case cancelAccountSummary = 63
  case cancelPositions = 64
  case verifyRequest = 65
  case verifyMessage = 66
  case queryDisplayGroups = 67
  case subscribeToGroupEvents = 68
  case updateDisplayGroup = 69
  case unsubscribeFromGroupEvents = 70
  case startApi = 71
  case verifyAndAuthRequest = 72
  case verifyAndAuthMessage = 73
  case reqPositionsMulti = 74
  case cancelPositionsMulti = 75
  case reqAccountUpdatesMulti = 76
  case cancelAccountUpdatesMulti = 77
  case reqSecDefOptParams = 78
  case reqSoftDollarTiers = 79
  case reqFamilyCodes = 80
  case reqMatchingSymbols = 81
  case reqMktDepthExchanges = 82
  case reqSmartComponents = 83
  case reqNewsArticle = 84
  case reqNewsProviders = 85
  case reqHistoricalNews = 86
  case reqHeadTimeStamp = 87
  case reqHistogramData = 88
  case cancelHistogramData = 89
  case cancelHeadTimeStamp = 90
  case reqMarketRule = 91
  case reqPnL = 92
  case cancelPnL = 93
  case reqPnLSingle = 94
  case cancelPnLSingle = 95
  case reqHistoricalTicks = 96
  case reqTickByTickData = 97
  case cancelTickByTickData = 98
  case reqCompletedOrders = 99
  case reqWshMetaData = 100
  case cancelWshMetaData = 101
  case reqWshEventData = 102
  case cancelWshEventData = 103
  case reqUserInfo = 104

  /// Which field holds the request's own id, that errors refer to (0 is the message id). Nil for requests without one.
  /// For versions 157 to 187.
  public var requestIDField: Int? {
    switch self {
    case .reqOpenOrders, .reqAccountUpdates, .reqIds, .reqNewsBulletins, .cancelNewsBulletins, .setServerLogLevel,
      .reqAutoOpenOrders, .reqAllOpenOrders, .reqManagedAccts, .requestFA, .replaceFA, .reqScannerParameters,
      .reqCurrentTime, .reqGlobalCancel, .reqMarketDataType, .reqPositions, .cancelPositions, .verifyRequest,
      .verifyMessage, .startApi, .verifyAndAuthRequest, .verifyAndAuthMessage, .reqFamilyCodes, .reqMktDepthExchanges,
      .reqNewsProviders, .reqMarketRule, .reqCompletedOrders:
      nil
    case .placeOrder, .reqHistoricalData, .reqScannerSubscription:
      1
    default:
      rawValue >= Self.reqSecDefOptParams.rawValue ? 1 : 2
    }
  }
}
