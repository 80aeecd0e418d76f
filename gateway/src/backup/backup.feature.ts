/** Backups: asked for by an administrator, and by the clock. */
import type { Attempts } from '../auth/attempts.ts';
import type { Feature } from '../feature.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { backupRoutes, QUEUE } from './backups.routes.ts';
import { readBackupPlan } from './backup-plan.store.ts';
import { isDue, keepRecipient, makeBackup, type BackupTools } from './make-backup.ts';

const LOOK_EVERY_SECONDS = 300;

type Tools = BackupTools & { readonly jobs: Jobs; readonly attempts: Attempts };

export function backupFeature(tools: Tools): Feature {
  return {
    routes: [backupRoutes(tools)],
    jobs: [{ queue: QUEUE, concurrency: 1, run: (_job, signal) => makeBackup(tools, signal) }],
    clocks: [
      {
        name: 'backup-clock',
        everySeconds: LOOK_EVERY_SECONDS,
        async run() {
          const { plan } = await readBackupPlan(tools.database.db);
          await keepRecipient(tools.dataDir, plan.recipient);
          if (await isDue(tools))
            await tools.database.db
              .transaction()
              .execute((trx) => tools.jobs.enqueue(trx, QUEUE, {}, { key: QUEUE }));
        },
      },
    ],
  };
}
