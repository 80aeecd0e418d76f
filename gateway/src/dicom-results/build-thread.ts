/**
 * Draws and builds result instances in a worker thread. For a film of two megapixels, the heat map and the
 * segmentation take a quarter of a second, and the header of a source may have 64 MiB. The main thread receives
 * parcels and answers all requests, so it must not be blocked for so long.
 */
import type { LungMasks } from '#shared/models/lung-fields.ts';
import { giving, keepThread, toOwn } from '../threads/thread.ts';
import type { Cam } from './draw-heat-map.ts';
import type { Person } from './observer.ts';
import type { BuiltResult, ResultKind, ResultSubject, Verification } from './result-subject.ts';

/**
 * The result to report and its source, a whole instance. `secret`: 32 bytes from which the UIDs and pseudonyms are
 * derived.
 */
type Subject = Omit<ResultSubject, 'source' | 'uid'> & {
  readonly source: Uint8Array;
  readonly secret: Uint8Array;
};
/** A task to build the first revision. */
export type ToBuild = Subject & {
  readonly kind: 'first';
  readonly lungs: LungMasks | null;
  readonly cam: Cam | null;
};
/** A task to build only the report, with this person's verdict. `maps`: the kinds of map in the first revision. */
export type ToVerify = Subject & {
  readonly kind: 'verified';
  readonly maps: readonly Exclude<ResultKind, 'SR'>[];
  readonly verification: Omit<Verification, 'by'>;
  readonly person: Person;
};
export type BuildTalk = {
  readonly task: ToBuild | ToVerify;
  readonly question: never;
  readonly reply: never;
  readonly answer: readonly BuiltResult[];
};

/**
 * Builds the instances (build-result-instances.ts). The buffer of `source` is transferred to the thread, so the
 * caller can no longer read it.
 */
type BuildResults = (toBuild: ToBuild | ToVerify, signal: AbortSignal) => Promise<readonly BuiltResult[]>;

export function createBuildThread(): BuildResults {
  const thread = keepThread<BuildTalk>(new URL('./build.worker.ts', import.meta.url));
  const asksNothing = (): Promise<never> =>
    Promise.reject(new Error('nothing is asked while results are built'));
  return (toBuild, signal) => {
    const source = toOwn(toBuild.source);
    return thread.do(giving({ ...toBuild, source }, source.buffer), asksNothing, signal);
  };
}
