/**
 * A PACS in memory that lies on demand, for tests in which thousands of stores have to go wrong in
 * chosen ways. How a real PACS behaves is tested with one: pacs.contract.test.ts and pipeline.test.ts.
 */
import { Readable } from 'node:stream';
import {
  PacsUnreachable,
  type DescribedInstance,
  type DescribedStudy,
  type FoundInstance,
  type InstanceToStore,
  type Pacs,
  type StoreAnswer,
  type StudyKey,
} from '../ports/pacs/pacs.ts';
import { provenBytes } from '../ports/pacs/proven-bytes.ts';
import { sha256 } from '#testing/sha256.ts';

/**
 * `down`: no answer, nothing done. `cut`: the work is done and the answer is lost. `half`: every second
 * instance is stored, and nothing is said of any. `forgetful`: says "stored" and keeps nothing. `refusing`:
 * refuses everything by name. `busy`: has no room. `failing`: stores nothing and says nothing of any instance, but
 * searches. `deaf-to-searches`: stores, but does not search.
 */
export type Lie =
  | 'honest'
  | 'down'
  | 'cut'
  | 'half'
  | 'forgetful'
  | 'refusing'
  | 'busy'
  | 'failing'
  | 'deaf-to-searches';

export type TestPacs = Pacs & {
  lie: Lie;
  /** The instances that it holds, by SOP Instance UID. */
  readonly held: Map<string, { study: string; bytes: Buffer }>;
  /** How often each SOP Instance UID was handed to it in whole. */
  readonly posted: Map<string, number>;
  /** Instances that it never stores, and what it says of them, or ends the request with. */
  readonly failsOn: Map<string, StoreAnswer['outcome'] | PacsUnreachable>;
  /** So many searches after a store do not show the study yet. */
  slowToShow: number;
  /** A search of a study names at most so many. */
  listsAtMost: number;
  /** A search for studies tells of these. */
  readonly studies: DescribedStudy[];
};

export function openTestPacs(): TestPacs {
  const pacs: TestPacs = {
    lie: 'honest',
    held: new Map(),
    posted: new Map(),
    failsOn: new Map(),
    slowToShow: 0,
    listsAtMost: Infinity,
    studies: [],
    describe: () => 'http://pacs.test/dicom-web',
    storeAnotherWay: null,
    digestsOf: null,
    probe: async () => requireAnswer(pacs),
    storeInstances: (study, instances, signal) => store(pacs, study, instances, signal),
    async findStudy(study) {
      requireSearch(pacs);
      return new Set(isShown(pacs) ? heldOf(pacs, study).slice(0, pacs.listsAtMost) : []);
    },
    async findInstances(uids) {
      requireSearch(pacs);
      if (!isShown(pacs)) return [];
      return uids.flatMap((sopInstanceUID) => {
        const instance = pacs.held.get(sopInstanceUID);
        return instance
          ? [{ studyInstanceUID: instance.study, seriesInstanceUID: '1.2', sopInstanceUID }]
          : [];
      });
    },
    async readBack(where) {
      const bytes = given(pacs, where);
      return bytes ? { digest: sha256(bytes), bytes: bytes.length } : null;
    },
    async fetchInstance(where, maxBytes) {
      const bytes = given(pacs, where);
      if (bytes === undefined) return null;
      if (bytes.length > maxBytes) return { kind: 'too-large' };
      return { kind: 'fetched', bytes: new Uint8Array(bytes) };
    },
    async streamInstance(where, _signal, read) {
      const bytes = given(pacs, where);
      return bytes === undefined ? null : read(Readable.from([bytes]));
    },
    searchStudies: async (key, limit) => searchIn(pacs, key).slice(0, limit),
    async givesInstances() {
      requireSearch(pacs);
      return pacs.held.size > 0 ? true : null;
    },
    async describeStudy(study, limit) {
      requireSearch(pacs);
      const uids = heldOf(pacs, study).slice(0, limit);
      return uids.map((uid) => describedOnly(study, uid));
    },
  };
  return pacs;
}

