/** Clients that are not ours: tus clients send a file as it is, DICOMweb clients store; the gateway opens both. */
import type { Feature } from '../feature.ts';
import { sweepFiles, type FileSpoolTools } from '../pipeline/file-spool.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { OPEN_FILE_QUEUE, type OpenFileJob } from '../pipeline/sent-file.store.ts';
import type { Arrivals } from '../uploads/complete-upload.ts';
import { createOpenFiles } from './run-open-file.ts';
import { stowRoutes, type RequestBodies } from './stow.routes.ts';

export type ForeignFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
  readonly spool: FileSpoolTools;
  readonly bodies: RequestBodies;
  /** The name of the policy under which a request stores that names none. */
  readonly policy: string;
  readonly uploadExpiresHours: number;
};

/** As many as there are threads that open them. */
const FILES_AT_ONCE = 2;
const SWEEP_SECONDS = 600;

export function foreignFeature(tools: ForeignFeatureTools): Feature {
  const { pipeline, parcels, spool, bodies, policy, uploadExpiresHours } = tools;
  const open = createOpenFiles({ pipeline, spool, parcels });
  const expiresAfterMs = uploadExpiresHours * 3_600_000;
  return {
    routes: [stowRoutes({ pipeline, spool, bodies, policy, expiresAfterMs })],
    jobs: [
      {
        queue: OPEN_FILE_QUEUE,
        concurrency: FILES_AT_ONCE,
        run: ({ fileId }: OpenFileJob, signal) => open.run(fileId, signal),
      },
    ],
    clocks: [{ name: 'files-upkeep', everySeconds: SWEEP_SECONDS, run: () => sweepFiles(spool) }],
    stop: () => open.close(),
  };
}
