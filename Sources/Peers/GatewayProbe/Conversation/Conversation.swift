import TWSProtocol

/// One API client's words with a gateway, from the hello to the first answered question and on: bytes in, bytes and news out.
///
/// The version that is offered ends where messages would become protobuf. What a gateway sends beyond what is asked for is passed over.
struct Conversation: Sendable {
  /// How far it has come, named after what is waited for.
  enum Stage: Sendable, Hashable {
    /// The gateway's version.
    case version
    /// The accounts and the first order id.
    case start
    /// The answer to the first question for the time.
    case time
    /// Nothing: every question so far was answered.
    case open
  }

  /// What the gateway's bytes amount to.
  enum News: Sendable, Equatable {
    /// These bytes are to be sent.
    case send([UInt8])
    /// A question for the time was answered; the first one ends the handshake.
    case timeTold
    /// The gateway names no account.
    case noAccounts
    /// Another client has our id. The gateway ends the connection after that.
    case idInUse
    /// What it says about its own connections.
    case link(APIError.Connectivity)
    /// It sends what cannot be read as the API.
    case unreadable
  }

  /// The versions that are offered: up to the last whose messages are all text.
  static let versions = 100...ServerVersion.lastText
  /// The longest message that is taken, in bytes: what a gateway sends to a client that subscribes to nothing is far shorter.
  private static let longestMessage = 1 << 20

  let clientID: Int
  private(set) var stage = Stage.version
  /// The version in force, once the gateway has said it.
  private(set) var serverVersion: Int?
  /// How many accounts the gateway has named when the conversation began, once it has. Which ones is nobody's business here.
  private(set) var accounts: Int?
  private var hasOrderID = false
  private var decoder = FrameDecoder(maximumLength: Conversation.longestMessage)

  init(clientID: Int) {
    self.clientID = clientID
  }

  /// A question for the time: the cheapest that a gateway answers.
  static var question: [UInt8] { ServerMessage.currentTimeRequest }

  /// The first bytes to send.
  var hello: [UInt8] { ClientHello(versions: Self.versions).bytes }

  /// Takes what has arrived, in any pieces.
  mutating func receive(_ bytes: [UInt8]) -> [News] {
    decoder.append(bytes)
    var news: [News] = []
    do {
      while let body = try decoder.next() { take(body, &news) }
    } catch {
      news.append(.unreadable)
    }
    return news
  }

  private mutating func take(_ body: [UInt8], _ news: inout [News]) {
    guard let version = serverVersion else {
      guard let greeting = ServerGreeting(body: body) else { return }
      serverVersion = min(greeting.version, Self.versions.upperBound)
      stage = .start
      news.append(.send(StartAPI(clientID: clientID).frame))
      return
    }
    // A message of a kind that matters, in a layout that is not known: it tells nothing, and the deadline tells the rest.
    guard let message = try? ServerMessage(body: body, version: version) else { return }
    switch message {
    case .managedAccounts(let names) where stage == .start:
      accounts = names.count
      goOn(&news)
    case .nextValidID:
      hasOrderID = true
      goOn(&news)
    case .currentTime where stage == .time || stage == .open:
      stage = .open
      news.append(.timeTold)
    case .error(let error) where error.code == APIError.clientIDInUse && stage == .start:
      news.append(.idInUse)
    case .error(let error):
      if let connectivity = error.connectivity { news.append(.link(connectivity)) }
    case .managedAccounts, .currentTime, .other:
      break
    }
  }

  private mutating func goOn(_ news: inout [News]) {
    guard stage == .start, hasOrderID, let accounts else { return }
    guard accounts > 0 else { return news.append(.noAccounts) }
    stage = .time
    news.append(.send(Self.question))
  }
}