function given(pacs: TestPacs, { sopInstanceUID }: FoundInstance): Buffer | undefined {
  requireAnswer(pacs);
  return pacs.held.get(sopInstanceUID)?.bytes;
}

function searchIn(pacs: TestPacs, key: StudyKey): DescribedStudy[] {
  requireSearch(pacs);
  return pacs.studies.filter((study) =>
    Object.entries(key).every(([name, value]) =>
      name === 'patientName'
        ? study.patientName?.includes(value)
        : study[name as keyof DescribedStudy] === value,
    ),
  );
}

function requireAnswer({ lie }: TestPacs): void {
  if (lie === 'down') throw new PacsUnreachable('down', null, 'ECONNREFUSED');
}

function requireSearch(pacs: TestPacs): void {
  requireAnswer(pacs);
  if (pacs.lie === 'deaf-to-searches') throw new PacsUnreachable('deaf', 500);
}

/** Counts one search after a store. */
function isShown(pacs: TestPacs): boolean {
  if (pacs.posted.size === 0) return true;
  if (pacs.slowToShow > 0) pacs.slowToShow -= 1;
  return pacs.slowToShow === 0;
}

function heldOf({ held }: TestPacs, study: string): string[] {
  return [...held].filter(([, instance]) => instance.study === study).map(([uid]) => uid);
}

function describedOnly(studyInstanceUID: string, sopInstanceUID: string): DescribedInstance {
  const unknown = {
    sopClassUID: null,
    modality: null,
    frames: null,
    seriesNumber: null,
    instanceNumber: null,
  };
  return { studyInstanceUID, seriesInstanceUID: '1.2', sopInstanceUID, ...unknown };
}

async function store(
  pacs: TestPacs,
  study: string,
  instances: readonly InstanceToStore[],
  signal: AbortSignal,
): Promise<readonly StoreAnswer[]> {
  requireAnswer(pacs);
  const { held, posted } = pacs;
  const told = instances.map(({ sopInstanceUID }) => failureOn(pacs, sopInstanceUID));
  const answers: StoreAnswer[] = [];
  for (const [at, instance] of instances.entries()) {
    const { sopInstanceUID } = instance;
    const bytes = await readWhole(instance, signal);
    posted.set(sopInstanceUID, (posted.get(sopInstanceUID) ?? 0) + 1);
    // Orthanc's way: an instance that is there stays, and the answer does not tell.
    if (told[at] === undefined && isKept(pacs.lie, at) && !held.has(sopInstanceUID))
      held.set(sopInstanceUID, { study, bytes });
    const outcome = told[at] ?? SAID[pacs.lie] ?? 'stored';
    answers.push({ sopInstanceUID, outcome, pacsCode: outcome === 'refused' ? 0x0110 : null });
  }
  if (pacs.lie === 'cut') throw new PacsUnreachable('cut', null, 'UND_ERR_SOCKET');
  return answers;
}

function failureOn({ lie, failsOn }: TestPacs, sopInstanceUID: string): StoreAnswer['outcome'] | undefined {
  const failure = lie === 'failing' ? 'unanswered' : failsOn.get(sopInstanceUID);
  if (failure instanceof PacsUnreachable) throw failure;
  return failure;
}

const KEEPING: readonly Lie[] = ['honest', 'cut', 'deaf-to-searches'];

function isKept(lie: Lie, at: number): boolean {
  return KEEPING.includes(lie) || (lie === 'half' && at % 2 === 0);
}

/** Answers about an instance; `stored` by default. */
const SAID: { readonly [lie in Lie]?: StoreAnswer['outcome'] } = {
  refusing: 'refused',
  busy: 'busy',
  half: 'unanswered',
};

async function readWhole(instance: InstanceToStore, signal: AbortSignal): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(provenBytes(instance, signal)));
}
