/**
 * The recipes by which a gateway was stopped or filled, each with a mutation of its own for every seed. A
 * recipe says which answers are right; how long the gateway stood still meanwhile is measured around it.
 */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { rawData, sequenceOf, text } from './build-header.ts';
import { askAt, type Answer, type Door } from './door.ts';
import { announce, createParcel, manifestOf, sendInstances, type Instance } from './send-instance.ts';

export type Recipe = {
  readonly name: string;
  /** Everything that the gateway said: statuses, codes, or the ends of instances. */
  readonly run: (door: Door, size: Size) => Promise<readonly string[]>;
  /** The right answers; a stranger's is always 401. */
  readonly right: RegExp;
};

/** How large: `factor` 1 is what stopped a gateway, a short run takes less. `seed`: of the mutation. */
export type Size = { readonly factor: number; readonly seed: number };

/** A policy that cleans text (run-hostile.ts makes it). */
export const CLEANING = { name: 'cleaning', version: 1 } as const;
const DEIDENTIFIED = { name: 'deidentified', version: 1 } as const;
const IDENTIFIED = { name: 'identified', version: 1 } as const;
const GIB = 1024 ** 3;
const ADDITIONAL_PATIENT_HISTORY = 0x001021b0;

const oneOf = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T =>
  fc.sample(arbitrary, { seed, numRuns: 1 })[0]!;
const times = (count: number, factor: number): number => Math.max(1, Math.round(count * factor));
const said = ({ status, code }: Answer): string => code ?? String(status);
const many = (count: number, make: (at: number) => string): string[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** Sends an instance; a stranger learns at the announcement that there is nothing for it. */
const sends =
  (make: (size: Size) => Instance, policy: { name: string; version: number }): Recipe['run'] =>
  (door, size) =>
    sendInstances(door, [make(size)], policy);

const posts =
  (path: string, bodyOf: (size: Size) => Buffer, headers: Readonly<Record<string, string>>): Recipe['run'] =>
  async (door, size) => [
    said(
      await askAt(door, path, { method: 'POST', headers, body: new Blob([new Uint8Array(bodyOf(size))]) }),
    ),
  ];

const JSON_BODY = { 'content-type': 'application/json' };
const GZIP = { ...JSON_BODY, 'content-encoding': 'gzip' };

const HEADERS: readonly Recipe[] = [
  {
    name: 'many-uids',
    right: /^too-much-to-deidentify$/,
    run: sends(({ factor, seed }) => {
      const root = oneOf(fc.integer({ min: 1, max: 1e6 }), seed);
      return rawData(
        sequenceOf(times(400, factor), (at) => [
          text(0x00081155, 'UI', ...many(4_000, (one) => `1.${root}.${at * 4_000 + one}`)),
        ]),
      );
    }, DEIDENTIFIED),
  },
  {
    name: 'many-elements',
    right: /^(identity-remains|too-many-\w+|header-too-large|too-much-to-deidentify)$/,
    run: sends(({ factor, seed }) => {
      const each = oneOf(fc.integer({ min: 1, max: 6 }), seed);
      return rawData(
        sequenceOf(times(480_000 / (each + 1), factor), (at) =>
          Array.from({ length: each }, (_, one) => text(0x00280100 + one, 'IS', String(at))),
        ),
      );
    }, DEIDENTIFIED),
  },
  {
    // Orthanc takes minutes over ten times as many, and the others wait for it.
    name: 'many-elements-as-they-are',
    right: /^(stored|pacs-refused|too-many-\w+|header-too-large)$/,
    run: sends(
      ({ factor }) => rawData(sequenceOf(times(50_000, factor), (at) => [text(0x00200013, 'IS', `${at}`)])),
      IDENTIFIED,
    ),
  },
  {
    name: 'slow-text',
    right: /^(identity-remains|too-much-to-deidentify)$/,
    run: sends(({ factor, seed }) => {
      const unit = oneOf(
        fc.constantFrom('id-', 'patient  ', 'Aaaa.', '1.1.2024 ', 'a1 ', 'Z', 'x@y.', '(0', 'b1'),
        seed,
      );
      const long = unit.repeat(Math.floor(60_000 / unit.length));
      return rawData(
        text(0x00101040, 'LO', unit.repeat(300)),
        sequenceOf(times(8, factor), () => [text(ADDITIONAL_PATIENT_HISTORY, 'LT', long)]),
      );
    }, CLEANING),
  },
  {
    name: 'no-dicom',
    right: /^[a-z-]+$/,
    run: sends(({ factor, seed }) => {
      const whole = rawData(text(0x00081030, 'LO', 'head'));
      const cut = oneOf(fc.uint8Array({ minLength: 300, maxLength: times(5_000, factor) + 300 }), seed);
      return { ...whole, bytes: new Uint8Array(cut) };
    }, IDENTIFIED),
  },
];

/** A manifest of so many instances that nobody sends. */
function largeManifest({ factor, seed }: Size): Buffer {
  const root = oneOf(fc.integer({ min: 1, max: 1e9 }), seed);
  const one = rawData();
  const [instance] = manifestOf([one], IDENTIFIED).instances;
  const instances = Array.from({ length: times(20_000, factor) }, (_, at) => ({
    ...instance!,
    sopInstanceUID: `1.2.${root}.${at}`,
    digest: at.toString(16).padStart(64, '0'),
  }));
  return Buffer.from(JSON.stringify({ ...manifestOf([one], IDENTIFIED), instances }));
}

const BODIES: readonly Recipe[] = [
  {
    name: 'nested-json',
    right: /^(invalid-request|body-too-large)$/,
    run: posts(
      '/upload/init',
      ({ factor, seed }) =>
        gzipSync(oneOf(fc.constantFrom('[', '{"a":', '[['), seed).repeat(times(1_200_000, factor))),
      GZIP,
    ),
  },
  {
    name: 'gzip-bomb',
    right: /^body-too-large$/,
    run: posts('/upload/init', ({ factor }) => gzipSync(Buffer.alloc(times(200e6, factor), 0x20)), GZIP),
  },
  {
    name: 'wide-json',
    right: /^(invalid-request|too-many-instances)$/,
    run: posts(
      '/upload/init',
      ({ factor, seed }) =>
        Buffer.from(
          `{"instances":[${oneOf(fc.constantFrom('{}', '[]', '0', '""'), seed)}${',{}'.repeat(times(3_000_000, factor))}]}`,
        ),
      JSON_BODY,
    ),
  },
  {
    name: 'large-manifest',
    right: /^200$/,
    run: posts('/upload/init', (size) => gzipSync(largeManifest(size)), GZIP),
  },
  {
    name: 'one-byte-chunks',
    right: /^([a-z-]+|0|4\d\d)$/,
    run: async (door, { factor }) => {
      const count = times(500_000, factor);
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          for (let at = 0; at < 1_000; at += 1) controller.enqueue(Uint8Array.of(at & 0xff));
          sent += 1_000;
          if (sent >= count) controller.close();
        },
      });
      let sent = 0;
      const headers = { 'content-type': 'application/octet-stream' };
      return [said(await askAt(door, '/predict?model=pneumonia', { method: 'POST', headers, body }))];
    },
  },
];

