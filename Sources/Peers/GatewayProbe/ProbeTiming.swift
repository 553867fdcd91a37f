/// How often a gateway is looked at and asked, and how long an answer may take.
public struct ProbeTiming: Sendable, Hashable {
  /// Between two looks at the kernel's tables while the gateway is down or starting.
  public var lookWhileDown = Duration.milliseconds(200)
  /// Between two looks at the kernel's tables otherwise.
  public var lookWhileUp = Duration.seconds(2)
  /// For how long connections may wait to be accepted before that is a fault.
  public var queuePatience = Duration.seconds(5)

  /// Between the two answered checks that a gateway has to show before it is said to serve.
  public var gateGap = Duration.seconds(2)
  /// Between two checks while all is well.
  public var checkInterval = Duration.seconds(60)
  /// How long a check may take while all is well or nothing is known.
  public var checkLimit = Duration.seconds(5)
  /// Between the first failure and the next check, counted from start to start; it tells chance from a fault soon.
  public var firstRepeat = Duration.seconds(1)
  /// Between the second failure and the next check, counted from start to start.
  public var secondRepeat = Duration.seconds(4)
  /// Between two checks while a fault is established, counted from start to start.
  public var repeatInterval = Duration.seconds(5)
  /// How long a check may take while a fault is there. The second and the third failure follow 8 s after the first at the latest.
  public var repeatLimit = Duration.seconds(4)
  /// Between two checks of a gateway that leaves an ended check's connection open: each of them costs it a connection for ever.
  public var backOff = Duration.seconds(60)

  /// Between two questions on the kept connection while all is well.
  public var questionInterval = Duration.seconds(20)
  /// How long the answer to a question may take.
  public var questionLimit = Duration.seconds(10)
  /// IBKR's gateways never answer a second question within a second.
  let questionGap = Duration.seconds(1)

  /// How long a gateway may take to close a connection that the probe has ended.
  public var closeLimit = Duration.seconds(1)
  /// How long after the news of a lost link a new client's handshake outweighs it, where the news stands uncontradicted.
  let linkPatience = Duration.seconds(60)

  /// The intervals and limits that the probe is to have.
  public init() {}
}
