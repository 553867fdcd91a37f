extension Target {
  /// Everything that reads bytes of others, in the order in which the bytes come closer.
  static var all: [Target] {
    [
      frames, hello, sniffer, messages, numbers, gateway, lines, ibc, account, template, properties, settings,
      redaction, ranges,
      logins, observation, status, clients, answers, processes, sockets, query, faults, server, client, trader, tailnet,
      serve,
    ]
  }
}
