/// Why a connection was not relayed. The raw values are the metric's label and the API's word: they stay.
public enum Refusal: String, Sendable, Hashable, CaseIterable, Codable {
  /// The client's address is in no range of the allow-list.
  case notAllowed = "not-allowed"
  /// The list of callers does not name it.
  case callerNotNamed = "caller-not-named"
  /// It is no node of the tailnet, and only such are let in.
  case callerLocal = "caller-local"
  /// The caller has to be known, and nobody could tell who it is.
  case callerUnknown = "caller-unknown"
  /// More new connections per second than one address may make.
  case rate = "rate"
  /// As many clients are relayed on this route as it may have.
  case tooManyClients = "too-many-clients"
  /// Too many connections of this route have not said anything yet.
  case tooManyWaiting = "too-many-waiting"
  /// The client sent nothing, or not the whole of its first four bytes, within the time it has for that.
  case silent = "silent"
  /// The client left before it had sent anything that tells what it is: a port scan, or a check that the port is open.
  case left = "left"
  /// The first bytes are not those of an IB API client.
  case notTheAPI = "not-the-api"
  /// This process has no descriptor left for it.
  case descriptors = "descriptors"
  /// The gateway's port refused the connection.
  case gatewayRefused = "gateway-refused"
  /// The gateway's port did not answer in time: its queue of new connections is full, or it is far away and gone.
  case gatewayTimeout = "gateway-timeout"
  /// The gateway could not be dialled for another reason.
  case gatewayFailed = "gateway-failed"
  /// The relay was stopping, or the client was cut, before the gateway was reached.
  case stopping = "stopping"

  /// What a person reads after "refused ADDRESS: ".
  public var explanation: String {
    switch self {
    case .notAllowed: "its address is not in the allow-list"
    case .callerNotNamed: "API_ALLOW does not name it"
    case .callerLocal: "it is no node of the tailnet, and LOCAL_ACCESS lets no one else in"
    case .callerUnknown: "tailscaled could not tell who it is, and API_ALLOW asks for that"
    case .rate: "it opens more new connections per second than one address may"
    case .tooManyClients: "as many clients are connected as the limit allows"
    case .tooManyWaiting: "too many connections have not sent anything yet"
    case .silent: "it sent no API hello in time"
    case .left: "it left without a word"
    case .notTheAPI: "its first bytes are not those of an IB API client"
    case .descriptors: "the relay has no file descriptor left"
    case .gatewayRefused: "the gateway refused the connection"
    case .gatewayTimeout: "the gateway did not accept the connection in time"
    case .gatewayFailed: "the gateway could not be reached"
    case .stopping: "the relay is stopping"
    }
  }
}
