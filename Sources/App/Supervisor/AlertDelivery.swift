import FoundationEssentials
import Glibc
import Lifecycle
import NIOCore
import Processes

/// Where alerts go. Both may be set, or none.
public struct AlertTargets: Sendable {
  /// A shell command that is given the alert as JSON on its standard input.
  public var command: String?
  /// An address that the same JSON is posted to, by curl.
  public var webhook: String?
  /// The environment of both.
  public var environment: [String: String]

  /// Targets; by default none.
  public init(command: String? = nil, webhook: String? = nil, environment: [String: String] = [:]) {
    self.command = command
    self.webhook = webhook
    self.environment = environment
  }
}

extension Supervisor {
  /// How long the delivery of one alert, or another errand, may take.
  private static let alertPatience = TimeAmount.seconds(60)

  /// Says an alert in the log, and hands it to the user's program and address. What fails there is said and costs nothing else.
  func deliver(_ alert: Alert) {
    let name = alert.mode.map { ServiceName.gateway($0).text } ?? Lifecycle.tailscaled.text
    say(alert.kind == .backToNormal ? .info : .warning, name, "alert \(alert.kind.rawValue): \(alert.message)")
    guard let json = encoded(alert) else { return }
    let targets = configuration.alerts
    if let command = targets.command {
      run(Command(program: "sh", arguments: ["-c", command], environment: targets.environment, input: json))
    }
    if let webhook = targets.webhook {
      // The address may hold a token: curl reads it, and the body, from its standard input, where no other process sees it.
      let lines = [
        "url = \(quoted(webhook))", "header = \"Content-Type: application/json\"",
        "data-binary = \(quoted(String(decoding: json, as: UTF8.self)))", "silent", "show-error", "fail",
        "output = \"/dev/null\"", "max-time = 15", "retry = 3",
      ]
      let input = Array((lines.joined(separator: "\n") + "\n").utf8)
      run(Command(program: "curl", arguments: ["--config", "-"], environment: targets.environment, input: input))
    }
  }

  private func encoded(_ alert: Alert) -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(alert)).map { Array($0) }
  }

  /// A string as curl's configuration file takes one.
  private func quoted(_ text: String) -> String {
    "\"\(text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : "\($0)" }.joined())\""
  }

  private func run(_ command: Command) {
    do throws(SpawnFailure) {
      endInTime(try start(command, as: "alert", voice: .plain(.info)))
    } catch {
      say(.warning, "alert", error.sentence)
    }
  }

  /// Ends an errand that takes too long.
  func endInTime(_ pid: Int32) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: Self.alertPatience) {
      guard let child = bound.value.children[pid] else { return }
      bound.value.say(.warning, child.name.text, "took too long and was ended")
      Signals.send(SIGKILL, toGroup: pid)
    }
  }
}
