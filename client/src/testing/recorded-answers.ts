/**
 * For tests: answers of the gateway in every state that a page must show, with a drawn picture and drawn
 * maps. They contain no real person.
 */
import { readFileSync } from 'node:fs';
import { encode } from 'fast-png';
import type { Finding, Job, Result, ResultInstance } from '#shared/protocol/inference.ts';
import type { Model, ModelVersion } from '../results/parts/answers.ts';

const DIGEST = '95bab9d20acef01d0031801821461408e88cd032341d92407366b6774cabf47a';
export const STUDY = '2.25.329800735698586629295641978511506172918';
export const idOf = (number: number): string =>
  `0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c${String(number).padStart(4, '0')}`;

export function recordedFinding(some: Partial<Finding> = {}): Finding {
  return {
    model: { id: 'pneumonia', version: '1.0.0', digest: DIGEST, runtime: 'onnxruntime-node 1.30.0 cpu' },
    input: {
      digest: DIGEST.replaceAll('9', 'a'),
      kind: 'dicom',
      rows: 480,
      columns: 560,
      frame: 0,
      studyInstanceUID: STUDY,
      seriesInstanceUID: `${STUDY}1`,
      sopInstanceUID: `${STUDY}2`,
      sopClassUID: '1.2.840.10008.5.1.4.1.1.1.1',
    },
    image: { kind: 'CXR', probability: 0.9871 },
    population: 'inside',
    film: [],
    probabilities: [
      { name: 'normal', probability: 0.112 },
      { name: 'bacterial pneumonia', probability: 0.724 },
      { name: 'viral pneumonia', probability: 0.164 },
    ],
    score: 0.888,
    threshold: 0.212,
    positive: true,
    lungs: {
      fraction: 0.384,
      right: { fraction: 0.201, marked: 0.43 },
      left: { fraction: 0.183, marked: 0.06 },
    },
    camPeak: [11, 6],
    explanations: ['image', 'cam', 'integrated-gradients', 'lung-fields'],
    completeness: { sum: 0.7761, difference: 0.7764 },
    rationale: [
      'The score of 0.89 is above the threshold of 0.21: of 100 films with pneumonia in the test set, 99 were above it, and of 100 without, 23.',
      'The map is strongest in the lower half of the right lung and marks 43 % of it; of the left lung it marks 6 %.',
    ],
    limits: [
      'Children of about 1 to 5 years, one hospital, antero-posterior chest radiographs: everything else is outside its population.',
      'No label exists for effusion, pneumothorax or anything but pneumonia.',
    ],
    warnings: [],
    intendedUse: 'Demonstration and triage order only. NOT FOR DIAGNOSTIC USE.',
    ...some,
  };
}

export function recordedInstance(some: Partial<ResultInstance> = {}): ResultInstance {
  return {
    kind: 'SR',
    sopInstanceUID: `${STUDY}3`,
    seriesInstanceUID: `${STUDY}4`,
    state: 'stored',
    revision: 1,
    digest: DIGEST,
    receipt: { id: idOf(700), issuedAt: '2026-11-20T12:01:00.000Z' },
    ...some,
  };
}

export function recordedResult(
  number: number,
  some: Partial<Result> = {},
  finding: Partial<Finding> = {},
): Result {
  return {
    id: idOf(number),
    jobId: idOf(900 + number),
    createdAt: new Date(Date.UTC(2026, 10, 20, 12, 60 - number)).toISOString(),
    requestedBy: idOf(500),
    finding: recordedFinding(finding),
    cached: false,
    disagreement: null,
    instances: [
      recordedInstance(),
      recordedInstance({ kind: 'SEG', sopInstanceUID: `${STUDY}5`, state: 'posting', receipt: null }),
      recordedInstance({ kind: 'SC', sopInstanceUID: `${STUDY}6` }),
    ],
    verification: null,
    revision: 1,
    ...some,
  };
}

