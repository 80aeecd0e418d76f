/** The thread that judges instances: message glue, the work is verify-instance.ts. */
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import type { CheckTalk } from './check-thread.ts';
import { toVerifyRules, verifyInstance, type VerifyRules } from './verify-instance.ts';

/** The rules of the policies in use, by what they say. */
const made = new Map<string, VerifyRules>();

serveTasks<CheckTalk>(async ({ size, promised, rules: policy }, ask, isOver) => {
  const name = JSON.stringify(policy);
  const rules = made.get(name) ?? (await toVerifyRules(policy));
  made.set(name, rules);
  const source = {
    size,
    read: (offset: number, length: number) => ask(giving({ offset, length })),
  };
  return giving(await verifyInstance(source, promised, rules, isOver));
});
