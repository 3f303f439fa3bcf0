package io.evenkeel.health;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom a check by TLS trusts.
 *
 * @param verified whether the certificate must be for the host asked for
 * @param resumes whether a session may be taken up again: the user's own decision
 */
record Tls(SSLContext context, boolean verified, boolean resumes) {

  private static final AtomicInteger unique = new AtomicInteger();

  /** Those whom the JVM trusts. */
  static Tls verifying() {
    return new Tls(newContext(null), true, false);
  }

  static Tls verifying(SSLContext context) {
    return new Tls(context, true, true);
  }

  static Tls trustingAnyone() {
    return new Tls(newContext(new TrustManager[] {new TrustsAnyone()}), false, false);
  }

  private static SSLContext newContext(TrustManager @Nullable [] trust) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust, null);
      // A session that is taken up again would be checked against the certificate of long ago.
      context.getClientSessionContext().setSessionTimeout(1);
      context.getClientSessionContext().setSessionCacheSize(1);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no TLS", e);
    }
  }

  /** Contexts of our own are alike; of users' ones each is another. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Tls that
        && verified == that.verified
        && resumes == that.resumes
        && (!resumes || context == that.context);
  }

  @Override
  public int hashCode() {
    return Objects.hash(verified, resumes);
  }

  /** An engine for one connection to a host of this name. */
  SSLEngine engine(String host, int port) {
    // Sessions are found by host and port; the port serves nothing else, and our own trust managers
    // do not ask for it.
    int hint = resumes ? port : unique.getAndIncrement() & Integer.MAX_VALUE;
    SSLEngine engine = context.createSSLEngine(host, hint);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    if (verified) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    if (HostNames.literal(host) == null) {
      try {
        parameters.setServerNames(List.of(new SNIHostName(host)));
      } catch (IllegalArgumentException e) {
        // No name that TLS could ask for; the certificate is compared with it all the same.
      }
    }
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** An extended one, for only of those the JDK expects that they look at the name, too. */
  private static final class TrustsAnyone extends X509ExtendedTrustManager {

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
