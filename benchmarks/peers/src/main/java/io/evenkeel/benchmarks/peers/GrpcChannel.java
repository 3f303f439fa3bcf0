package io.evenkeel.benchmarks.peers;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ChannelLogger;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.LoadBalancerProvider;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SynchronizationContext;
import io.grpc.util.MultiChildLoadBalancer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * As much of a channel as a balancer needs to come to its picker: subchannels that are ready as
 * soon as they are asked to connect. Nothing of it is called by a pick.
 */
final class GrpcChannel extends LoadBalancer.Helper {

  /** What a call says of itself; only the ring's picker looks at it. */
  static final PickSubchannelArgs ARGS = args(CallOptions.DEFAULT);

  static final ClientStreamTracer.StreamInfo STREAM =
      ClientStreamTracer.StreamInfo.newBuilder().build();

  private final SynchronizationContext context =
      new SynchronizationContext(
          (thread, e) -> {
            throw new IllegalStateException(e);
          });
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "timer");
            thread.setDaemon(true);
            return thread;
          });
  private final Set<ReadySubchannel> connecting = new LinkedHashSet<>();
  private @Nullable ConnectivityState state;
  private SubchannelPicker picker =
      new SubchannelPicker() {
        @Override
        public PickResult pickSubchannel(PickSubchannelArgs args) {
          return PickResult.withNoResult();
        }
      };

  /** The picker that the balancer handed out last. */
  SubchannelPicker picker() {
    return picker;
  }

  /** The picker of a balancer all of whose servers are ready. */
  SubchannelPicker start(LoadBalancerProvider provider, int servers, @Nullable Object config) {
    List<EquivalentAddressGroup> addresses = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      addresses.add(
          new EquivalentAddressGroup(
              InetSocketAddress.createUnresolved("10.0." + (i >> 8) + "." + (i & 255), 80)));
    }
    LoadBalancer balancer = provider.newLoadBalancer(this);
    context.execute(
        () ->
            balancer.acceptResolvedAddresses(
                ResolvedAddresses.newBuilder()
                    .setAddresses(addresses)
                    .setLoadBalancingPolicyConfig(config)
                    .build()));
    if (connecting.isEmpty() && balancer instanceof MultiChildLoadBalancer parent) {
      // Those of a ring wait for their first keys.
      context.execute(
          () -> parent.getChildLbStates().forEach(child -> child.getLb().requestConnection()));
    }
    for (ReadySubchannel subchannel : connecting) {
      context.execute(subchannel::ready);
    }
    if (state != ConnectivityState.READY || connecting.size() != servers) {
      throw new IllegalStateException(state + ", " + connecting.size() + " of " + servers);
    }
    return picker;
  }

  @Override
  public Subchannel createSubchannel(CreateSubchannelArgs args) {
    return new ReadySubchannel(args.getAddresses());
  }

  @Override
  public void updateBalancingState(ConnectivityState newState, SubchannelPicker newPicker) {
    state = newState;
    picker = newPicker;
  }

  @Override
  public SynchronizationContext getSynchronizationContext() {
    return context;
  }

  @Override
  public ScheduledExecutorService getScheduledExecutorService() {
    return timer;
  }

  @Override
  public ChannelLogger getChannelLogger() {
    return new ChannelLogger() {
      @Override
      public void log(ChannelLogLevel level, String message) {}

      @Override
      public void log(ChannelLogLevel level, String format, Object... args) {}
    };
  }

  @Override
  public String getAuthority() {
    return "peers";
  }

  @Override
  public ManagedChannel createOobChannel(EquivalentAddressGroup group, String authority) {
    throw new UnsupportedOperationException();
  }

  private final class ReadySubchannel extends Subchannel {
    private final List<EquivalentAddressGroup> addresses;
    private @Nullable SubchannelStateListener listener;

    private ReadySubchannel(List<EquivalentAddressGroup> addresses) {
      this.addresses = addresses;
    }

    private void ready() {
      if (listener != null) {
        listener.onSubchannelState(ConnectivityStateInfo.forNonError(ConnectivityState.CONNECTING));
        listener.onSubchannelState(ConnectivityStateInfo.forNonError(ConnectivityState.READY));
      }
    }

    @Override
    public void start(SubchannelStateListener listener) {
      this.listener = listener;
    }

    @Override
    public void requestConnection() {
      connecting.add(this);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<EquivalentAddressGroup> getAllAddresses() {
      return addresses;
    }

    @Override
    public Attributes getAttributes() {
      return Attributes.EMPTY;
    }
  }

  /** A call of these options. */
  static PickSubchannelArgs args(CallOptions options) {
    return new Args(options);
  }

  private static final class Args extends PickSubchannelArgs {
    private final CallOptions options;
    private final Metadata headers = new Metadata();

    private Args(CallOptions options) {
      this.options = options;
    }

    @Override
    public CallOptions getCallOptions() {
      return options;
    }

    @Override
    public Metadata getHeaders() {
      return headers;
    }

    @Override
    public MethodDescriptor<?, ?> getMethodDescriptor() {
      throw new UnsupportedOperationException();
    }
  }
}
