/**
 * Keeps the gateway from connecting to link-local addresses. In a cloud, the metadata service at such an address gives
 * away the machine's rights, and the gateway connects to addresses that an administrator chooses.
 *
 * Node checks the address of every attempt (`blockList`) rather than the name, so a name that resolves to a blocked
 * address is refused too, even if that changes later. `tls.connect` has no such list, so TLS starts on a plain
 * connection.
 */
import { BlockList, connect, isIP, type Socket } from 'node:net';
import { connect as beginTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** Node's error code for an attempt to reach a blocked address. */
export const BLOCKED = 'ERR_IP_BLOCKED';

/** An empty list, which blocks nothing. */
export const NOWHERE = new BlockList();

/**
 * RFC 3927 and RFC 4291 §2.5.6, and the metadata addresses outside of these ranges: Alibaba, Azure, Oracle, Amazon and
 * Google.
 */
export const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192'])
  LINK_LOCAL.addAddress(address, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
for (const address of ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'])
  LINK_LOCAL.addAddress(address, 'ipv6');
/**
 * Link-local IPv4 addresses embedded in IPv6, where a network translates them: RFC 4291 §2.5.5.1, RFC 2765 §2.1, NAT64
 * with its prefixes (RFC 6052 §2.1, RFC 8215 in both of its forms), 6to4 (RFC 3056 §2).
 */
const WITHIN_IPV6 = ['::a9fe:0', '::ffff:0:a9fe:0', '64:ff9b::a9fe:0', '64:ff9b:1::a9fe:0'];
for (const subnet of WITHIN_IPV6) LINK_LOCAL.addSubnet(subnet, 112, 'ipv6');
LINK_LOCAL.addSubnet('64:ff9b:1:a9fe::', 64, 'ipv6');
LINK_LOCAL.addSubnet('2002:a9fe::', 32, 'ipv6');

/** `blocked`: link-local addresses by default. */
export type Peer = { readonly host: string; readonly port: number; readonly blocked?: BlockList | undefined };

/** Opens a connection, with TLS where `tls` is given. Rejects with the system's error or the signal's reason. */
export async function openSocket(peer: Peer, tls: ConnectionOptions | null, signal: AbortSignal) {
  const { host, port, blocked = LINK_LOCAL } = peer;
  const plain = connect({ host, port, blockList: blocked });
  const giveUp = (): void => void plain.destroy(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    await reached(plain, 'connect');
    return tls === null ? plain : await secured(plain, host, tls);
  } catch (error) {
    plain.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function secured(plain: Socket, host: string, tls: ConnectionOptions): Promise<TLSSocket> {
  // RFC 6066 §3: a literal address is not a server name.
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = beginTls({ ...tls, ...named, host, socket: plain });
  await reached(socket, 'secureConnect');
  return socket;
}

function reached(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    socket.once(event, resolve);
  });
}
