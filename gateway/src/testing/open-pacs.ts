/**
 * A PACS in memory that lies when it is told to, for tests in which thousands of stores have to go wrong in
 * chosen ways. What a PACS really does is asked of a real one: pacs.contract.test.ts and pipeline.test.ts.
 */
import { createHash } from 'node:crypto';
import { PacsUnreachable, type InstanceToStore, type Pacs, type StoreAnswer } from '../ports/pacs/pacs.ts';

/**
 * `down`: no answer, nothing done. `cut`: the work is done and the answer is lost. `half`: every second
 * instance is stored, and nothing is said of any. `forgetful`: says "stored" and keeps nothing. `refusing`:
 * refuses everything. `busy`: has no room. `failing`: stores nothing and says nothing of any instance, but
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
  /** What it holds: the bytes by `study UID`. */
  readonly held: Map<string, { study: string; bytes: Buffer }>;
  /** How often each SOP Instance UID was handed to it in whole. */
  readonly posted: Map<string, number>;
  /** What it stores never, and says nothing of. */
  readonly failsOn: Set<string>;
  /** So many searches after a store do not show anything of the study yet. */
  slowToShow: number;
  /** A search of a study names no more than these. */
  listsAtMost: number;
};

export function openTestPacs(): TestPacs {
  const held = new Map<string, { study: string; bytes: Buffer }>();
  const posted = new Map<string, number>();
  const answers = (): void => {
    if (pacs.lie === 'down') throw new PacsUnreachable('down', null);
  };
  const searches = (): void => {
    answers();
    if (pacs.lie === 'deaf-to-searches') throw new PacsUnreachable('deaf', 500);
  };
  const isShown = (): boolean =>
    (pacs.slowToShow -= posted.size > 0 && pacs.slowToShow > 0 ? 1 : 0) === 0 || posted.size === 0;
  const pacs: TestPacs = {
    lie: 'honest',
    held,
    posted,
    failsOn: new Set(),
    slowToShow: 0,
    listsAtMost: Infinity,
    describe: () => 'http://pacs.test/dicom-web',
    storeAnotherWay: null,
    async probe() {
      answers();
    },
    async storeInstances(study, instances, signal) {
      answers();
      const result: StoreAnswer[] = [];
      for (const [i, instance] of instances.entries()) {
        const bytes = await readWhole(instance, signal);
        posted.set(instance.sopInstanceUID, (posted.get(instance.sopInstanceUID) ?? 0) + 1);
        const fails = pacs.lie === 'failing' || pacs.failsOn.has(instance.sopInstanceUID);
        const keeps =
          !fails &&
          (pacs.lie === 'honest' ||
            pacs.lie === 'cut' ||
            pacs.lie === 'deaf-to-searches' ||
            (pacs.lie === 'half' && i % 2 === 0));
        // As Orthanc does: what is there stays, and the answer does not tell.
        if (keeps && !held.has(instance.sopInstanceUID)) held.set(instance.sopInstanceUID, { study, bytes });
        const outcome = fails
          ? 'unanswered'
          : pacs.lie === 'refusing'
            ? 'refused'
            : pacs.lie === 'busy'
              ? 'busy'
              : pacs.lie === 'half'
                ? 'unanswered'
                : 'stored';
        result.push({
          sopInstanceUID: instance.sopInstanceUID,
          outcome,
          pacsCode: outcome === 'refused' ? 0x0110 : null,
        });
      }
      if (pacs.lie === 'cut') throw new PacsUnreachable('cut', null);
      return result;
    },
    async findStudy(study) {
      searches();
      if (!isShown()) return new Set();
      return new Set(
        [...held]
          .filter(([, instance]) => instance.study === study)
          .map(([uid]) => uid)
          .slice(0, pacs.listsAtMost),
      );
    },
    async findInstances(uids) {
      searches();
      if (!isShown()) return [];
      return uids.flatMap((sopInstanceUID) => {
        const instance = held.get(sopInstanceUID);
        return instance
          ? [{ studyInstanceUID: instance.study, seriesInstanceUID: '1.2', sopInstanceUID }]
          : [];
      });
    },
    async readBack({ sopInstanceUID }) {
      answers();
      const bytes = held.get(sopInstanceUID)?.bytes;
      return bytes ? { digest: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length } : null;
    },
    async fetchInstance({ sopInstanceUID }, maxBytes) {
      answers();
      const bytes = held.get(sopInstanceUID)?.bytes;
      if (bytes === undefined) return null;
      return bytes.length > maxBytes
        ? { kind: 'too-large' }
        : { kind: 'fetched', bytes: new Uint8Array(bytes) };
    },
    async describeStudy(study, limit) {
      searches();
      const rows = [...held].filter(([, instance]) => instance.study === study).slice(0, limit);
      return rows.map(([sopInstanceUID]) => ({
        studyInstanceUID: study,
        seriesInstanceUID: '1.2',
        sopInstanceUID,
        sopClassUID: null,
        modality: null,
        frames: null,
      }));
    },
  };
  return pacs;
}

async function readWhole(instance: InstanceToStore, signal: AbortSignal): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(instance.open(signal)));
}
