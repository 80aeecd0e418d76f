/** The thread that tries policies. It only passes messages; try-policy.ts does the work. */
import { createPseudonyms, type Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { toTriedRules, tryPolicy } from './try-policy.ts';
import type { TryTalk } from './try-thread.ts';

/**
 * Pseudonyms under a new key for each sample: the answer contains none of them, and nothing is kept for the next
 * sample.
 */
async function makePseudonyms(): Promise<Pseudonyms> {
  const root = crypto.getRandomValues(new Uint8Array(32));
  const key = await derivePolicyKey(root, { name: 'tried', key: 1 });
  return createPseudonyms(await secretsUnder(key), key.tagKey);
}

serveTasks<TryTalk>(async ({ size, policy }, ask, isOver) => {
  const source = {
    size,
    read: (offset: number, length: number) => ask(giving({ offset, length })),
  };
  return giving(await tryPolicy(source, toTriedRules(policy, await makePseudonyms()), isOver));
});
