/**
 * Result instances are drawn and built in a thread of their own: of a film of two megapixels the heat map and
 * the segmentation take a quarter of a second, and a source's header may have 64 MiB; the thread that takes in
 * parcels and answers everybody must not stand still for so long.
 */
import type { LungMasks } from '#shared/models/lung-fields.ts';
import { giving, keepThread, toOwn } from '../threads/thread.ts';
import type { Cam } from './draw-heat-map.ts';
import type { Person } from './observer.ts';
import type { BuiltResult, ResultKind, ResultSubject, Verification } from './result-subject.ts';

/**
 * The result to report and its source, a whole instance. `secret`: 32 bytes, of which the UIDs
 * and pseudonyms are functions.
 */
type Subject = Omit<ResultSubject, 'source' | 'uid'> & {
  readonly source: Uint8Array;
  readonly secret: Uint8Array;
};
/** The first revision. */
export type ToBuild = Subject & {
  readonly kind: 'first';
  readonly lungs: LungMasks | null;
  readonly cam: Cam | null;
};
/** The report alone, with the verdict of this person. `maps`: those of the first revision. */
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
 * Builds the instances (build-result-instances.ts). The bytes of the source are transferred: the caller
 * no longer has them.
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
