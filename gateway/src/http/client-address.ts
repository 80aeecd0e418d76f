/**
 * The address that a request comes from. `X-Forwarded-For` is believed from the proxies of RELAY_TRUSTED_PROXIES
 * alone, for anybody can send it, and read from the right: each proxy adds the address that it was called from.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** The proxies that are believed. */
export type TrustedProxies = { has(address: string): boolean };

/** IPv4 as it appears on a socket of both families (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address of a socket's other end, IPv4 as such. */
export const peerAddress = (address: string): string => MAPPED.exec(address)?.[1] ?? address;
const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

/** All private addresses fit into blocks of this size; a wider one is half the world, and anybody is in it. */
const WIDEST_BITS = { ipv4: 8, ipv6: 7 } as const;

/** Addresses or CIDR blocks, of both families. Null where one of them is neither, or is too wide. */
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
 * The nearest address that is not a trusted proxy's. `peer`: the other end of the connection. An entry that is no
 * address ends the search, for what is left of it may be anybody's.
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
 * The network that limits count by: an IPv4 address; of an IPv6 address the first 64 bits, which are one
 * network (RFC 4291 §2.5.4): a single machine has all the others to itself.
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
