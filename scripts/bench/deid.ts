/**
 * The device's work on one CT slice, one thread, against dcmjs reading and writing the whole file. `ratio`:
 * our rate ÷ dcmjs's.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dcmjs from 'dcmjs';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { writeSlices } from '#testing/ct-slices.ts';
import type { BenchRow } from './row.ts';
import { sliceSource } from './slices.ts';

const SLICES = 40;
/** Long enough that a collection of garbage does not decide. */
const AT_LEAST_MS = 2_000;

/** Without this option dcmjs refuses to write the scanner's padded AE. */
const AS_THE_SCANNER_WROTE_IT = { allowInvalidVRLength: true };

type Slice = Uint8Array<ArrayBuffer>;

/** Slices a second; the first round warms up and is not counted. */
async function rateOf(slices: readonly Slice[], work: (bytes: Slice) => unknown): Promise<number> {
  for (const bytes of slices) await work(bytes);
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < AT_LEAST_MS) {
    for (const bytes of slices) await work(bytes);
    done += slices.length;
  }
  return (1000 * done) / (performance.now() - started);
}

async function parse(bytes: Uint8Array): Promise<ParsedInstance> {
  const outcome = await readInstance(bytesSource(bytes));
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  return outcome.instance;
}

const rateOfDcmjs = (slices: readonly Slice[]): Promise<number> =>
  rateOf(slices, (bytes) => dcmjs.data.DicomMessage.readFile(bytes.buffer).write(AS_THE_SCANNER_WROTE_IT));

const against =
  (dcmjsRate: number) =>
  (name: string, rate: number): BenchRow => ({
    name,
    ratio: rate / dcmjsRate,
    perSecond: Math.round(rate),
    dcmjsPerSecond: Math.round(dcmjsRate),
  });

async function withSlices<T>(work: (slices: readonly Slice[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  try {
    const paths = await writeSlices(await sliceSource(folder), folder, { count: SLICES, study: 1 });
    return await work(
      await Promise.all(paths.map(async (path): Promise<Slice> => new Uint8Array(await readFile(path)))),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reading alone. */
export function benchParse(say: (line: string) => void): Promise<readonly BenchRow[]> {
  return withSlices(async (slices) => {
    say(`${SLICES} slices read, against dcmjs reading and writing them`);
    return [against(await rateOfDcmjs(slices))('parse-vs-dcmjs', await rateOf(slices, parse))];
  });
}

/** Reading, de-identification, and both with the digest. */
export function benchDeid(say: (line: string) => void): Promise<readonly BenchRow[]> {
  return withSlices(async (slices) => {
    const rules = createRules([]);
    if (rules.kind !== 'ready') throw new Error('the Basic Profile has no options that can be refused');
    const pseudonyms = await createPseudonyms(new Uint8Array(32).fill(7));
    const deidentify = async (bytes: Slice) =>
      deidentifyInstance(await parse(bytes), rules.rules, pseudonyms);
    say(`${SLICES} slices, again and again`);
    const row = against(await rateOfDcmjs(slices));
    return [
      row('parse-vs-dcmjs', await rateOf(slices, parse)),
      row('deid-vs-dcmjs', await rateOf(slices, deidentify)),
      row(
        'deid-and-digest-vs-dcmjs',
        await rateOf(slices, async (bytes) => [
          await deidentify(bytes),
          createHash('sha256').update(bytes).digest(),
        ]),
      ),
    ];
  });
}
