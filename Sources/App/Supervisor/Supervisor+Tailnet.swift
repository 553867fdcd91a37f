import Files
import FoundationEssentials
import Glibc
import Lifecycle
import LocalHTTP
import NIOCore
import Processes
import Settings

/// How the supervisor carries out what is decided about the tailnet.
public struct TailnetAccess: Sendable {
  /// What the settings say now.
  public struct Wishes: Sendable {
    /// What to join with, and how to be known. It holds the key.
    public var login: TailnetLogin
    /// More arguments for `tailscale up`.
    public var extraArguments: [String]
    /// Whether only the command line tool can use the key.
    public var keyNeedsCommand: Bool
    /// What is masked from now on.
    public var redaction: Redaction

    /// Wishes of their parts.
    public init(login: TailnetLogin, extraArguments: [String], keyNeedsCommand: Bool, redaction: Redaction) {
      self.login = login
      self.extraArguments = extraArguments
      self.keyNeedsCommand = keyNeedsCommand
      self.redaction = redaction
    }

    /// Whether `tailscale up` has to be called, rather than tailscaled asked.
    var needsCommand: Bool { keyNeedsCommand || !extraArguments.isEmpty }
  }

  /// What is decided about it.
  public var policy: TailnetPolicy
  /// tailscaled's socket.
  public var socket: String
  /// The environment of `tailscale`.
  public var environment: [String: String]
  /// Reads the settings again: the key may have been replaced.
  public var read: @Sendable () -> Wishes

  /// Access of its parts.
  public init(
    policy: TailnetPolicy, socket: String, environment: [String: String], read: @escaping @Sendable () -> Wishes
  ) {
    self.policy = policy
    self.socket = socket
    self.environment = environment
    self.read = read
  }
}

/// What tailscaled is asked: by the probe, which owns that conversation, or by its own command where that alone can.
extension Supervisor {
  /// How long `tailscale up` may take until it leaves the rest to tailscaled, in seconds.
  private static let commandPatience = 60
  private static let tailscale: ServiceName = "tailscale"

  func order(_ order: TailnetOrder) {
    guard let access = configuration.tailnet else { return }
    if order == .logOut {
      ask("logout", nil, order)
      return
    }
    var wishes = access.read()
    journal.mask(also: wishes.redaction)
    if order != .logInWithKey {
      wishes.login.key = nil
      wishes.keyNeedsCommand = false
    }
    if wishes.needsCommand {
      callCommand(wishes, access, order)
    } else {
      ask(order == .configure ? "configure" : "login", wishes.login, order)
    }
  }

  /// The settings were read again: a key may have come, or another one.
  func rereadTailnet() {
    guard let access = configuration.tailnet else { return }
    let wishes = access.read()
    journal.mask(also: wishes.redaction)
    tell(.tailnet(.keyRead(hasKey: wishes.login.key != nil)))
  }

  private func ask(_ what: String, _ login: TailnetLogin?, _ order: TailnetOrder) {
    let body = login.flatMap { try? JSONEncoder().encode($0) }.map { Array($0) } ?? []
    let bound = NIOLoopBound(self, eventLoop: loop)
    LocalHTTPClient.request(
      "POST", "/v1/tailnet/\(what)", body: body, path: "\(configuration.runDirectory)/probe.sock", on: loop,
      timeout: .seconds(20)
    ).whenComplete { result in
      switch result {
      case .success(let response) where response.status == 200: bound.value.ended(order, why: nil, delivered: true)
      case .success(let response):
        let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(response.body))
        bound.value.ended(order, why: answer?.message ?? "no answer", delivered: response.status == 502)
      case .failure(let error):
        bound.value.ended(order, why: "the probe could not be asked: \(sentence(of: error))", delivered: false)
      }
    }
  }

  private func ended(_ order: TailnetOrder, why: String?, delivered: Bool) {
    let name = Lifecycle.tailscaled.text
    switch order {
    case .logOut:
      if let why { say(.warning, name, why) }
      tell(.tailnet(.loggedOut))
    case .configure:
      if let why { say(.warning, name, why) }
    case .logInWithKey, .logInByHand:
      tell(.tailnet(delivered ? .loginEnded(why: why) : .loginUndelivered(why: why ?? "")))
    }
  }

  // MARK: The command

  var tailnetKeyPath: String { "\(configuration.runDirectory)/tailnet.key" }

  /// Calls `tailscale up`, with the key in a file that only this user can read, and that goes with the call.
  private func callCommand(_ wishes: TailnetAccess.Wishes, _ access: TailnetAccess, _ order: TailnetOrder) {
    let login = wishes.login
    var arguments = ["--socket=\(access.socket)", "up", "--reset", "--timeout=\(Self.commandPatience)s"]
    arguments.append("--accept-dns=false")
    if let hostname = login.hostname { arguments.append("--hostname=\(hostname)") }
    if let tags = login.tags { arguments.append("--advertise-tags=\(tags.joined(separator: ","))") }
    if let server = login.loginServer { arguments.append("--login-server=\(server)") }
    if let key = login.key {
      do throws(FileError) {
        try FileSystem.write(Array("\(key)\n".utf8), to: tailnetKeyPath, mode: 0o600)
      } catch {
        ended(order, why: "\(error)", delivered: false)
        return
      }
      arguments.append("--auth-key=file:\(tailnetKeyPath)")
    }
    arguments += wishes.extraArguments
    let command = Command(program: "tailscale", arguments: arguments, environment: access.environment)
    // A call that still waits is for what is not wanted any more; what comes of it does not count.
    signalAll(Self.tailscale, SIGTERM)
    do throws(SpawnFailure) {
      let pid = try start(command, as: Self.tailscale, voice: .plain(.debug))
      children[pid]?.whenEnded = { [tailnetKeyPath] supervisor, exit, lastLine in
        if supervisor.children.values.contains(where: { $0.name == Self.tailscale }) { return }
        try? FileSystem.remove(tailnetKeyPath)
        supervisor.commandEnded(order, exit, lastLine)
      }
    } catch {
      try? FileSystem.remove(tailnetKeyPath)
      ended(order, why: error.sentence, delivered: true)
    }
  }

  private func commandEnded(_ order: TailnetOrder, _ exit: Exit, _ lastLine: String) {
    guard exit != .code(0) else { return ended(order, why: nil, delivered: true) }
    let words = lastLine.hasPrefix("backend error: ") ? String(lastLine.dropFirst(15)) : lastLine
    let why = words.isEmpty ? "`tailscale up` has failed: \(exit)" : journal.masked(words)
    // What the network is to blame for says nothing about the key; and after its time the command leaves the login to tailscaled.
    if words.hasPrefix("timeout waiting") {
      ended(order, why: nil, delivered: true)
    } else {
      let isNetwork = ["dial tcp", "lookup ", "i/o timeout", "deadline exceeded"].contains { words.contains($0) }
      ended(order, why: why, delivered: !isNetwork)
    }
  }
}

extension StringProtocol {
  fileprivate func contains(_ text: String) -> Bool {
    indices.contains { self[$0...].hasPrefix(text) }
  }
}
