import Callers
import NIOCore
import Splice
import Tailnet

/// The tailnet beside the relay.
extension RelayService {
  func openDesk(_ tailnet: RelayServiceConfiguration.Tailnet, _ policy: CallerPolicy) {
    let api = LocalAPI(socket: tailnet.socket, on: loop)
    let awake = awake
    let outlets = CallerDesk.Outlets(
      say: { awake.value?.tell($0) },
      opened: { record, caller in awake.value?.write(record) { $0.opened(record, caller) } },
      closed: { record, caller in awake.value?.write(record) { $0.closed(record, caller) } },
      released: { awake.value?.flushLogsSoon() })
    let door = TailnetDoor(way: tailnet.usesKernel.map { $0 ? .kernel : .userspace })
    desk = CallerDesk(
      relay, api, on: loop, routes: gates.map(\.name), policy: policy, door: door, outlets: outlets)
    addressWatch = AddressWatch(api, on: loop) { awake.value?.learnt($0) }
    moveGates()
  }

  /// tailscaled has told where its peers come in. What it does not know at the moment stays as it was.
  private func learnt(_ addresses: NodeAddresses) {
    guard let desk, let tailnet = configuration.tailnet else { return }
    if tailnet.usesKernel == nil { desk.door.way = addresses.usesKernel ? .kernel : .userspace }
    let known = addresses.addresses.compactMap { IPAddress($0) }
    if !known.isEmpty { desk.door.addresses = known }
    if let suffix = addresses.suffix { desk.door.suffix = suffix }
    desk.review()
    moveGates()
    lookAtGateways()
  }

  /// Listens where the tailnet's clients come in. Where tailscaled reaches the gateway's own port as well, a list of callers would be a
  /// promise that nobody keeps: then they do not come in at all.
  private func moveGates() {
    guard let desk, let tailnet = configuration.tailnet else { return }
    let isOpenBehind = desk.door.way == .userspace && !tailnet.isGuarded && desk.policy.wantsNames
    if isOpenBehind {
      say(
        Notice(
          .error,
          "API_ALLOW cannot hold: this tailscaled works in userspace and reaches every port of 127.0.0.1, the gateway's own too; "
            + "give it /dev/net/tun and NET_ADMIN (TS_USERSPACE=false); until then the API is not offered to the tailnet"
        ))
    }
    for index in gates.indices { tell(gates[index].moved(to: isOpenBehind ? nil : desk.door)) }
  }

  /// Reads the list of callers again, and cuts those who are not on it any more.
  func rereadCallers() throws(CallerListError) {
    guard let desk, let tailnet = configuration.tailnet else { return }
    desk.change(try tailnet.readPolicy())
    flushLogs()
    moveGates()
    lookAtGateways()
  }
}
