/** A worker of the pool: runs one task after the other and answers. It only passes messages; see task-runner.ts. */
import { loadCodecs } from '#shared/pixels/load-codecs.browser.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.browser.ts';
import { openLocalDatabase } from '../../queue/rows/local-database.ts';
import { isNoRoom } from '../../queue/rows/no-room.ts';
import { createTaskRunner } from './task-runner.ts';
import type { ToWorker, FromWorker } from './worker-pool.ts';

const runner = createTaskRunner({
  database: openLocalDatabase(),
  coding: { loadCharls },
  codecs: loadCodecs(),
  now: () => performance.now(),
});

globalThis.addEventListener('message', (message: MessageEvent<ToWorker>) => {
  const { id, task } = message.data;
  const answer = (what: FromWorker) => globalThis.postMessage(what);
  runner.run(task).then(
    (result) => answer({ id, result }),
    (error: unknown) =>
      answer({
        id,
        fault: isNoRoom(error) ? 'QuotaExceededError' : error instanceof Error ? error.name : 'Error',
      }),
  );
});
