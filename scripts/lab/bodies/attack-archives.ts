/** Archives of three accounts at once, of which each entry is as large and as dense as it may be. */
import { setTimeout as after } from 'node:timers/promises';
import { fileStatusSchema } from '#shared/protocol/api.ts';
import { askAt, type Door } from '../hostile/door.ts';
import { DEIDENTIFIED, IDENTIFIED } from '../hostile/recipe.ts';
import { create, patchParcel } from '../hostile/send-instance.ts';
import { denseArchive } from './archive-body.ts';
import { attackWith, type Attack, type Tools } from './attack.ts';
import { CROWD, type Callers } from './callers.ts';

/** Three are on their way of one file at once, and one is being opened. */
const ENTRIES = 5;

const WITHIN_MS = 240_000;
const LOOK_MS = 200;

export async function* attackArchives(tools: Tools, callers: Callers): AsyncGenerator<Attack> {
  // A seed has one of them: they take a minute each.
  const policy = [IDENTIFIED, DEIDENTIFIED][tools.seed % 2]!.name;
  const name = `three-archives-as-${policy} dense-entries`;
  if (!tools.isChosen(name)) return;
  const crowd = CROWD.slice(0, -1);
  yield* attackWith(tools, { name, group: 'files', caller: crowd.join('+') }, () => {
    const archives = crowd.map(
      (_, at) => new Blob([new Uint8Array(denseArchive(ENTRIES, tools.seed + ENTRIES * at))]),
    );
    const bytes = archives.reduce((sum, { size }) => sum + size, 0);
    const fire = async () => {
      const ends = await Promise.all(
        crowd.map(async (caller, at) => sendArchive(await callers.doorOf(caller), archives[at]!, policy)),
      );
      return { status: 200, code: [...new Set(ends)].join() || null, body: null };
    };
    return { bytes, isRefused: false, fire };
  });
}

/** Until its instances are at the gateway; the reasons for those that are not taken. */
async function sendArchive(door: Door, archive: Blob, policy: string): Promise<string> {
  const { status, code, body } = await create(door, { filename: 'a.zip', policy }, archive.size);
  if (status !== 201) throw new Error(`an archive was answered ${status} ${code}`);
  const { location } = body as { readonly location: string };
  await patchParcel(door, location, archive);
  const path = location.replace('files/', '/upload/');
  for (const until = performance.now() + WITHIN_MS; performance.now() < until; await after(LOOK_MS)) {
    const { file, studies } = fileStatusSchema.parse((await askAt(door, `${path}/status`)).body);
    if (file.state === 'opened' && studies.every(({ state }) => state !== 'receiving'))
      return [file.problem, ...file.notTaken.map(({ reason }) => reason)].filter(Boolean).join();
  }
  throw new Error('an archive was not opened');
}
