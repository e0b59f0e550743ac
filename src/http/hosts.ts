/** Which hosts a site answers for, by Django's rules. */

/**
 * Whether a host is the one that `pattern` names; with a dot in front, the pattern means the domain and everything
 * below it. `host` is compared as it is, so make it lower case where case doesn't count.
 */
export function isSameDomain(host: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted === '') return false;
  return host === wanted || (wanted.startsWith('.') && (host.endsWith(wanted) || host === wanted.slice(1)));
}

const HOST = /^([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[0-9]+)?$/;

/**
 * Whether the value of a `Host` header is well formed and among the allowed ones.
 * @param allowed domains, `.example.com` for a domain and everything below it, `*` for any
 */
export function isAllowedHost(header: string, allowed: readonly string[]): boolean {
  const domain = HOST.exec(header.toLowerCase())?.[1]?.replace(/\.$/, '') ?? '';
  return domain !== '' && allowed.some((pattern) => pattern === '*' || isSameDomain(domain, pattern));
}
