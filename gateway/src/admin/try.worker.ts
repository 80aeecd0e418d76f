/** The thread that tries policies: message glue, the work is try-policy.ts. */
import { workerData } from 'node:worker_threads';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { toTriedRules, tryPolicy } from './try-policy.ts';
import type { TryTalk } from './try-thread.ts';

const { projectKey } = workerData as { readonly projectKey: Uint8Array };
const pseudonyms = createPseudonyms(projectKey);

serveTasks<TryTalk>(async ({ size, policy }, ask, isOver) => {
  const source = {
    size,
    read: (offset: number, length: number) => ask(giving({ offset, length })),
  };
  return giving(await tryPolicy(source, toTriedRules(policy, await pseudonyms), isOver));
});
