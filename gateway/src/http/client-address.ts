/**
 * The address that a request comes from. `X-Forwarded-For` is believed only from the proxies of RELAY_TRUSTED_PROXIES,
 * because anybody can send it. It is read from the right: each proxy appends the address of its own caller.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** The trusted proxies. */
export type TrustedProxies = { has(address: string): boolean };

/** IPv4 as it appears on a socket of both families (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address of the socket's peer; a mapped IPv4 address is given as IPv4. */
export const peerAddress = (address: string): string => MAPPED.exec(address)?.[1] ?? address;
const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

/**
 * The least prefix length that is accepted. All private networks are within it; a wider block would include much of the
 * internet.
 */
const WIDEST_BITS = { ipv4: 8, ipv6: 7 } as const;

/** Parses addresses or CIDR blocks of both families. Null where an entry is neither, or is too wide. */
export function parseProxies(entries: readonly string[]): TrustedProxies | null {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits, ...more] = entry.split('/');
    const most = isIPv4(address) ? 32 : 128;
    if (isIP(address) === 0 || more.length > 0) return null;
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= most && Number(bits) >= WIDEST_BITS[familyOf(address)])
      list.addSubnet(address, Number(bits), familyOf(address));
    else return null;
  }
  return { has: (address) => isIP(address) !== 0 && list.check(address, familyOf(address)) };
}

/**
 * The nearest address that is not a trusted proxy's. `peer`: the peer of the connection. An entry that is not an
 * address ends the search, because the rest could come from anybody.
 */
export function clientAddress(peer: string, forwarded: string | undefined, proxies: TrustedProxies): string {
  let nearest = peerAddress(peer);
  const hops = (forwarded ?? '').split(',').map((hop) => peerAddress(hop.trim()));
  while (hops.length > 0 && proxies.has(nearest)) {
    const hop = hops.pop()!;
    if (isIP(hop) === 0) break;
    nearest = hop;
  }
  return nearest;
}

/**
 * The network by which limits count: a whole IPv4 address, or the first 64 bits of an IPv6 address. A single machine
 * may use all addresses of such a network (RFC 4291 §2.5.4).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
