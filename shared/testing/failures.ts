/**
 * The traces of a test that failed, in `out/failures/FILE/TITLE/`: whatever was opened for it (a browser, a gateway)
 * writes there what it knows, before the test tidies up.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

type Keep = (folder: string) => Promise<void>;

/** `RELAY_TEST_FAILURES`: where a test looks at the traces of tests that fail on purpose. */
export const FAILURES =
  process.env.RELAY_TEST_FAILURES ?? fileURLToPath(new URL('../../out/failures', import.meta.url));
/** A browser that hangs tells nothing. */
const TOLD_WITHIN_MS = 20_000;

const keeps = new Set<Keep>();
/** Taken back during the test that runs. */
const takenBack = new Set<Keep>();
const kept = new WeakSet<Error>();
const places = new Set<string>();
/** Traces that are being written. */
const pending = new Set<Promise<void>>();
const now = { file: 'by hand', title: '' };

/**
 * Called at a failure, until the end of the test in which the returned function is called: many tests tidy up before
 * their failure is known.
 */
export function atFailure(keep: Keep): () => void {
  keeps.add(keep);
  takenBack.delete(keep);
  return () => void takenBack.add(keep);
}

export function beginFile(file: string): void {
  now.file = file;
  now.title = 'outside of its tests';
}

export function beginTest(title: string): void {
  now.title = title;
  for (const keep of takenBack) keeps.delete(keep);
  takenBack.clear();
}

const slug = (text: string): string => text.replaceAll(/[^\p{L}\p{N}.]+/gu, '-').slice(0, 100);

/** Where the traces of the file's tests lie. */
export const failuresOf = (file: string): string => join(FAILURES, ...file.split('/').map(slug));

type Place = { readonly file: string; readonly title: string };

/** A folder for each failure, and for each round of `--repeat`. */
function nextPlace({ file, title }: Place): string {
  const { RELAY_TEST_ROUND: round } = process.env;
  const first = join(failuresOf(file), `${slug(title)}${round === undefined ? '' : `-round-${round}`}`);
  let place = first;
  for (let nth = 2; places.has(place); nth += 1) place = `${first}-${nth}`;
  places.add(place);
  return place;
}

/** Once for each error: whoever closes a page before the test ends asks first. Throws nothing. */
export function keepFailure(error: unknown, at: Place = { ...now }): Promise<void> {
  const work = keepOnce(error, at).finally(() => pending.delete(work));
  pending.add(work);
  return work;
}

/** Until everything is written that is being kept: before the process ends. */
export async function untilKept(): Promise<void> {
  await Promise.all(pending);
}

async function keepOnce(error: unknown, at: Place): Promise<void> {
  if (error instanceof Error) {
    if (kept.has(error)) return;
    kept.add(error);
  }
  const folder = nextPlace(at);
  const late = new Promise((resolve) => setTimeout(resolve, TOLD_WITHIN_MS).unref());
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'error.txt'), `${at.title}\n\n${inspect(error, { depth: 8 })}\n`);
    await Promise.race([late, Promise.allSettled([...keeps].map((keep) => keep(folder)))]);
  } catch (fault) {
    process.stderr.write(`nothing could be kept of ${at.title}: ${String(fault)}\n`);
  }
}
