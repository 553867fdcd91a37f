/// A message of the gateway, as far as one must understand it to know whether the gateway serves.
public enum ServerMessage: Equatable, Sendable {
  /// The accounts that the client may use. Empty while the gateway is not logged in.
  case managedAccounts([String])
  /// The first order id that the client may use: with the accounts it ends a successful start.
  case nextValidID(Int)
  /// An error, a warning or a notice.
  case error(APIError)
  /// The server's time in seconds since 1970.
  case currentTime(Int)
  /// Any other message, by its id.
  case other(id: Int)

  /// Reads a frame's body in the layout of the version in force.
  ///
  /// - Parameter version: the version in force; below `ServerVersion.protobuf`.
  public init(body: some Sequence<UInt8>, version: Int) throws(MessageError) {
    guard version < ServerVersion.protobuf else { throw .unsupportedVersion(version) }
    var reader = FieldReader(body)
    let id = try reader.integer()
    switch ResponseKind(rawValue: id) {
    case .managedAccounts:
      try reader.skip()
      let accounts = try reader.string().split(separator: ",")
      self = .managedAccounts(accounts.map(String.init))
    case .nextValidID:
      try reader.skip()
      self = .nextValidID(try reader.integer())
    case .error:
      self = .error(try APIError(&reader, version: version))
    case .currentTime:
      try reader.skip()
      self = .currentTime(try reader.integer())
    default:
      self = .other(id: id)
    }
  }

  /// The whole frame in the layout of `version`, or nil for `.other`, of which the body is not known.
  public func frame(version: Int) -> [UInt8]? {
    switch self {
    case .managedAccounts(let accounts):
      var writer = FieldWriter(ResponseKind.managedAccounts)
      writer.add(1)
      writer.add(accounts.joined(separator: ","))
      return writer.frame()
    case .nextValidID(let id):
      var writer = FieldWriter(ResponseKind.nextValidID)
      writer.add(1)
      writer.add(id)
      return writer.frame()
    case .error(let error):
      return error.frame(version: version)
    case .currentTime(let seconds):
      var writer = FieldWriter(ResponseKind.currentTime)
      writer.add(1)
      writer.add(seconds)
      return writer.frame()
    case .other:
      return nil
    }
  }

  /// The frame by which a client asks for the current time. A gateway never answers a second one within the same second.
  public static var currentTimeRequest: [UInt8] {
    var writer = FieldWriter(RequestKind.reqCurrentTime)
    writer.add(1)
    return writer.frame()
  }
}
