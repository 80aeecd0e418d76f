/**
 * The device's work on one CT slice, one thread, against dcmjs reading and writing the whole file, and against an
 * earlier checkout of ours (`--before=FOLDER`). `ratio`: our rate ÷ theirs. Rates are those of the processor's
 * time, in turns within one process, so that other work on the machine does not decide.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import dcmjs from 'dcmjs';
import { deidentifyInstance, type DeidentifyOutcome } from '#shared/deid/deidentify-instance.ts';
import { pseudonymsOf } from '#testing/deidentified-file.ts';
import { createRules } from '#shared/deid/rules.ts';
import { readSegments } from '#shared/deid/segments.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { PIXEL_DATA } from '#shared/dicom/tags.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { writeSlices } from '#testing/ct-slices.ts';
import type { BenchOptions, BenchRow } from './row.ts';
import { sliceSource } from './slices.ts';

const SLICES = 40;
/** Milliseconds of each work in each turn: long enough that a collection of garbage does not decide. */
const TURN_MS = 250;
const TURNS = 9;

/** Without this option dcmjs refuses to write the scanner's padded AE. */
const AS_THE_SCANNER_WROTE_IT = { allowInvalidVRLength: true };

type Slice = Uint8Array<ArrayBuffer>;

/** Something that is done with each of these slices. */
interface Work {
  readonly slices: readonly Slice[];
  readonly work: (bytes: Slice) => unknown;
}

/** Slices a second of the processor's time. */
async function turnOf({ slices, work }: Work): Promise<number> {
  const before = process.cpuUsage();
  let ms = 0;
  let done = 0;
  while (ms < TURN_MS) {
    for (const bytes of slices) await work(bytes);
    done += slices.length;
    const { user, system } = process.cpuUsage(before);
    ms = (user + system) / 1000;
  }
  return (1000 * done) / ms;
}

/** The median rate of each work; the first turn warms up and is not counted. */
async function ratesOf<Name extends string>(
  works: Readonly<Record<Name, Work>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(works) as Name[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (const name of names) await turnOf(works[name]);
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const name of names) rates[name].push(await turnOf(works[name]));
  const medians = names.map((name) => [name, rates[name].toSorted((a, b) => a - b)[TURNS >> 1]!]);
  return Object.fromEntries(medians) as Record<Name, number>;
}

async function parse(bytes: Uint8Array): Promise<ParsedInstance> {
  const outcome = await readInstance(bytesSource(bytes));
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  return outcome.instance;
}

const readAndWrite = (bytes: Slice): unknown =>
  dcmjs.data.DicomMessage.readFile(bytes.buffer).write(AS_THE_SCANNER_WROTE_IT);

const against =
  (theirs: string, theirRate: number) =>
  (name: string, rate: number): BenchRow => ({
    name: `${name}-vs-${theirs}`,
    ratio: rate / theirRate,
    perSecond: Math.round(rate),
    [`${theirs}PerSecond`]: Math.round(theirRate),
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
    const rates = await ratesOf({
      dcmjs: { slices, work: readAndWrite },
      parse: { slices, work: parse },
    });
    return [against('dcmjs', rates.dcmjs)('parse', rates.parse)];
  });
}

const BITS_STORED = 0x00280101;
const HIGH_BIT = 0x00280102;
const BITS = 12;

/** The slice as one of 12 bits, little endian. `stray`: bits that no pixel uses stand above them. */
async function asTwelveBits(bytes: Slice, stray: number): Promise<Slice> {
  const { elements } = await parse(bytes);
  const changed = Uint8Array.from(bytes);
  const view = new DataView(changed.buffer);
  for (const { tag, valueOffset, valueLength } of elements) {
    if (tag === BITS_STORED) view.setUint16(valueOffset, BITS, true);
    if (tag === HIGH_BIT) view.setUint16(valueOffset, BITS - 1, true);
    if (tag !== PIXEL_DATA) continue;
    for (let at = valueOffset; at < valueOffset + valueLength; at += 2)
      // Positive, so that no sign has to be repeated above them.
      view.setUint16(at, (view.getUint16(at, true) & 0x07ff) | stray, true);
  }
  return changed;
}

