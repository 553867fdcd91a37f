package jclient;

import ibgateway.GWClient;
import java.io.IOException;

/** Where IBC begins TWS. */
public class LoginFrame {
  public static void main(String[] arguments) throws IOException {
    GWClient.main(arguments);
  }
}
