package io.evenkeel.proxy;

/**
 * What all relays share that began on one loop under the same settings: they keep those for as long
 * as they last.
 */
record RelayTerms(Acceptor acceptor, ProxyContext context, SourceAddresses sources) {}
