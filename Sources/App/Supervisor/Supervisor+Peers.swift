import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Trading

/// What the supervisor asks of its own children over their unix sockets. It opens no network socket itself.
extension Supervisor {
  func ask(
    _ method: String, _ target: String, of socket: String, timeout: TimeAmount = .seconds(5)
  ) -> EventLoopFuture<HTTPResponse> {
    LocalHTTPClient.request(
      method, target, path: "\(configuration.runDirectory)/\(socket).sock", on: loop, timeout: timeout)
  }

  /// What brings the relay its orders: to listen, or not to, for one gateway's clients.
  func makeRelayOrders() -> RelayOrders {
    let bound = NIOLoopBound(self, eventLoop: loop)
    return RelayOrders(
      on: loop, isRelayThere: { bound.value.lifecycle.record("relay")?.state == .running },
      sayFailure: { mode, order, error in
        let why = "\(sentence(of: error)); it is told again each second"
        bound.value.say(.warning, "relay", "could not be told to be \(order.rawValue) for \(mode.rawValue): \(why)")
      },
      send: { mode, order in
        bound.value.ask("POST", "/v1/routes/\(mode.rawValue)/\(order.rawValue)", of: "relay").map { _ in }
      })
  }

  /// The relay reads the list of callers again, and cuts those who are not on it any more. One that does not run reads it when it starts.
  func tellRelayToRereadCallers() {
    let bound = NIOLoopBound(self, eventLoop: loop)
    ask("POST", "/v1/callers/reread", of: "relay").whenComplete { result in
      switch result {
      case .success(let response) where response.status == 200: break
      case .success(let response):
        let answer = try? JSONDecoder().decode(RelayWords.self, from: Data(response.body))
        bound.value.say(.error, "relay", answer?.message ?? "cannot read the list of callers")
      case .failure(let error):
        bound.value.say(.warning, "relay", "could not be told to read the list of callers: \(sentence(of: error))")
      }
    }
  }

  /// How many bytes the relay has carried for a gateway, both ways.
  func askTraffic(of mode: Mode) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    ask("GET", "/v1/status", of: "relay").whenComplete { result in
      let traffic = (try? result.get()).flatMap { try? JSONDecoder().decode(RelayTraffic.self, from: Data($0.body)) }
      let route = traffic?.routes.first { $0.name == mode.rawValue }
      bound.value.tell(.traffic(mode, route.map { $0.counters.fromClients + $0.counters.fromGateway }))
    }
  }

  /// A command for IBC's command server of one gateway, put by the probe.
  func commandIBC(_ mode: Mode, _ command: IBCCommand, onFailure: @escaping () -> Void = {}) {
    let bound = NIOLoopBound(self, eventLoop: loop)
    let target = "/v1/gateways/\(mode.rawValue)/command?name=\(command.rawValue)"
    let failed = NIOLoopBound(onFailure, eventLoop: loop)
    ask("POST", target, of: "probe", timeout: .seconds(100)).whenComplete { result in
      let name = ServiceName.gateway(mode).text
      switch result {
      case .success(let response):
        let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(response.body))
        let said = "IBC, told \(command.rawValue): \(answer?.message ?? "no answer")"
        bound.value.say(response.status == 200 ? .info : .warning, name, said)
        if response.status != 200 { failed.value() }
      case .failure(let error):
        bound.value.say(.warning, name, "IBC could not be told \(command.rawValue): \(sentence(of: error))")
        failed.value()
      }
    }
  }
}

/// Why one of our own children did not answer.
func sentence(of error: any Error) -> String {
  switch error as? HTTPFailure {
  case .notServed: "it is not running"
  case .refused, .broken: "it broke off"
  case .timedOut: "it did not answer in time"
  case nil: "\(error)"
  }
}

/// What the relay answers beside reports.
private struct RelayWords: Decodable {
  let message: String
}

/// The part of the relay's status that a remedy is weighed by.
private struct RelayTraffic: Decodable {
  struct Route: Decodable {
    struct Counters: Decodable {
      let fromClients: Int64
      let fromGateway: Int64

      enum CodingKeys: String, CodingKey {
        case fromClients = "bytes_from_clients"
        case fromGateway = "bytes_from_gateway"
      }
    }
    let name: String
    let counters: Counters
  }
  let routes: [Route]
}
