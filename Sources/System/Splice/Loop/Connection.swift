import TWSProtocol

/// What the loop knows of a connection beside its two flows. Plain memory in the slab, but for the sniffer, which lives on the
/// heap as long as the handshake lasts.
struct Connection {
  /// ```
  /// waiting --first bytes--> dialling --accepted--> relaying --both ended--> free
  ///    |                        |                      |-- cut by us ------> closing ---> free
  ///    '-- refused --> free <---'                      '-- a socket failed-> resetting -> free
  /// ```
  enum Phase: UInt8 {
    case free
    /// Accepted; the client's first bytes are awaited, and before them the leave to read them where one is needed.
    case waiting
    /// The gateway is being dialled; what the client has sent waits in its flow.
    case dialling
    case relaying
    /// Both peers were sent the end of the stream; what they still send is dropped, until theirs comes or the deadline.
    case closing
    /// One socket has failed and is closed; the other gets what is still in its send queue, then a reset.
    case resetting
  }

  var phase = Phase.free
  /// Whether its first bytes may be read.
  var mayBegin = true
  var route = 0
  var id: UInt64 = 0
  var peer = Endpoint(IPAddress(high: 0, low: 0), 0)
  /// Monotonic and wall nanoseconds of the accept.
  var acceptedAt: UInt64 = 0
  var acceptedWall: UInt64 = 0
  /// Monotonic nanoseconds when the dial began, then when it succeeded.
  var dialledAt: UInt64 = 0
  /// Monotonic nanoseconds at which the phase ends by itself; 0 is never.
  var deadline: UInt64 = 0
  /// The sum of both flows' bytes when the clock last looked, and when it had last changed.
  var bytesSeen: UInt64 = 0
  var activeAt: UInt64 = 0
  /// The first bytes of a hello that has not arrived whole.
  var hello: (UInt8, UInt8, UInt8) = (0, 0, 0)
  var helloCount = 0
  /// Whether the opening was told to the control plane: when the handshake has been read, or at the latest after a while.
  var announced = false
  var handshake = Handshake()
  var sniffer: UnsafeMutablePointer<HandshakeSniffer>?
  var ending: Ending?
}
