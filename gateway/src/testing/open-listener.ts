/** A listener for DIMSE alone, without a gateway around it, that knows one modality: CT, on this machine. */
import { freePort } from '../../../scripts/system/ports.ts';
import { createDimseListener, type DimseListener, type Times } from '../foreign/dimse/dimse-listener.ts';
import { insertPeer } from '../foreign/dimse/dimse-peer.store.ts';
import type { DimseTls } from '../foreign/dimse/secure-sockets.ts';
import { openCertificate } from '../http/certificate.ts';
import { openTestPacs } from './open-pacs.ts';
import { openTestPipeline, type TestPipeline } from './open-pipeline.ts';

const NEVER_MS = 3_600_000;

export async function openListenersPipeline(): Promise<TestPipeline> {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const { tools, siteId, accountId } = pipeline;
  const peer = { name: 'CT', aeTitle: 'CT', addresses: ['127.0.0.1'], policy: 'identified', reason: null };
  const owned = { id: tools.newId(), siteId, accountId, now: new Date() };
  await tools.db.transaction().execute((trx) => insertPeer(trx, { ...peer, ...owned }));
  return pipeline;
}

/** `times`: those that are not named last for ever. */
export async function openListener(
  { tools, siteId }: TestPipeline,
  { tls = null, times = {} }: { readonly tls?: DimseTls | null; readonly times?: Partial<Times> },
): Promise<{
  readonly listener: DimseListener;
  readonly port: number;
  /** Reads the certificate's files again. */
  readonly look: () => void;
}> {
  const certificate = tls && openCertificate(tls, tools.log);
  const place = { aeTitle: 'RELAYPACS', host: '127.0.0.1', port: await freePort(), tls };
  const listener = createDimseListener({
    ...{ pipeline: tools, spool: tools, siteId, place, certificate, expiresAfterMs: NEVER_MS },
    times: { requestMs: NEVER_MS, idleMs: NEVER_MS, wholeMs: NEVER_MS, ...times },
    checks: { check: async () => null, close: async () => undefined },
  });
  await listener.open();
  return { listener, port: place.port, look: () => certificate?.look() };
}