/** The result as the gateway tells it after this verdict, with the report that says so. */
export function afterVerdict(
  result: Result,
  { verdict, finding, reason }: Pick<NonNullable<Result['verification']>, 'verdict' | 'finding' | 'reason'>,
): Result {
  const verification = {
    ...{ verdict, finding: finding ?? null, reason: reason ?? null },
    ...{ at: new Date().toISOString(), by: idOf(501), byName: 'rahel' },
  };
  const revision = result.revision + 1;
  return {
    ...result,
    revision,
    instances: [...result.instances, recordedInstance({ revision, sopInstanceUID: `${STUDY}9${revision}` })],
    verification,
    history: [...(result.history ?? []), verification],
  };
}

/** The fields of a finding without a model's answer. */
const SILENT = {
  probabilities: null,
  score: null,
  threshold: null,
  positive: null,
  camPeak: null,
  completeness: null,
  lungs: null,
  rationale: [],
};
const BY_FILE = {
  digest: DIGEST.replaceAll('1', 'b'),
  kind: 'png',
  rows: 300,
  columns: 400,
  frame: 0,
} as const;
const BELOW = {
  score: 0.096,
  positive: false,
  probabilities: [
    { name: 'normal', probability: 0.904 },
    { name: 'bacterial pneumonia', probability: 0.067 },
    { name: 'viral pneumonia', probability: 0.029 },
  ],
};

/**
 * Above, below, outside the population, no chest film, another version in its place, lung fields, a lone
 * picture.
 */
export function recordedResults(): Result[] {
  const { lungs, model } = recordedFinding();
  const explanations: Finding['explanations'] = ['image', 'lung-fields'];
  return [
    recordedResult(1),
    belowAndAgreed(),
    recordedResult(3, {}, { ...SILENT, population: 'outside', explanations, lungs }),
    noChestFilm(),
    otherVersion(),
    recordedResult(6, {}, { ...SILENT, model: { ...model, id: 'lung-fields' }, lungs, explanations }),
    recordedResult(7, { instances: [], requestedBy: null }, { ...BELOW, input: BY_FILE }),
  ];
}

function belowAndAgreed(): Result {
  const verification = {
    verdict: 'agree',
    finding: null,
    at: '2026-11-20T12:40:00.000Z',
    by: idOf(501),
    byName: 'rahel',
  } as const;
  return recordedResult(2, { verification, revision: 2 }, BELOW);
}

function noChestFilm(): Result {
  return recordedResult(
    4,
    { instances: [] },
    {
      ...SILENT,
      image: { kind: 'other', probability: 0.93 },
      film: ['rotated', 'inverted'],
      explanations: ['image'],
      input: BY_FILE,
    },
  );
}

function otherVersion(): Result {
  const verification = {
    verdict: 'correct',
    finding: 'viral pneumonia',
    at: '2026-11-19T08:12:00.000Z',
    by: idOf(501),
  } as const;
  const insteadOf = { id: 'pneumonia', version: '1.0.0' };
  return recordedResult(
    5,
    {
      cached: true,
      disagreement: { device: 0.31, gateway: 0.888, difference: 0.578 },
      verification,
    },
    {
      population: 'unknown',
      film: ['lungs-cut-off'],
      model: { ...recordedFinding().model, version: '0.9.0', insteadOf },
    },
  );
}

export function recordedJob(number: number, some: Partial<Job> = {}): Job {
  return {
    id: idOf(900 + number),
    state: 'running',
    model: { id: 'pneumonia', version: '1.0.0' },
    priority: 0,
    progress: { done: 1, of: 3 },
    attempt: 1,
    error: null,
    results: [],
    studyInstanceUID: STUDY,
    createdAt: new Date().toISOString(),
    startedAt: new Date().toISOString(),
    finishedAt: null,
    ...some,
  };
}