/** Every option that keeps or cleans something; dates move. */
const ALL_OPTIONS = [
  'clean-descriptors',
  'clean-graphics',
  'clean-structured-content',
  'retain-device-identity',
  'retain-institution-identity',
  'retain-longitudinal-modified-dates',
  'retain-patient-characteristics',
  'retain-safe-private',
];

type Deidentify = (bytes: Slice) => Promise<DeidentifyOutcome>;

async function ourDeidentifier(options: readonly string[]): Promise<Deidentify> {
  const rules = createRules(options);
  if (rules.kind !== 'ready') throw new Error('these options are all available');
  const pseudonyms = await pseudonymsOf(7);
  return async (bytes) => deidentifyInstance(await parse(bytes), rules.rules, pseudonyms);
}

/** By the code of another checkout; its modules have these names, whatever else has changed in them. */
async function theirDeidentifier(folder: string, options: readonly string[]): Promise<Deidentify> {
  const load = async (path: string) =>
    (await import(pathToFileURL(join(folder, path)).href)) as Record<
      string,
      (...given: unknown[]) => unknown
    >;
  const { readInstance: read } = await load('shared/src/dicom/part10.ts');
  const { bytesSource: sourceOf } = await load('shared/src/dicom/byte-source.ts');
  const { createRules: rulesOf } = await load('shared/src/deid/rules.ts');
  const { deidentifyInstance: deidentify } = await load('shared/src/deid/deidentify-instance.ts');
  const { createPseudonyms } = await load('shared/src/deid/pseudonyms.ts');
  const testing = await load('shared/testing/deidentified-file.ts');
  const pseudonyms = await (testing['pseudonymsOf']?.(7) ?? createPseudonyms!(new Uint8Array(32).fill(7)));
  const { rules } = rulesOf!(options) as { readonly rules: unknown };
  return async (bytes) => {
    const { instance } = (await read!(sourceOf!(bytes))) as { readonly instance: unknown };
    return (await deidentify!(instance, rules, pseudonyms)) as DeidentifyOutcome;
  };
}

async function againstBefore(slices: readonly Slice[], folder: string): Promise<readonly BenchRow[]> {
  const rates = await ratesOf({
    before: { slices, work: await theirDeidentifier(folder, []) },
    deid: { slices, work: await ourDeidentifier([]) },
    allBefore: { slices, work: await theirDeidentifier(folder, ALL_OPTIONS) },
    all: { slices, work: await ourDeidentifier(ALL_OPTIONS) },
  });
  return [
    against('before', rates.before)('deid', rates.deid),
    against('before', rates.allBefore)('deid-all-options', rates.all),
  ];
}

async function writing(deidentify: Deidentify, bytes: Slice): Promise<number> {
  const outcome = await deidentify(bytes);
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  let written = 0;
  for await (const piece of readSegments(outcome.segments, bytesSource(bytes))) written += piece.length;
  return written;
}

/**
 * Reading, de-identification of a header whose pixels have no unused bits under the plain profile and under all
 * options, and with the digest; then of pixels with unused bits, which are walked, and cleared in bytes that are
 * written.
 */
export function benchDeid(
  say: (line: string) => void,
  { before }: BenchOptions,
): Promise<readonly BenchRow[]> {
  return withSlices(async (slices) => {
    const deidentify = await ourDeidentifier([]);
    const walked = await Promise.all(slices.map((bytes) => asTwelveBits(bytes, 0)));
    const stray = await Promise.all(slices.map((bytes) => asTwelveBits(bytes, 0x2000)));
    say(`${SLICES} slices, again and again`);
    const { dcmjs: peer, ...rates } = await ratesOf({
      dcmjs: { slices, work: readAndWrite },
      parse: { slices, work: parse },
      deid: { slices, work: deidentify },
      'deid-all-options': { slices, work: await ourDeidentifier(ALL_OPTIONS) },
      'deid-and-digest': {
        slices,
        work: async (bytes) => [await deidentify(bytes), createHash('sha256').update(bytes).digest()],
      },
      'deid-walks-pixel-bits': { slices: walked, work: deidentify },
      'deid-clears-pixel-bits': { slices: stray, work: (bytes) => writing(deidentify, bytes) },
    });
    const rows = Object.entries(rates).map(([name, rate]) => against('dcmjs', peer)(name, rate));
    return before === null ? rows : [...rows, ...(await againstBefore(slices, before))];
  });
}
