/** Bodies that drip and answers that are hardly read, by three accounts at once, while another one is served. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { askAt, type Answer, type Door } from '../hostile/door.ts';
import { IDENTIFIED, many } from '../hostile/recipe.ts';
import { endsOf, sendAll } from '../hostile/send-instance.ts';
import { headOf } from './attack-slowly.ts';
import { attackWith, FIRST_BYTES, LAST_BYTES, type Attack, type Tools } from './attack.ts';
import { CROWD, CROWD_ROLES, type Callers } from './callers.ts';
import type { Operation } from './operations.ts';
import { requestsFor, type Target } from './targets.ts';

/** Connections of each account: dripping bodies, and slow readers, each of which makes the PACS work. */
const CONNECTIONS = 20;
const READERS = 8;
const EVERY_MS = 200;
const QUESTIONS = 3;
/** More of it than the system's buffers on the way. */
const LARGE = { instancesPerSeries: 2, rows: 2048, columns: 2048 };

const crowd = CROWD.slice(0, -1);
const honest = CROWD.at(-1)!;
const maySend = ({ callers }: Operation): boolean => CROWD_ROLES.every((role) => callers.includes(role));

/** `head`: of a request; `isReader`: its answer drips, not its body. */
type Slow = { readonly head: (door: Door) => string; readonly isReader: boolean };

/** The last answer to the honest account. Throws where that account is not served. */
async function serveBeside(
  callers: Callers,
  { head, isReader }: Slow,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const doors = await Promise.all(crowd.map((caller) => callers.doorOf(caller)));
  const slow = doors.map((door) =>
    many(isReader ? READERS : CONNECTIONS, () => openSlow(door, head(door), isReader)),
  );
  try {
    await Promise.all(slow.map((ofOne) => Promise.any(ofOne.map(({ begins }) => begins))));
    for (let count = 1; ; count += 1) {
      const said = await ask();
      if (said.status === 0 || said.status === 429 || said.status >= 500)
        throw new Error(`the honest account was answered ${said.status} ${said.code}`);
      if (count === QUESTIONS) return said;
    }
  } finally {
    for (const { end } of slow.flat()) end();
  }
}

function openSlow({ api }: Door, head: string, isReader: boolean) {
  const { hostname, port } = new URL(api);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined).write(head);
  const begins = once(socket, isReader ? 'readable' : 'connect');
  if (!isReader) socket.resume();
  const drips = setInterval(() => (isReader ? socket.read(1) : socket.write('{')), EVERY_MS);
  const end = (): void => {
    clearInterval(drips);
    socket.destroy();
  };
  return { begins, end };
}

export async function* attackBeside(
  tools: Tools,
  targets: readonly Target[],
  { operations, callers }: { readonly operations: readonly Operation[]; readonly callers: Callers },
): AsyncGenerator<Attack> {
  const named = { group: 'slow', caller: crowd.join('+') } as const;
  const bytes = crowd.length * CONNECTIONS;
  const readers = targets.filter(({ operation }) => maySend(operation));
  for (const target of new Map(readers.map((one) => [one.place.type, one])).values()) {
    const name = `${target.name} three-accounts-drip`;
    if (!tools.isChosen(name)) continue;
    yield* attackWith(tools, { ...named, name }, async () => {
      const { operation, kinds, place } = target;
      const body = kinds[0]!.make(FIRST_BYTES, place);
      const of = { caller: honest, addresses: tools.addresses, isRefused: true };
      const asked = (await requestsFor(target, body, of))[0]!;
      const head = ({ api, token }: Door): string =>
        headOf(target, new URL(`${api}${asked.path}`), token, operation.limit ?? LAST_BYTES / 4);
      const fire = () => serveBeside(callers, { head, isReader: false }, () => tools.ask(honest, asked));
      return { bytes, isRefused: false, fire };
    });
  }
  for (const { method, path } of operations) {
    const name = `${method} ${path} three-accounts-hardly-read`;
    if (!/^GET \/dicom-web\/[^{]+\{studyInstanceUID\}[^{]*$/.test(`${method} ${path}`)) continue;
    if (!tools.isChosen(name)) continue;
    yield* attackWith(tools, { ...named, name }, async () => {
      const at = path.replace(/\{\w+\}/, await storeLarge(await callers.doorOf(honest), tools.seed));
      const head = ({ api, token }: Door): string =>
        `GET ${at} HTTP/1.1\r\nHost: ${new URL(api).host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      const fire = async () =>
        serveBeside(callers, { head, isReader: true }, async () => askAt(await callers.doorOf(honest), at));
      return { bytes, isRefused: false, fire };
    });
  }
}

/** The study's UID, once it is in the PACS. */
async function storeLarge(door: Door, seed: number): Promise<string> {
  const { studyInstanceUID, instances } = syntheticStudy({ seed: 60_000 + seed, ...LARGE });
  const own = instances.map((one) => ({ ...one, ...one.identifiers }));
  const sent = await sendAll(door, own, IDENTIFIED);
  if ('refused' in sent) throw new Error(`a large study was refused: ${sent.refused}`);
  await endsOf(door, sent.uploadId);
  return studyInstanceUID;
}
