import TWSProtocol

/// Why a request is not carried out: a code and a text as the gateway gives them.
struct RequestRefusal: Error, Equatable, Sendable {
  var code: Int
  var text: String

  static let noSecurityDefinition = RequestRefusal(
    code: 200, text: "No security definition has been found for the request")
  static let ambiguousContract = RequestRefusal(
    code: 200, text: "The contract description specified for the symbol is ambiguous")
  static let notConnected = RequestRefusal(code: 504, text: "Not connected")

  static func historical(_ text: String) -> RequestRefusal {
    RequestRefusal(code: 162, text: "Historical Market Data Service error message:\(text)")
  }

  static func orderRejected(_ reason: String) -> RequestRefusal {
    RequestRefusal(code: 201, text: "Order rejected - reason:\(reason)")
  }

  static func invalid(_ cause: String) -> RequestRefusal {
    RequestRefusal(code: 321, text: "Error validating request: \(cause)")
  }

  /// Something that the gateway could do and the simulator cannot. Code 322 ends the request in the clients' eyes.
  static func unsupported(_ what: String) -> RequestRefusal {
    RequestRefusal(code: 322, text: "Error processing request: the simulated gateway does not offer \(what)")
  }

  static func unreadable(_ error: MessageError) -> RequestRefusal {
    RequestRefusal(code: 320, text: "Error reading request: \(error)")
  }
}
