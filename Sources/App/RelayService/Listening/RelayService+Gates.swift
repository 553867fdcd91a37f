import NIOCore
import Splice

/// When the routes listen.
extension RelayService {
  /// What a route is told by the control plane.
  func order(_ order: ListenOrder, route index: Int) {
    tell(gates[index].told(order))
    lookAtGateways()
  }

  /// Looks at every gateway's port that decides anything, and listens or closes as it demands.
  func lookAtGateways() {
    look?.cancel()
    look = nil
    guard !isStopping else { return }
    for index in gates.indices {
      if gates[index].isWatched { tell(gates[index].looked(ListenTable.listens(gates[index].upstream))) }
      apply(index)
    }
    let watched = gates.filter(\.isWatched)
    guard !watched.isEmpty else { return }
    let isDown = watched.contains { $0.gatewayListens != true }
    let bound = NIOLoopBound(self, eventLoop: loop)
    look = loop.scheduleTask(in: isDown ? Self.lookWhileDown : Self.lookWhileUp) { bound.value.lookAtGateways() }
  }

  /// Makes a route's listeners what its gate wants.
  private func apply(_ index: Int) {
    guard gates[index].wantsClients else {
      if !listening[index].isEmpty { relay.closeListeners(route: index) }
      listening[index] = [:]
      gates[index].closed()
      return
    }
    for (endpoint, real) in listening[index] where !gates[index].listen.contains(endpoint) {
      relay.closeListener(on: real, route: index)
      listening[index][endpoint] = nil
    }
    for endpoint in gates[index].listen where listening[index][endpoint] == nil {
      do throws(RelayError) {
        listening[index][endpoint] = try relay.listen(on: endpoint, route: index)
        tell(gates[index].succeeded(endpoint))
      } catch {
        tell(gates[index].failed(endpoint, error))
        retryLater()
      }
    }
  }

  private func retryLater() {
    guard retry == nil else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    retry = loop.scheduleTask(in: .seconds(1)) {
      bound.value.retry = nil
      bound.value.lookAtGateways()
    }
  }
}