const SUMS: readonly Recipe[] = [
  {
    name: 'many-parcels',
    right: /^(201|storage-full|quota-exceeded)$/,
    run: async (door, { factor, seed }) => {
      const bytes = oneOf(fc.integer({ min: GIB, max: 16 * GIB }), seed);
      const manifest = manifestOf([rawData()], IDENTIFIED);
      const announced = await announce(door, {
        ...manifest,
        instances: manifest.instances.map((one) => ({ ...one, bytes })),
      });
      if (announced.status !== 200) return [said(announced)];
      const { uploadId } = announced.body as { uploadId: string };
      const answers: string[] = [];
      for (let at = 0; at < times(16, factor) + 1; at += 1)
        answers.push(said(await createParcel(door, uploadId, bytes)));
      if (answers.filter((answer) => answer === '201').length > 1) answers.push('more than the upload needs');
      return answers;
    },
  },
  {
    name: 'many-promises',
    right: /^(200|quota-exceeded)$/,
    run: async (door, { factor }) => {
      const answers: string[] = [];
      for (let at = 0; at < times(20, factor) + 1; at += 1) {
        const manifest = manifestOf([rawData()], IDENTIFIED);
        const instances = manifest.instances.map((one) => ({ ...one, bytes: 16 * GIB }));
        answers.push(said(await announce(door, { ...manifest, instances })));
      }
      return answers;
    },
  },
];

const ODD: Recipe = {
  name: 'odd-parameters',
  right: /^(?!unexpected|5\d\d)/,
  run: async (door, { seed }) => {
    const value = encodeURIComponent(
      oneOf(fc.oneof(fc.string(), fc.constantFrom('0000-01-01', '1e400', '\0')), seed),
    );
    const paths = [
      `/results?cursor=${value}`,
      `/results?from=${value}`,
      `/results?cursor=1~${'-'.repeat(36)}`,
      `/metrics?from=${value}`,
      `/upload/${value || 'x'}/status`,
      `/results/${value || 'x'}`,
      `/jobs?limit=${value}`,
    ];
    return Promise.all(paths.map(async (path) => said(await askAt(door, path))));
  },
};

export const RECIPES: readonly Recipe[] = [...HEADERS, ...BODIES, ...SUMS, ODD];
