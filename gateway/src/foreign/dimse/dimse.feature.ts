/** Lets modalities store over DIMSE: the port, and the administration of peers. */
import type { Feature } from '../../feature.ts';
import { openCertificate } from '../../http/certificate.ts';
import { sweepAssociations } from '../../pipeline/spool/association-file.ts';
import type { FileSpoolTools } from '../../pipeline/spool/file-spool.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { createChecks } from './check-instance.ts';
import { createDimseListener, TIMES, type DimseListener, type DimsePlace } from './dimse-listener.ts';
import { settleTransfers } from '../transfers/transfer.store.ts';
import { dimsePeerRoutes } from './dimse-peers.routes.ts';

type DimseFeatureTools = {
  readonly pipeline: PipelineTools;
  readonly spool: FileSpoolTools;
  readonly siteId: string;
  /** Null: there is no listener. */
  readonly dimse: DimsePlace | null;
  readonly uploadExpiresHours: number;
};

const SWEEP_SECONDS = 300;

export function dimseFeature(tools: DimseFeatureTools): Feature & { readonly listener: DimseListener } {
  const { pipeline, spool, siteId, dimse, uploadExpiresHours } = tools;
  const expiresAfterMs = uploadExpiresHours * 3_600_000;
  const listener = createDimseListener({
    ...{ pipeline, spool, siteId, expiresAfterMs, place: dimse, times: TIMES },
    certificate: dimse?.tls ? openCertificate(dimse.tls, pipeline.log) : null,
    checks: createChecks(),
  });
  return {
    listener,
    routes: [dimsePeerRoutes({ pipeline, spool, listener: listener.state })],
    clocks: [
      {
        name: 'associations-upkeep',
        everySeconds: SWEEP_SECONDS,
        async run() {
          await sweepAssociations(spool);
          await settleTransfers(spool);
        },
      },
    ],
  };
}
