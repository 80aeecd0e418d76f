/**
 * Serves third-party clients: tus clients send files as they are, DICOMweb clients store instances, and the gateway
 * opens both. DICOMweb clients also search and retrieve.
 */
import type { Destinations } from '../destinations/destinations.ts';
import type { Feature } from '../feature.ts';
import { PacedPlaces } from '../http/paced-places.ts';
import type { Router } from '../http/route.ts';
import { sweepFiles, type FileSpoolTools } from '../pipeline/spool/file-spool.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { OPEN_FILE_QUEUE, type OpenFileJob } from '../pipeline/stores/sent-file.store.ts';
import type { Arrivals } from '../uploads/complete-upload.ts';
import { sweepRequests } from './stow/commitment-request.store.ts';
import { commitmentRoutes } from './stow/commitment.routes.ts';
import { notTakenRoutes } from './transfers/not-taken.routes.ts';
import { createRememberSight } from './dicomweb/remember-sight.ts';
import { ITEM_BYTES_LIMIT } from './dicomweb/read-items.ts';
import { retrieveRoutes } from './dicomweb/retrieve.routes.ts';
import { createOpenFiles } from './transfers/run-open-file.ts';
import { searchRoutes } from './dicomweb/search.routes.ts';
import { stowRoutes, type InPlace } from './stow/stow.routes.ts';

type ForeignFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
  readonly spool: FileSpoolTools;
  readonly inPlace: InPlace;
  /** The name of the default policy, for requests that name none. */
  readonly policy: string;
  readonly uploadExpiresHours: number;
  readonly destinations: Pick<Destinations, 'of'>;
  readonly publicUrl: string;
  readonly now: () => Date;
  readonly clock: () => number;
};

/**
 * How many files are open at once, one per account. Most of them wait for a thread, and hold only the names in them.
 */
const FILES_AT_ONCE = 32;
const SWEEP_SECONDS = 600;
/** How many answers are in transit. Each holds a connection to the PACS; a viewer opens six. */
const ANSWERS_AT_ONCE = { atOnce: 64, ofOne: 16 };
/**
 * How many large answers are in transit: 32 MiB take 130 MB. With more, callers who stop reading would exhaust the
 * memory of a small machine.
 */
const LARGE_ANSWERS_AT_ONCE = { atOnce: 4, ofOne: 2 };
/**
 * The pace that a caller must keep while others wait: 50 kB/s, which a mobile network provides. A slower viewer would
 * wait for minutes anyway.
 */
const ANSWER_PACE_BYTES = 1024 ** 2;

/** `reading`: the routes that search and retrieve, for the built-in viewer. */
export type ForeignFeature = Feature & { readonly reading: readonly Router[] };

export function foreignFeature(tools: ForeignFeatureTools): ForeignFeature {
  const { pipeline, parcels, spool, inPlace, policy, uploadExpiresHours, publicUrl, clock } = tools;
  const open = createOpenFiles({ pipeline, spool, parcels });
  const expiresAfterMs = uploadExpiresHours * 3_600_000;
  const visits = {
    ...{ db: pipeline.db, log: pipeline.log, now: tools.now, destinations: tools.destinations, publicUrl },
    places: new PacedPlaces(ANSWERS_AT_ONCE, { placeBytes: ANSWER_PACE_BYTES, clock }),
    largePlaces: new PacedPlaces(LARGE_ANSWERS_AT_ONCE, { placeBytes: ITEM_BYTES_LIMIT, clock }),
    remember: createRememberSight(clock),
  };
  const ofViewer = { ...visits, isViewer: true };
  return {
    routes: [
      stowRoutes({ pipeline, spool, inPlace, policy, expiresAfterMs, publicUrl }),
      commitmentRoutes(pipeline),
      notTakenRoutes(pipeline),
      searchRoutes(visits),
      retrieveRoutes(visits),
    ],
    reading: [searchRoutes(ofViewer), retrieveRoutes(ofViewer)],
    jobs: [
      {
        queue: OPEN_FILE_QUEUE,
        concurrency: FILES_AT_ONCE,
        run: ({ fileId }: OpenFileJob, signal) => open.run(fileId, signal),
      },
    ],
    clocks: [
      { name: 'files-upkeep', everySeconds: SWEEP_SECONDS, run: () => sweepFiles(spool) },
      {
        name: 'commitments-upkeep',
        everySeconds: SWEEP_SECONDS,
        run: () => sweepRequests(pipeline.db, tools.now()),
      },
    ],
    stop: () => open.close(),
  };
}
