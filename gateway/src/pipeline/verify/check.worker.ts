/** The thread that judges instances: only message glue; verify-instance.ts does the work. */
import { giveBack } from '#shared/give-back.ts';
import { serveTasks } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import type { CheckTalk } from './check-thread.ts';
import { createRulesInUse } from './rules-in-use.ts';
import { verifyInstance } from './verify-instance.ts';

const rulesOf = createRulesInUse();

serveTasks<CheckTalk>(async ({ size, account, promised, rules: policy }, ask, isOver) => {
  const rules = await rulesOf(account, policy);
  const source = {
    size,
    read: (offset: number, length: number) => ask(giving({ offset, length })),
    giveBack,
  };
  return giving(await verifyInstance(source, promised, rules, isOver));
});
