/** Builds the manifest of a queued study from its rows, for each announcement. */
import type { Manifest } from '#shared/protocol/manifest.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { describeReports } from '#shared/ingest/describe-reports.ts';
import type { Described } from '#shared/protocol/rule.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import { keyOf } from '../upload-queue.ts';
import { deviceKey } from './device-key.ts';
import { instancesOf } from './instance-rows.ts';
import { openTitle } from './open-title.ts';
import { withheldOf } from './withheld-of.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';

/**
 * The manifest names the population of at most this many films that no model examined, at 100 bytes each. Above that
 * number, no chest film of the study is sent to a model.
 */
export const UNSEEN_FILMS_LIMIT = 1000;

type Named = Manifest['instances'][number] & { readonly reportDigest: string | null };

export async function buildManifest(database: LocalDatabase, id: string): Promise<Manifest> {
  const study = await database.studies.get(id);
  if (!study || study.studyInstanceUID === null)
    throw new Error('a study that is not queued has no manifest');
  const named = new Map<string, Named>();
  let unseenFilms = 0;
  for (const row of await instancesOf(database, id)) {
    // A person's decision stands: an instance that was left out is not promised again.
    if (row.state === 'left-out' || named.has(keyOf(row))) continue;
    if (row.triage?.runtime === 'none') unseenFilms += 1;
    const isTooMuch = row.triage?.runtime === 'none' && unseenFilms > UNSEEN_FILMS_LIMIT;
    named.set(keyOf(row), nameInstance(row, isTooMuch ? undefined : row.triage));
  }
  const { name, version, reason } = study.policy;
  const described = await describedOf(database, study);
  const withheld = await withheldOf(database, study);
  const reports = await database.reports.where('studyId').equals(id).toArray();
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy: { name, version, ...(reason !== undefined && { reason }) },
    studyInstanceUID: study.studyInstanceUID,
    ...(countWithheld(withheld) > 0 && { withheld }),
    ...(study.vault !== undefined && { vault: [...study.vault] }),
    ...(described !== null && { described }),
    ...describeReports([...named.values()], new Map(reports.map((report) => [report.digest, report]))),
  };
}

/**
 * The description in the study's title. null: the title was erased, so the gateway has already decided where the
 * study goes.
 */
async function describedOf(database: LocalDatabase, { id, title }: StudyRow): Promise<Described | null> {
  if (title === null) return null;
  try {
    return (await openTitle(await deviceKey(database), id, title)).described;
  } catch {
    // A title that cannot be opened must not stop its study.
    return null;
  }
}

function nameInstance(row: InstanceRow, triage: InstanceRow['triage']): Named {
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, bytes, digest } = row;
  return {
    sopInstanceUID,
    seriesInstanceUID,
    sopClassUID,
    transferSyntaxUID,
    bytes,
    digest,
    ...(row.originalDigest === undefined ? {} : { originalDigest: row.originalDigest }),
    ...(triage === undefined ? {} : { triage }),
    reportDigest: row.report ?? null,
  };
}
