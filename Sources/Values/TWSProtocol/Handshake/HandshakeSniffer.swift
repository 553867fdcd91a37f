/// Learns who a client is from the first bytes that somebody else transports between it and a gateway.
///
/// Feed it what passes in each direction, in any pieces, until `isFinished`. It changes nothing, holds at most a few hundred
/// bytes, and gives up by itself where a side goes on for `patience` bytes without saying what it should.
public struct HandshakeSniffer: Sendable {
  /// How many bytes of each direction are looked at, at the most.
  public static let patience = 4_096

  /// The API versions that the client offers, once its hello has passed.
  public private(set) var clientVersions: ClosedRange<Int>?
  /// Why this is no API client, once that is clear.
  public private(set) var rejection: HelloError?
  /// The client's id, once its startApi has passed.
  public private(set) var clientID: Int?
  /// The API version in force, once the gateway has answered.
  public private(set) var serverVersion: Int?

  private var hello = HelloParser()
  private var clientFrames = FrameSkimmer(headLimit: 64)
  private var serverFrames = FrameSkimmer(headLimit: 128)
  private var clientPatience = UInt16(HandshakeSniffer.patience)
  private var serverPatience = UInt16(HandshakeSniffer.patience)

  /// A sniffer before the first byte of a connection.
  public init() {}

  /// Whether everything is known or given up: then there is no need to feed it any more.
  public var isFinished: Bool { clientPatience == 0 && serverPatience == 0 }

  /// Looks at bytes on their way from the client to the gateway.
  public mutating func observeClient(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      guard clientPatience > 0 else { return }
      clientPatience -= 1
      if clientVersions == nil {
        switch hello.push(byte) {
        case .needsMore: break
        case .hello(let hello): clientVersions = hello.versions
        case .rejected(let error): reject(error)
        }
      } else if let head = clientFrames.push(byte), let id = StartAPI.clientID(head: head.bytes[...]) {
        clientID = id
        clientPatience = 0
      }
    }
  }

  /// Looks at bytes on their way from the gateway to the client.
  public mutating func observeServer(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      guard serverPatience > 0 else { return }
      serverPatience -= 1
      if let head = serverFrames.push(byte), head.isWhole, let greeting = ServerGreeting(body: head.bytes) {
        serverVersion = greeting.version
        serverPatience = 0
      }
    }
  }

  /// What a client says that does not speak the API means nothing, and so does the answer.
  private mutating func reject(_ error: HelloError) {
    rejection = error
    clientPatience = 0
    serverPatience = 0
  }
}
