/** Bodies that drip, at each port and each content type: many connections, a byte at a time. */
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { many } from '../hostile/recipe.ts';
import { attackTogether, type Attack, type Shot, type Tools } from './attack.ts';
import type { Callers } from './callers.ts';
import { weakest, type Target } from './targets.ts';

const CONNECTIONS = 20;
const BYTES = 64 * 1024;
const EVERY_MS = 50;
const DRIPS = 100;

export async function* attackSlowly(
  tools: Tools,
  targets: readonly Target[],
  { gateway, callers }: { readonly gateway: GatewayUnderTest; readonly callers: Callers },
): AsyncGenerator<Attack> {
  /** Targets, one of each content type. */
  const readers = [...new Map(targets.map((target) => [target.place.type, target])).values()];
  for (const [port, at] of [
    ['8080', gateway.api],
    ['3000', `${gateway.web}/api`],
  ] as const) {
    const shots: Shot[] = [];
    for (const target of readers) {
      const name = `${target.name} port-${port} drip`;
      const caller = weakest(target.operation);
      if (!tools.isChosen(name)) continue;
      shots.push({
        ...{ name, group: 'slow', caller, bytes: CONNECTIONS * DRIPS, isRefused: false },
        async fire() {
          const [path] = await tools.addresses.real(target.operation, caller);
          const { token } = await callers.doorOf(caller);
          const head = headOf(target, new URL(`${at}${path}`), token);
          const { hostname, port: to } = new URL(at);
          await Promise.all(many(CONNECTIONS, () => drip({ host: hostname, port: Number(to) }, head)));
          return { status: 0, code: null, body: null };
        },
      });
    }
    if (shots.length > 0) yield* attackTogether(tools, shots);
  }
}

export function headOf(
  { operation, place }: Target,
  { pathname, search, host }: URL,
  token: string | null,
  bytes = BYTES,
): string {
  return [
    `${operation.method} ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    `Content-Type: ${place.type}${/^multipart/.test(place.type) ? '; boundary=b' : ''}`,
    `Content-Length: ${bytes}`,
    '\r\n',
  ].join('\r\n');
}

/** Until the gateway has enough of it, or all drips have fallen. */
async function drip(to: { readonly host: string; readonly port: number }, head: string): Promise<void> {
  const socket = connect(to);
  socket.on('error', () => undefined).resume();
  socket.write(head);
  for (let count = 0; count < DRIPS && !socket.destroyed; count += 1) {
    socket.write('{');
    await after(EVERY_MS);
  }
  socket.destroy();
}
