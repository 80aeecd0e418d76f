/** Builds results as DICOM instances and sends them as an upload of the gateway's own (send-results.ts). */
import { findAccount } from '../auth/account.store.ts';
import type { Keys } from '../keys.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import type { ResultSender, WhatRadiologistSaid } from '../results/deliver-result.ts';
import type { AnnotationRoad } from '../reviews/annotation-road.ts';
import type { NewInstance } from '../results/result-instance.store.ts';
import type { ResultRow } from '../results/result.store.ts';
import type { Arrivals } from '../uploads/complete-upload.ts';
import { askPacs, openUpload } from '../uploads/open-upload.ts';
import { createAnnotationThread } from './annotation-thread.ts';
import { createBuildThread } from './build-thread.ts';
import type { Person } from './observer.ts';
import type { BuiltResult, ResultSubject, Verification } from './result-subject.ts';
import { sendResults, type ResultRoad } from './send-results.ts';

type ResultSenderTools = {
  readonly pipeline: PipelineTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
  readonly keys: Pick<Keys, 'secretFor'>;
  /** The gateway's version, which the instances name as that of the software that made them. */
  readonly version: string;
};

export function createResultSender(tools: ResultSenderTools): ResultSender & AnnotationRoad {
  const { pipeline, parcels, version: softwareVersion } = tools;
  /** Result UIDs, and the pseudonyms of people who verified results, are derived from this secret. */
  const secret = tools.keys.secretFor('results');
  /** `source`: the image that was examined. Its results join the study of the sender who brought that image. */
  const roadFrom = (source: string | null): ResultRoad => ({
    async openUpload(manifest, gateway, signal) {
      const sender = { ...gateway, source };
      const asked = await askPacs(pipeline, manifest, sender, signal);
      return openUpload(pipeline, manifest, sender, { asked });
    },
    arrived: (parcelId) => parcels.arrived(parcelId, null),
  });
  const build = createBuildThread();
  const annotations = createAnnotationThread();
  const personOf = async (id: string): Promise<Person> => {
    const account = await findAccount(pipeline.db, { id });
    return { id, username: account?.username ?? id };
  };
  const subjectOf = (row: ResultRow) => ({ ...foundIn(row), softwareVersion });
  const send = async (
    { site_id: siteId, sop_instance_uid: source }: Pick<ResultRow, 'site_id' | 'sop_instance_uid'>,
    built: readonly BuiltResult[],
    signal: AbortSignal,
  ): Promise<NewInstance[]> => {
    const tools = { ...pipeline, road: roadFrom(source) };
    const sent = await sendResults(tools, siteId, built, signal);
    // This also lists an instance whose UID already exists with other bytes; its state says so.
    return built.filter((_, at) => sent[at]!.outcome !== 'left-out').map(toNewInstance);
  };
  return {
    async send(result, source, maps, signal) {
      const subject = { ...subjectOf(result), source, secret };
      return send(result, await build({ ...subject, kind: 'first', ...maps }, signal), signal);
    },
    async sendVerified({ result, kinds: maps, said }, source, signal) {
      const person = await personOf(said.accountId);
      const verification = toVerification(said);
      const subject = { ...subjectOf(result), source, secret };
      const built = await build({ ...subject, kind: 'verified', maps, verification, person }, signal);
      return send(result, built, signal);
    },
    look: annotations.look,
    async sendAnnotations({ siteId, accountId, signedAt: at, ...report }, source, signal) {
      const person = await personOf(accountId);
      const toBuild = { ...report, person, at, source, secret, softwareVersion };
      const built = await annotations.build(toBuild, signal);
      const of = { site_id: siteId, sop_instance_uid: report.annotations[0]!.sopInstanceUID };
      const [sent] = await send(of, [built], signal);
      return sent!;
    },
  };
}

function foundIn(row: ResultRow): Pick<ResultSubject, 'finding' | 'models' | 'at' | 'key'> {
  return { finding: row.finding, models: row.models, at: row.created_at, key: row.cache_key };
}

function toVerification(said: WhatRadiologistSaid): Omit<Verification, 'by'> {
  const { verdict, reason, at, revision, follows, isDisputed } = said;
  return {
    verdict,
    reason,
    at,
    revision,
    follows,
    isDisputed,
    finding: said.finding as Verification['finding'],
  };
}

function toNewInstance({ kind, identifiers }: BuiltResult): NewInstance {
  const { seriesInstanceUID, sopInstanceUID } = identifiers;
  return { kind, seriesInstanceUID, sopInstanceUID };
}
