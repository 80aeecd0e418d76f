/** The result of a model, as if it had looked at the first image of a study. */
import { randomUUID } from 'node:crypto';
import type { Finding } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import { insertResult } from '../results/result.store.ts';

const MODEL = { id: 'pneumonia', version: '1.0.0', digest: 'a'.repeat(64) };

/** The likeliest class of a film above the threshold may be that there is nothing. */
const NEAR_THRESHOLD = [
  { name: 'normal', probability: 0.6 },
  { name: 'bacterial pneumonia', probability: 0.3 },
  { name: 'viral pneumonia', probability: 0.1 },
];

/** Returns its id. */
export async function insertTestResult(
  db: Db,
  {
    study,
    positive,
    at: now = new Date('2026-11-20T10:00:00Z'),
    runAnswer = null,
  }: {
    readonly study: string;
    readonly positive: boolean | null;
    readonly at?: Date;
    readonly runAnswer?: string | null;
  },
): Promise<string> {
  const where = { studyInstanceUID: study, seriesInstanceUID: `${study}.1`, sopInstanceUID: `${study}.1.1` };
  const finding: Finding = {
    model: { ...MODEL, runtime: 'a test' },
    input: { digest: 'b'.repeat(64), kind: 'dicom', rows: 64, columns: 64, frame: 0, ...where },
    image: { kind: 'CXR', probability: 0.9 },
    population: 'inside',
    film: [],
    probabilities: positive ? NEAR_THRESHOLD : null,
    score: positive === null ? null : positive ? 0.9 : 0.1,
    threshold: 0.5,
    positive,
    lungs: null,
    camPeak: null,
    explanations: [],
    completeness: null,
    rationale: [],
    limits: [],
    warnings: [],
    intendedUse: 'A test.',
  };
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const of = { models: [], maps: [], disagreement: null, runAnswer, now };
  const { id } = await db
    .transaction()
    .execute((trx) => insertResult(trx, { id: randomUUID(), siteId, key: randomUUID(), finding, ...of }));
  return id;
}
