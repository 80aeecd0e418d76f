/** The studies of cases, their image types, and what models found in them, as far as the reader may know. */
import { sql } from 'kysely';
import type { CASE_FINDINGS, Case, CaseBodyPart } from '#shared/protocol/cases.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import type { Db } from '../database/database.ts';
import { standingReviews } from '../findings/compare-outcomes.ts';
import { mayKnowResult } from '../findings/result-reach.ts';
import { isBlindTo, isHiddenVerdict } from '../findings/blinding.ts';
import { bodyPartOf } from './body-parts.ts';
import { isMarkedEarly } from './early-marks.ts';
import { mayKnowStudy, type CaseReader } from '../findings/case-rights.ts';

type Studies = Case['studies'];
/** The page of results has the others. */
const RESULTS_SHOWN = 10;

/** By case id; the newest results of each study come first. */
export async function studiesOf(
  db: Db,
  reader: CaseReader,
  caseIds: readonly string[],
): Promise<ReadonlyMap<string, Studies>> {
  if (caseIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('case_study')
    .select(['case_id', 'study_instance_uid', 'added_at'])
    .select((await isMarkedEarly(db, reader, 'case_study.study_instance_uid')).as('is_early'))
    .select(isBlindTo(reader, sql.ref('case_study.study_instance_uid')).as('hides_results'))
    .where('case_id', 'in', [...caseIds])
    .where(await mayKnowStudy(db, reader, 'case_study.study_instance_uid'))
    .orderBy('added_at')
    .orderBy('study_instance_uid')
    .execute();
  const uids = [...new Set(rows.map((row) => row.study_instance_uid))];
  const classes = await classesOf(db, reader.siteId, uids);
  const results = await resultsOf(db, reader, uids);
  const byCase = Map.groupBy(rows, (row) => row.case_id);
  return new Map(
    [...byCase].map(([id, of]) => [
      id,
      of.map(({ study_instance_uid: uid, added_at, is_early, hides_results }) => ({
        studyInstanceUID: uid,
        addedAt: added_at.toISOString(),
        modalities: [...modalitiesOf(classes.get(uid) ?? [])],
        bodyParts: bodyPartsIn(results.get(uid) ?? []),
        isEarly: is_early,
        hidesResults: hides_results,
        results: (results.get(uid) ?? [])
          .slice(0, RESULTS_SHOWN)
          .map(({ image_kind: _, ...result }) => result),
      })),
    ]),
  );
}

/** The modalities of all studies of each case, by case id, for people who see every study of the site. */
export async function modalitiesOfCases(
  db: Db,
  siteId: string,
  caseIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (caseIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('case_study')
    .select(['case_id', 'study_instance_uid as uid'])
    .where('site_id', '=', siteId)
    .where('case_id', 'in', [...caseIds])
    .orderBy('added_at')
    .execute();
  const classes = await classesOf(db, siteId, [...new Set(rows.map(({ uid }) => uid))]);
  const byCase = Map.groupBy(rows, ({ case_id }) => case_id);
  return new Map(
    [...byCase].map(([id, of]) => [id, [...modalitiesOf(of.flatMap(({ uid }) => classes.get(uid) ?? []))]]),
  );
}

/** The SOP Classes of the images of each study. */
export async function classesOf(db: Db, siteId: string, uids: readonly string[]) {
  if (uids.length === 0) return new Map<string, string[]>();
  const rows = await db
    .selectFrom('study')
    .innerJoin('instance', 'instance.study_id', 'study.id')
    .select(['study.study_instance_uid as uid', 'instance.sop_class_uid as sopClass'])
    .distinct()
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', 'in', [...uids])
    // The gateway's own results say nothing about the modalities of the study.
    .where('instance.policy_name', '<>', 'gateway.results')
    .orderBy('sopClass')
    .execute();
  const byStudy = Map.groupBy(rows, ({ uid }) => uid);
  return new Map([...byStudy].map(([uid, of]) => [uid, of.map(({ sopClass }) => sopClass)]));
}

type KnownResult = Studies[number]['results'][number] & { readonly image_kind: string | null };

const bodyPartsIn = (results: readonly KnownResult[]): CaseBodyPart[] => [
  ...new Set(results.flatMap(({ image_kind }) => bodyPartOf(image_kind) ?? [])),
];

async function resultsOf(db: Db, reader: CaseReader, uids: readonly string[]) {
  if (uids.length === 0) return new Map<string, readonly KnownResult[]>();
  const rows = await db
    .selectFrom('inference_result')
    .select(['id', 'study_instance_uid as uid', 'model_id', 'created_at', 'verdict', 'verified_finding'])
    .select('image_kind')
    .select(sql<boolean | null>`(finding->>'positive')::boolean`.as('positive'))
    .select(isHiddenVerdict(reader, 'inference_result').as('isHidden'))
    .where('site_id', '=', reader.siteId)
    .where('study_instance_uid', 'in', [...uids])
    .where(await mayKnowResult(db, reader, 'inference_result'))
    .orderBy('created_at', 'desc')
    .execute();
  const reviews = await standingReviews(db, reader.siteId, uids, reader);
  const byStudy = Map.groupBy(rows, ({ uid }) => uid ?? '');
  return new Map(
    [...byStudy].map(([uid, of]) => [
      uid,
      of.map(({ id, model_id, positive, created_at, verdict, image_kind, ...row }) => ({
        id,
        model: model_id,
        positive,
        createdAt: created_at.toISOString(),
        verdict: row.isHidden ? null : verdict,
        isDisputed: !row.isHidden && positive !== null && reviews.get(uid ?? '')?.positive === null,
        isOfOtherImage: image_kind !== null && image_kind !== 'CXR',
        correctedFinding: !row.isHidden && verdict === 'correct' ? row.verified_finding : null,
        image_kind,
      })),
    ]),
  );
}

/** The overall finding of the models in these studies. */
export function findingOf(studies: Studies): (typeof CASE_FINDINGS)[number] {
  if (studies.some(({ hidesResults }) => hidesResults)) return 'hidden';
  const results = studies.flatMap((study) => study.results);
  if (results.length === 0) return 'not-examined';
  const isSaid = (which: boolean): boolean => results.some(({ positive }) => positive === which);
  if (isSaid(true)) return 'positive';
  return isSaid(false) ? 'negative' : 'silent';
}
