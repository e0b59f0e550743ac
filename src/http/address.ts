/** Who a client is by its address, behind any number of proxies. */

import { isIPv6 } from 'node:net';

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

/**
 * The same identity with each IPv6 address in it cut to its network (`2001:db8:0:0:0:0:0:0/64`), and each one that stands for an
 * IPv4 address (RFC 4291, 2.5.5.2) as that one. What is no IPv6 address stays as it is.
 *
 * @param ident addresses with commas between them
 * @param prefixLength bits of the network, 1 to 128
 */
export function groupIpv6(ident: string, prefixLength: number): string {
  if (!ident.includes(':')) return ident;
  return ident
    .split(',')
    .map((address) => networkOf(address, prefixLength))
    .join(',');
}

function networkOf(address: string, prefixLength: number): string {
  if (!isIPv6(address)) return address;
  const groups = parseGroups(address);
  const [high, low] = [groups[6]!, groups[7]!];
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  }
  const network = groups.map((group, i) => {
    const hostBits = Math.min(16, Math.max(0, 16 * (i + 1) - prefixLength));
    return (group >> hostBits) << hostBits;
  });
  return `${network.map((group) => group.toString(16)).join(':')}/${String(prefixLength)}`;
}

/** The eight groups of an IPv6 address; its zone (`fe80::1%eth0`), which is the server's own matter, is left out. */
function parseGroups(address: string): number[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const [before, after] = [readGroups(head), readGroups(tail ?? '')];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function readGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number];
    return [(a << 8) | b, (c << 8) | d];
  });
}