export function recordedModels(): Model[] {
  const versionOf = (id: string, version: string, some: Partial<ModelVersion> = {}): ModelVersion => ({
    id,
    version,
    digest: DIGEST,
    state: 'active',
    because: null,
    bytes: 262_212,
    addedAt: '2026-11-20T10:00:00.000Z',
    activatedAt: '2026-11-20T10:00:00.000Z',
    card: JSON.parse(readFileSync(new URL(`../../../shared/models/${id}.json`, import.meta.url), 'utf8')),
    ...some,
  });
  return [
    {
      id: 'image-kind',
      title: 'What is this image?',
      task: 'classification',
      active: '1.0.0',
      fallback: null,
      versions: [versionOf('image-kind', '1.0.0')],
    },
    {
      id: 'lung-fields',
      title: 'Lung fields',
      task: 'segmentation',
      active: null,
      fallback: null,
      versions: [versionOf('lung-fields', '1.0.0', { state: 'failed', because: 'unexpected' })],
    },
    {
      id: 'pneumonia',
      title: 'Pneumonia on a paediatric chest radiograph',
      task: 'classification',
      active: '1.0.0',
      fallback: { id: 'pneumonia', version: '0.9.0' },
      versions: [
        versionOf('pneumonia', '1.0.0'),
        versionOf('pneumonia', '0.9.0', { state: 'available' }),
        versionOf('pneumonia', '0.8.0', { state: 'stopped' }),
      ],
    },
  ];
}

const WIDTH = 560;
const HEIGHT = 480;

function drawn(channels: 1 | 4, at: (x: number, y: number) => readonly number[]): Buffer {
  const data = new Uint8Array(WIDTH * HEIGHT * channels);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) data.set(at(x / WIDTH, y / HEIGHT), (y * WIDTH + x) * channels);
  return Buffer.from(encode({ width: WIDTH, height: HEIGHT, data, channels }));
}

/** Centre and radii. */
type Ellipse = readonly [number, number, number, number];
const RIGHT_LUNG: Ellipse = [0.32, 0.5, 0.14, 0.32];
const LEFT_LUNG: Ellipse = [0.68, 0.5, 0.14, 0.32];
const CHEST: Ellipse = [0.5, 0.55, 0.46, 0.6];

const isInside = (x: number, y: number, [cx, cy, rx, ry]: Ellipse): boolean =>
  ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
/** The right lung is at the left of the picture. */
const lungAt = (x: number, y: number): 'right' | 'left' | null =>
  isInside(x, y, RIGHT_LUNG) ? 'right' : isInside(x, y, LEFT_LUNG) ? 'left' : null;

/** By method of explanation: a chest drawn in simple shapes, and maps over it. */
export function drawnExplanations(): ReadonlyMap<string, Buffer> {
  const heat = (x: number, y: number) => Math.exp(-((x - 0.32) ** 2 + (y - 0.66) ** 2) / 0.012);
  return new Map([
    [
      'image',
      drawn(1, (x, y) => [
        lungAt(x, y)
          ? 40 + 60 * heat(x, y)
          : isInside(x, y, CHEST)
            ? 150 + 40 * Math.cos(x * 60) ** 2 * (y % 0.1 > 0.07 ? 1 : 0)
            : 8,
      ]),
    ],
    ['cam', drawn(4, (x, y) => [247, 209 * heat(x, y), 61, 255 * heat(x, y)])],
    [
      'integrated-gradients',
      drawn(4, (x, y) =>
        Math.sin(x * 90) * Math.cos(y * 70) > 0.6
          ? [213, 94, 0, 200]
          : Math.cos(x * 70) * Math.sin(y * 90) > 0.7
            ? [0, 114, 178, 160]
            : [0, 0, 0, 0],
      ),
    ],
    [
      'lung-fields',
      drawn(4, (x, y) =>
        lungAt(x, y) === 'right'
          ? [0, 158, 115, 115]
          : lungAt(x, y) === 'left'
            ? [86, 180, 233, 115]
            : [0, 0, 0, 0],
      ),
    ],
  ]);
}

/** The end of a job whose PACS says nothing. */
export const PACS_SILENT = {
  state: 'failed',
  error: { code: 'pacs-unreachable', title: 'The PACS is not responding.' },
} as const;
