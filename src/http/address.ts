/** Who a client is by its address, behind any number of proxies. */

/**
 * DRF's identity of a client (`BaseThrottle.get_ident`).
 *
 * @param forwardedFor the value of `X-Forwarded-For`, undefined when absent
 * @param remoteAddress the address of the peer
 * @param numProxies how many proxies stand in front. Null: nobody said, so the whole header without blanks counts,
 *   which a client can make up; 0: none, so the header is ignored; n: the n-th address from the end
 */
export function clientIdent(
  forwardedFor: string | undefined,
  remoteAddress: string,
  numProxies: number | null,
): string {
  if (numProxies === null) {
    const joined = forwardedFor?.split(/\s+/).join('') ?? '';
    return joined === '' ? remoteAddress : joined;
  }
  if (numProxies === 0 || forwardedFor === undefined) return remoteAddress;
  const addresses = forwardedFor.split(',');
  return addresses[addresses.length - Math.min(numProxies, addresses.length)]!.trim();
}
