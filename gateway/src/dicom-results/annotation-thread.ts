/**
 * Reads the headers of annotated images and builds the reports of annotations in a worker thread, because the files
 * come from senders and may be large.
 */
import type { AnnotationsToSend, ImageFacts } from '../reviews/annotation-road.ts';
import { giving, keepThread, toOwn } from '../threads/thread.ts';
import type { Person } from './observer.ts';
import type { BuiltResult } from './result-subject.ts';

type ToLook = { readonly kind: 'look'; readonly source: Uint8Array };
/** `secret`: 32 bytes from which the UIDs and pseudonyms are derived. */
export type ToAnnotate = Omit<AnnotationsToSend, 'siteId' | 'accountId' | 'signedAt'> & {
  readonly kind: 'build';
  readonly source: Uint8Array;
  readonly secret: Uint8Array;
  readonly softwareVersion: string;
  readonly person: Person;
  readonly at: Date;
};
export type AnnotationTalk = {
  readonly task: ToLook | ToAnnotate;
  readonly question: never;
  readonly reply: never;
  readonly answer: { readonly facts: ImageFacts | null } | { readonly built: BuiltResult };
};

/** The buffer of `source` is transferred to the thread, so the caller can no longer read it. */
type AnnotationThread = {
  look(source: Uint8Array, signal: AbortSignal): Promise<ImageFacts | null>;
  build(toBuild: Omit<ToAnnotate, 'kind'>, signal: AbortSignal): Promise<BuiltResult>;
};

export function createAnnotationThread(): AnnotationThread {
  const thread = keepThread<AnnotationTalk>(new URL('./annotation.worker.ts', import.meta.url));
  const ask = (task: AnnotationTalk['task'], signal: AbortSignal) => {
    const source = toOwn(task.source);
    const asksNothing = (): Promise<never> => Promise.reject(new Error('nothing is asked of an annotation'));
    return thread.do(giving({ ...task, source }, source.buffer), asksNothing, signal);
  };
  return {
    async look(source, signal) {
      const answer = await ask({ kind: 'look', source }, signal);
      return 'facts' in answer ? answer.facts : null;
    },
    async build(toBuild, signal) {
      const answer = await ask({ ...toBuild, kind: 'build' }, signal);
      if ('built' in answer) return answer.built;
      throw new Error('a report was asked for');
    },
  };
}
