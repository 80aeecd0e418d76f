/** The largest films that a model may be asked about, each question by the name of a model that is served. */
import { setTimeout as after } from 'node:timers/promises';
import { FORM_LIMITS } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { rleFilm, waveletFilm } from '../hostile/build-header.ts';
import type { Answer } from '../hostile/door.ts';
import { many } from '../hostile/recipe.ts';
import type { Instance } from '../hostile/send-instance.ts';
import { attackWith, type Attack, type Tools } from './attack.ts';
import { weakest } from './targets.ts';
import type { Operation } from './operations.ts';

const BOUNDARY = 'b'.repeat(60);
const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.dcm"\r\n\r\n`;
const END = `--${BOUNDARY}--\r\n`;
/** The room of headers, fields and delimiters. */
const HEAD_BYTES = 4096;
const LOOK_MS = 500;
/** Bytes of a decoded pixel: one of 8 bits, and its grey. */
const PIXEL_BYTES = 1 + Float32Array.BYTES_PER_ELEMENT;

type Model = { readonly id: string; readonly active: string | null };
type Job = { readonly id: string; readonly state: string };

/** The largest of their kind, by its name. */
const FILMS = {
  'largest-wavelet-films': waveletFilm,
  'largest-films': () => rleFilm(Math.floor(Math.sqrt(FORM_LIMITS.pictureBytes / PIXEL_BYTES))),
} as const;
const KINDS = Object.keys(FILMS);

export async function* attackModels(tools: Tools, operations: readonly Operation[]): AsyncGenerator<Attack> {
  const takers = operations.filter(
    ({ method, parameters }) => method === 'POST' && parameters.some(({ name }) => name === 'model'),
  );
  for (const operation of takers) {
    const caller = weakest(operation);
    for (const [films, film] of Object.entries(FILMS)) {
      const name = `${operation.method} ${operation.path} ${films}`;
      if (!tools.isChosen(name)) continue;
      yield* attackWith(tools, { name, group: 'files', caller }, async () => {
        const { body: listed } = await tools.ask(caller, { method: 'GET', path: '/models' });
        const served = (listed as { readonly models: readonly Model[] }).models.filter(
          ({ active }) => active,
        );
        const model = served[tools.seed % served.length]!.id;
        // A seed fills the batch with one kind: each takes a minute.
        const isWhole = operation.path.endsWith('/batch') && films === KINDS[tools.seed % KINDS.length];
        const body = formOf(film, isWhole ? FORM_LIMITS.files : 1);
        const asked = {
          ...{ method: 'POST', path: `${operation.path}?model=${model}&cache=false`, body },
          headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        };
        const fire = async () => ended(tools, caller, await tools.ask(caller, asked));
        return { bytes: body.length, isRefused: false, fire };
      });
    }
  }
}

/** A form of as many bytes as it may have. */
function formOf(make: () => Instance, count: number): Buffer {
  const bytes = Math.min(FORM_LIMITS.fileBytes, Math.floor(FORM_LIMITS.filesBytes / count)) - HEAD_BYTES;
  const films = many(count, () => {
    const film = make().bytes;
    // PS3.10 §7.2: Data Set Trailing Padding.
    const padding = Buffer.alloc(Math.max(12, bytes - film.length));
    padding.write('fcfffcff4f420000', 'hex');
    padding.writeUInt32LE(padding.length - 12, 8);
    return [Buffer.from(HEAD), film, padding, Buffer.from('\r\n')];
  });
  return Buffer.concat([...films.flat(), Buffer.from(END)]);
}

/** The answer, once its jobs have ended too. Throws where it is a refusal. */
async function ended({ ask }: Tools, caller: string, said: Answer): Promise<Answer> {
  if (said.status >= 300) throw new Error(`the films were answered ${said.status} ${said.code}`);
  const { jobs = [said.body as Partial<Job>] } = said.body as { readonly jobs?: readonly Partial<Job>[] };
  for (const { id, state } of jobs)
    for (let now = state; now === 'queued' || now === 'running'; await after(LOOK_MS))
      now = ((await ask(caller, { method: 'GET', path: `/jobs/${id}` })).body as Job).state;
  return said;
}
