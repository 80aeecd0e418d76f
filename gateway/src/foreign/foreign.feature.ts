/** Clients that are not ours: tus clients send a file as it is, DICOMweb clients store; the gateway opens both. */
import type { Feature } from '../feature.ts';
import { EXPIRY_EVERY_SECONDS } from '../pipeline/eviction/run-expiry.ts';
import { sweepFiles, type FileSpoolTools } from '../pipeline/intake/file-spool.ts';
import { createFileReceiver } from '../pipeline/intake/receive-file.ts';
import type { ParcelReceiver } from '../pipeline/intake/receive-parcel.ts';
import { tusRoutes } from '../pipeline/intake/tus.routes.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { OPEN_FILE_QUEUE, type OpenFileJob } from '../pipeline/sent-file.store.ts';
import { createOpenFiles } from './run-open-file.ts';
import { stowRoutes } from './stow.routes.ts';

export type ForeignFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: ParcelReceiver;
  readonly spool: FileSpoolTools;
  /** The name of the policy under which a file is sent that names none. */
  readonly policy: string;
  readonly uploadExpiresHours: number;
};

/** As many as there are threads that open them. */
const FILES_AT_ONCE = 2;

export function foreignFeature(tools: ForeignFeatureTools): Feature {
  const { pipeline, parcels, spool, policy, uploadExpiresHours } = tools;
  const open = createOpenFiles({ pipeline, spool, parcels });
  const settings = { expiresAfterMs: uploadExpiresHours * 3_600_000, policy };
  const files = createFileReceiver(spool, settings);
  return {
    routes: [tusRoutes(parcels, files), stowRoutes({ pipeline, spool, ...settings })],
    jobs: [
      {
        queue: OPEN_FILE_QUEUE,
        concurrency: FILES_AT_ONCE,
        run: ({ fileId }: OpenFileJob, signal) => open.run(fileId, signal),
      },
    ],
    clocks: [{ name: 'files-upkeep', everySeconds: EXPIRY_EVERY_SECONDS, run: () => sweepFiles(spool) }],
    stop: () => open.close(),
  };
}
